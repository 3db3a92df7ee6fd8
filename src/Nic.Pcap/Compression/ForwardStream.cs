namespace NetStack.Nic.Pcap;

/// <summary>A stream that is read once from front to back; what it does not override cannot be done.</summary>
internal abstract class ForwardStream : Stream
{
    public sealed override bool CanRead => true;

    public sealed override bool CanSeek => false;

    public sealed override bool CanWrite => false;

    public sealed override long Length => throw new NotSupportedException("The length of a stream being read forward is not known.");

    public sealed override long Position
    {
        get => throw new NotSupportedException("A stream being read forward has no position.");
        set => throw new NotSupportedException("A stream being read forward has no position.");
    }

    public abstract override int Read(Span<byte> buffer);

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override void Flush()
    {
    }

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The stream is read forward only.");

    public sealed override void SetLength(long value) => throw new NotSupportedException("The stream is read only.");

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The stream is read only.");
}

/// <summary>A stream whose first bytes were read already, to see what it is.</summary>
internal sealed class PrefixStream(byte[] prefix, int length, Stream rest, bool leaveOpen) : ForwardStream
{
    private int _at;

    public override int Read(Span<byte> buffer)
    {
        if (_at == length) return rest.Read(buffer);
        int taken = Math.Min(length - _at, buffer.Length);
        prefix.AsSpan(_at, taken).CopyTo(buffer);
        _at += taken;
        return taken;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !leaveOpen) rest.Dispose();
        base.Dispose(disposing);
    }
}
