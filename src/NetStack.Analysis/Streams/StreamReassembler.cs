using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// Puts one direction of a TCP connection together from its segments, as far as they are in the capture. What is next is
/// delivered at once; what is early waits, in bounded memory.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="receiver">Takes the stream.</param>
/// <param name="options">How to put it together; null for the defaults.</param>
public sealed class StreamReassembler(IStreamReceiver receiver, StreamOptions? options = null)
{
    private readonly StreamOptions _options = options ?? new StreamOptions();
    private PendingSegments? _pending;
    private StreamHistory? _history;
    private long _next;       // the number of the next byte, counted from the first number without wrapping
    private long _begin;      // that of the first byte
    private long _end = -1;   // that behind the last byte, once a FIN told
    private bool _hasBegun;

    /// <summary>Bytes delivered.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes known to be missing among those delivered.</summary>
    public long MissingBytes { get; private set; }

    /// <summary>How many segments overlapped earlier ones with different bytes.</summary>
    public long Conflicts { get; private set; }

    /// <summary>Whether the connection's first byte was seen, and nothing is missing from it to the last that was seen.</summary>
    public bool IsComplete => (!_hasBegun || _hasSyn) && MissingBytes == 0 && (_pending is null || _pending.Count == 0) && (_end < 0 || _next >= _end);

    private bool _hasSyn;

    /// <summary>Takes a segment.</summary>
    /// <param name="sequence">Its sequence number.</param>
    /// <param name="flags">Its flags.</param>
    /// <param name="payload">The bytes of its payload that were captured.</param>
    /// <param name="wireLength">The length of its payload in the packet, captured or not.</param>
    /// <param name="packet">The packet's number.</param>
    public void Add(uint sequence, TcpFlags flags, ReadOnlySpan<byte> payload, int wireLength, long packet)
    {
        if ((flags & TcpFlags.Rst) != 0) return; // its text is no part of the stream (RFC 9293 section 3.5.3)
        bool isSyn = (flags & TcpFlags.Syn) != 0;
        uint first = isSyn ? sequence + 1 : sequence;
        if (!_hasBegun)
        {
            if (payload.IsEmpty && wireLength == 0 && !isSyn) return; // an acknowledgement before the first byte that is seen
            _hasBegun = true;
            _begin = _next = first;
        }
        _hasSyn |= isSyn && first == (uint)_begin;
        long start = _next + (int)(first - (uint)_next);
        if ((flags & TcpFlags.Fin) != 0) _end = start + wireLength;
        if (payload.IsEmpty) return;
        if (_pending is { Count: > 0 } || start > _next) AddLater(start, payload, packet);
        else AddNext(start, payload, packet);
    }

    /// <summary>Delivers what waits for bytes that will not come any more.</summary>
    public void Finish()
    {
        while (_pending is { Count: > 0 }) GiveUpMissing();
        if (_end > _next) Skip(_end - _next);
        _history = null;
    }

    /// <summary>The usual case: nothing waits, and the segment reaches what is next.</summary>
    private void AddNext(long start, ReadOnlySpan<byte> payload, long packet)
    {
        int known = (int)Math.Min(payload.Length, _next - start);
        CheckHistory(start, payload[..known], packet);
        if (known < payload.Length) Deliver(payload[known..], packet);
    }

    private void AddLater(long start, ReadOnlySpan<byte> payload, long packet)
    {
        int known = (int)Math.Clamp(_next - start, 0, payload.Length);
        CheckHistory(start, payload[..known], packet);
        if (known == payload.Length) return;
        _pending ??= new PendingSegments(_options.Overlap);
        long conflict = _pending.Add(start + known, payload[known..], packet);
        if (conflict >= 0) Report(conflict, packet);
        DeliverPending();
        while (_pending.Bytes > _options.MaxPending || _pending.Count > PendingSegments.MaxCount) GiveUpMissing();
    }

    private void DeliverPending()
    {
        while (_pending!.TryTake(_next, out ReadOnlyMemory<byte> bytes, out long packet)) Deliver(bytes.Span, packet);
    }

    private void GiveUpMissing()
    {
        Skip(_pending!.First - _next);
        DeliverPending();
    }

    private void Skip(long length)
    {
        receiver.Missing(_next - _begin, length);
        MissingBytes += length;
        _next += length;
        _history?.Clear();
    }

    private void Deliver(ReadOnlySpan<byte> bytes, long packet)
    {
        receiver.Data(bytes, packet);
        _next += bytes.Length;
        Length += bytes.Length;
        if (_options.History > 0) (_history ??= new StreamHistory(_options.History)).Add(bytes);
    }

    private void CheckHistory(long start, ReadOnlySpan<byte> payload, long packet)
    {
        if (_history is null || payload.IsEmpty) return;
        int differs = _history.FirstDifference(_next - start, payload);
        if (differs >= 0) Report(start + differs, packet);
    }

    private void Report(long at, long packet)
    {
        Conflicts++;
        receiver.Conflict(at - _begin, packet);
    }
}
