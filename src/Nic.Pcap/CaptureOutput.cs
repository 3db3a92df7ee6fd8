using System.Buffers.Binary;
using NetStack.Memory;

namespace NetStack.Nic.Pcap;

/// <summary>
/// Gathers records and writes them out in large pieces, each of which ends where a record ends. A record that was begun and not
/// committed is forgotten. What could not be written is told at once and again at every later step, and a file is cut back to
/// the last piece that went in whole.
/// </summary>
internal sealed class CaptureOutput : IDisposable
{
    private const int WriteOutAt = 256 * 1024;
    private const int UsualSize = WriteOutAt + 64 * 1024;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly long _start; // where in the stream our bytes begin; -1 where it has no position
    private byte[] _buffer = new byte[UsualSize];
    private int _whole; // bytes of committed records
    private int _end;   // with the record being made
    private long _written;
    private Exception? _failure;
    private bool _isDisposed;

    internal CaptureOutput(Stream stream, bool leaveOpen)
    {
        _stream = stream;
        _leaveOpen = leaveOpen;
        _start = stream.CanSeek ? stream.Position : -1;
    }

    /// <summary>Bytes of committed records.</summary>
    internal long Position => _written + _whole;

    /// <summary>The record being made.</summary>
    internal Span<byte> Record => _buffer.AsSpan(_whole, _end - _whole);

    /// <summary>Begins a record; one that was begun before and not committed is forgotten.</summary>
    /// <exception cref="IOException">An earlier record could not be written.</exception>
    internal void Begin()
    {
        ThrowIfUnusable();
        _end = _whole;
    }

    /// <summary>Room for more bytes of the record; what lies there is not cleared.</summary>
    internal Span<byte> Append(int count)
    {
        int needed = checked(_end + count);
        if (needed > _buffer.Length) Array.Resize(ref _buffer, (int)Math.Min(Math.Max((long)needed, _buffer.Length * 2L), Array.MaxLength));
        Span<byte> room = _buffer.AsSpan(_end, count);
        _end = needed;
        return room;
    }

    internal void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    internal void Append(in PacketBody body, FetchMeter meter) => body.CopyTo(0, Append(body.Length), meter);

    internal void U16(int value) => BinaryPrimitives.WriteUInt16LittleEndian(Append(2), (ushort)value);

    internal void U32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Append(4), value);

    internal void U64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Append(8), value);

    /// <summary>Zeros up to a multiple of four bytes.</summary>
    internal void Pad() => Append(-(_end - _whole) & 3).Clear();

    /// <summary>Ends the record.</summary>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    internal void Commit()
    {
        _whole = _end;
        if (_whole >= WriteOutAt) WriteOut();
    }

    /// <summary>Writes out every committed record.</summary>
    /// <exception cref="IOException">The stream cannot take it, or could not before.</exception>
    internal void Flush()
    {
        ThrowIfUnusable();
        WriteOut();
        Hand(0);
    }

    /// <summary>Writes out every committed record and closes the stream, in any case.</summary>
    /// <exception cref="IOException">The stream cannot take it, or could not before.</exception>
    public void Dispose()
    {
        if (_isDisposed) return;
        try
        {
            Flush();
        }
        finally
        {
            _isDisposed = true;
            if (!_leaveOpen) _stream.Dispose();
        }
    }

    private void WriteOut()
    {
        if (_whole == 0) return;
        Hand(_whole);
        _written += _whole;
        _whole = 0;
        _end = 0;
        if (_buffer.Length > 16 * UsualSize) _buffer = new byte[UsualSize];
    }

    /// <summary>Hands bytes to the stream, or makes it pass on what it has.</summary>
    private void Hand(int count)
    {
        try
        {
            if (count > 0) _stream.Write(_buffer, 0, count);
            else _stream.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ObjectDisposedException)
        {
            _failure = e;
            _whole = 0;
            _end = 0;
            CutBack();
            if (e is IOException) throw;
            throw Unusable(e);
        }
    }

    private void CutBack()
    {
        if (_start < 0) return;
        try
        {
            _stream.SetLength(_start + _written);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException or ObjectDisposedException)
        {
            // A device, or a file that may only be appended to: the first failure is told, whatever stands behind the last record.
        }
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is not null) throw Unusable(_failure);
    }

    private static IOException Unusable(Exception failure) => new($"the capture could not be written: {failure.Message}", failure);
}
