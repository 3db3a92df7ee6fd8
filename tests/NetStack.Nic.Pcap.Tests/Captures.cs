using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap.Tests;

/// <summary>A packet with everything a capture tells of it, comparable as a value.</summary>
internal sealed record PacketData(string Bytes, int WireLength, Timestamp? Time, LinkType LinkType, int Interface, string? Comment = null, PacketDirection Direction = PacketDirection.Unknown)
{
    internal static PacketData From(in CaptureRecord record)
    {
        byte[] bytes = new byte[record.CapturedLength];
        record.Body.CopyTo(0, bytes, new FetchMeter());
        return new PacketData(Convert.ToHexString(bytes), record.WireLength, record.Timestamp, record.LinkType, record.InterfaceIndex, record.Comment, record.Direction);
    }

    internal static PacketData From(in ReceivedFrame frame)
    {
        byte[] bytes = new byte[frame.Length];
        frame.Body.CopyTo(0, bytes, new FetchMeter());
        return new PacketData(Convert.ToHexString(bytes), frame.WireLength, frame.Arrival, frame.LinkType, frame.Interface);
    }
}

/// <summary>Reading and writing whole captures in tests.</summary>
internal static class Captures
{
    internal static byte[] Data(int length, int seed = 1) => PcapNgBuilder.Filled(length, seed);

    internal static Timestamp At(long seconds, int nanoseconds = 0) => new(seconds, nanoseconds);

    internal static (List<PacketData> Packets, CaptureDamage? Damage) Read(byte[] file) => Read(new MemoryStream(file));

    internal static (List<PacketData> Packets, CaptureDamage? Damage) Read(Stream file)
    {
        using CaptureReader reader = CaptureReader.Open(file);
        List<PacketData> packets = [];
        while (reader.TryRead(out CaptureRecord record)) packets.Add(PacketData.From(record));
        Assert.Equal(packets.Count, reader.PacketsRead);
        Assert.False(reader.TryRead(out _), "the end stays the end");
        return (packets, reader.Damage);
    }

    internal static List<PacketData> ReadWhole(byte[] file)
    {
        (List<PacketData> packets, CaptureDamage? damage) = Read(file);
        Assert.Null(damage);
        return packets;
    }

    internal static List<(CaptureBlockType Type, string Content)> Blocks(byte[] file)
    {
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file));
        List<(CaptureBlockType Type, string Content)> blocks = [];
        while (reader.TryReadBlock(out CaptureBlock block))
        {
            byte[] content = new byte[block.Content.Length];
            block.Content.CopyTo(0, content, new FetchMeter());
            blocks.Add((block.Type, Convert.ToHexString(content)));
        }
        Assert.Null(reader.Damage);
        return blocks;
    }

    internal static byte[] Write(Action<CaptureWriter> write, CaptureWriterOptions? options = null)
    {
        MemoryStream file = new();
        using (CaptureWriter writer = CaptureWriter.Create(file, options, leaveOpen: true)) write(writer);
        return file.ToArray();
    }

    /// <summary>Copies a capture, packets only or every block.</summary>
    internal static byte[] Copy(byte[] file, bool blocks, CaptureWriterOptions? options = null) => Write(
        writer =>
        {
            using CaptureReader reader = CaptureReader.Open(new MemoryStream(file));
            if (blocks)
            {
                while (reader.TryReadBlock(out CaptureBlock block)) writer.Write(block);
                return;
            }
            while (reader.TryRead(out CaptureRecord record)) writer.Write(record);
        },
        options);

    /// <summary>The folder of the shared captures, or a skipped test.</summary>
    internal static string[] SharedFiles()
    {
        string folder = RepositoryRoot.PathOf("..", "shared", "captures", "files");
        Assert.SkipUnless(Directory.Exists(folder), "../shared/captures is not there");
        return [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
    }
}

/// <summary>A stream that cannot seek and gives a few bytes at a time, like a pipe.</summary>
internal sealed class TrickleStream(byte[] bytes, int most) : Stream
{
    private int _at;

    internal bool IsClosed { get; private set; }

    /// <summary>Thrown, instead of an end, when the bytes are used up.</summary>
    internal Exception? AtEnd { get; init; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(Math.Min(most, buffer.Length), bytes.Length - _at);
        if (count == 0 && AtEnd is not null) throw AtEnd;
        bytes.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        IsClosed = true;
        base.Dispose(disposing);
    }
}

/// <summary>A header, then one piece of bytes over and over: a long capture without memory.</summary>
internal sealed class RepeatingStream(byte[] head, byte[] piece, long times) : Stream
{
    private readonly long _length = head.Length + piece.Length * times;
    private long _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length && _at < _length)
        {
            ReadOnlySpan<byte> from = _at < head.Length ? head.AsSpan((int)_at) : piece.AsSpan((int)((_at - head.Length) % piece.Length));
            int count = Math.Min(from.Length, buffer.Length - total);
            from[..count].CopyTo(buffer[total..]);
            total += count;
            _at += count;
        }
        return total;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
