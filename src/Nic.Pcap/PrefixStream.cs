namespace NetStack.Nic.Pcap;

/// <summary>A stream whose first bytes were read already, to see what it is.</summary>
internal sealed class PrefixStream(byte[] prefix, int length, Stream rest, bool leaveOpen) : Stream
{
    private int _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException("The length of a stream being read forward is not known.");

    public override long Position
    {
        get => throw new NotSupportedException("A stream being read forward has no position.");
        set => throw new NotSupportedException("A stream being read forward has no position.");
    }

    public override int Read(Span<byte> buffer)
    {
        if (_at == length) return rest.Read(buffer);
        int taken = Math.Min(length - _at, buffer.Length);
        prefix.AsSpan(_at, taken).CopyTo(buffer);
        _at += taken;
        return taken;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The stream is read forward only.");

    public override void SetLength(long value) => throw new NotSupportedException("The stream is read only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The stream is read only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing && !leaveOpen) rest.Dispose();
        base.Dispose(disposing);
    }
}
