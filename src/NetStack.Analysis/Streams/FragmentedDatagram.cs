using System.Buffers.Binary;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What a fragment did.</summary>
internal enum FragmentOutcome
{
    /// <summary>More are needed.</summary>
    Waiting,

    /// <summary>The datagram is whole.</summary>
    Whole,

    /// <summary>It cannot be of the same datagram as those before.</summary>
    Contradiction,
}

/// <summary>A datagram under reassembly. The ranges and the rule for overlaps are the stack's own.</summary>
internal sealed class FragmentedDatagram
{
    private const int MaxFragments = 2048; // 32 bytes each make the longest datagram

    private readonly FragmentRanges _ranges = new(MaxFragments);
    private readonly ulong[] _have = new ulong[1024]; // a bit for each byte that came
    private byte[] _bytes = new byte[2048];
    private readonly PayloadReader _payload = new();
    private byte[] _header = [];
    private int _total;

    internal FragmentKey Key { get; private set; }

    internal IpProtocol Protocol { get; private set; }

    internal int Fragments { get; private set; }

    internal bool HasConflict { get; private set; }

    internal bool IsDone { get; set; }

    internal ReadOnlySpan<byte> Payload => _bytes.AsSpan(0, _total);

    internal ReadOnlySpan<byte> Header => _header;

    internal void Begin(in FragmentKey key)
    {
        Key = key;
        Protocol = key.Protocol;
        Fragments = 0;
        HasConflict = false;
        IsDone = false;
        _ranges.Clear();
        Array.Clear(_have);
        _total = -1;
        _header = [];
    }

    internal FragmentOutcome Add(in FoundFragment fragment, ReadOnlySpan<byte> headers, in PacketBody body, FetchMeter meter, OverlapPolicy policy)
    {
        int start = fragment.Info.Offset;
        int length = fragment.End - fragment.PayloadOffset;
        int end = start + length;
        bool isLast = !fragment.Info.MoreFragments;
        if (_total >= 0 ? end > _total || (isLast && end != _total) : isLast && end < _ranges.End) return FragmentOutcome.Contradiction;
        if (Fragments == MaxFragments) return FragmentOutcome.Contradiction;
        Fragments++;
        ReadOnlySpan<byte> bytes = _payload.Read(body, fragment.PayloadOffset, length, meter);
        HasConflict |= Differs(start, bytes);
        FragmentFit fit = _ranges.Add(start, end, policy);
        if (fit == FragmentFit.Overlap || (fit == FragmentFit.SameRange && HasConflict)) return FragmentOutcome.Contradiction;
        if (fit == FragmentFit.New) Keep(start, end, bytes);
        if (isLast) _total = end;
        if (start == 0 && _header.Length == 0) KeepHeader(fragment, headers);
        return _total >= 0 && _ranges.Received == _total && _header.Length > 0 ? FragmentOutcome.Whole : FragmentOutcome.Waiting;
    }

    private void Keep(int start, int end, ReadOnlySpan<byte> bytes)
    {
        if (end > _bytes.Length) Array.Resize(ref _bytes, Math.Min(ushort.MaxValue + 1, Math.Max(end, _bytes.Length * 2)));
        foreach (ByteRange piece in _ranges.Pieces)
        {
            bytes[(piece.Start - start)..(piece.End - start)].CopyTo(_bytes.AsSpan(piece.Start));
            for (int i = piece.Start; i < piece.End; i++) _have[i >> 6] |= 1UL << (i & 63);
        }
    }

    private bool Differs(int start, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            int at = start + i;
            if ((_have[at >> 6] >> (at & 63) & 1) != 0 && _bytes[at] != bytes[i]) return true;
        }
        return false;
    }

    private void KeepHeader(in FoundFragment fragment, ReadOnlySpan<byte> headers)
    {
        _header = headers[fragment.IpOffset..fragment.HeaderEnd].ToArray();
        Protocol = fragment.Protocol;
        if (fragment.NextHeaderAt >= 0) _header[fragment.NextHeaderAt - fragment.IpOffset] = (byte)fragment.Protocol;
    }

    /// <summary>The datagram as one packet: its header with the whole's length, and no trace of fragments.</summary>
    /// <returns>False where it is longer than a packet may be.</returns>
    internal bool TryWrite(byte[] destination, out int length)
    {
        length = _header.Length + _total;
        bool isV4 = Key.Source.IsV4;
        if ((isV4 ? length : length - Ipv6View.Size) > ushort.MaxValue || length > destination.Length) return false;
        _header.CopyTo(destination, 0);
        Payload.CopyTo(destination.AsSpan(_header.Length));
        if (isV4)
        {
            Span<byte> header = destination.AsSpan(0, _header.Length);
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)length);
            header[6] &= 0x40;
            header[7] = 0;
            header[10..12].Clear();
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination.AsSpan(4), (ushort)(length - Ipv6View.Size));
        }
        return true;
    }
}
