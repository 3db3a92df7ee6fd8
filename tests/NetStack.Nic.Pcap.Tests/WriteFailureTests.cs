using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class WriteFailureTests
{
    [Theory, InlineData(CaptureFileFormat.PcapNg), InlineData(CaptureFileFormat.Pcap)]
    public void A_full_device_is_an_error_of_flush_and_of_dispose(CaptureFileFormat format)
    {
        if (!File.Exists("/dev/full")) Assert.Skip("there is no /dev/full");
        CaptureWriter writer = CaptureWriter.Create("/dev/full", new CaptureWriterOptions { Format = format });
        writer.AddInterface(LinkType.Ethernet);
        writer.Write(Data(4), 4, At(1));
        Assert.Throws<IOException>(writer.Flush);
        Assert.Throws<IOException>(() => writer.Write(Data(4), 4, At(1)));
        Assert.Throws<IOException>(writer.Flush);
        Assert.Throws<IOException>(writer.Dispose);
        writer.Dispose();

        CaptureWriter silent = CaptureWriter.Create("/dev/full");
        Assert.Throws<IOException>(silent.Dispose);
    }

    [Theory, InlineData(CaptureFileFormat.PcapNg), InlineData(CaptureFileFormat.Pcap)]
    public void A_file_that_can_take_no_more_ends_with_a_whole_record(CaptureFileFormat format)
    {
        for (int limit = 0; limit < 2_000_000; limit += 251_117)
        {
            LimitedStream disk = new(limit);
            CaptureWriter writer = CaptureWriter.Create(disk, new CaptureWriterOptions { Format = format }, leaveOpen: true);
            writer.AddInterface(LinkType.Ethernet);
            int written = 0;
            try
            {
                for (; written < 3000; written++) writer.Write(Data(1000, written), 1000, At(written));
            }
            catch (IOException)
            {
            }
            Assert.Throws<IOException>(writer.Dispose);
            if (disk.Length == 0) continue;
            List<PacketData> packets = ReadWhole(disk.ToArray());
            Assert.InRange(packets.Count, 1, written);
            Assert.Equal(Enumerable.Range(0, packets.Count).Select(i => Convert.ToHexString(Data(1000, i))), packets.Select(p => p.Bytes));
        }
    }

    [Fact]
    public void A_stream_given_in_the_middle_is_cut_back_to_where_the_capture_was_whole()
    {
        LimitedStream disk = new(20);
        disk.Write([1, 2, 3, 4, 5]);
        CaptureWriter writer = CaptureWriter.Create(disk, leaveOpen: true);
        Assert.Throws<IOException>(writer.Flush);
        Assert.Equal([1, 2, 3, 4, 5], disk.ToArray());
        Assert.Throws<IOException>(writer.Dispose);
    }

    [Fact]
    public void Beyond_four_gibibytes_too_a_file_is_cut_back_to_where_it_was_whole()
    {
        const long Start = 5L << 30;
        LargeStream disk = new(Start, 1_000_000);
        CaptureWriter writer = CaptureWriter.Create(disk);
        writer.AddInterface(LinkType.Ethernet);
        writer.Write(Data(60_000), 60_000, At(1));
        writer.Flush();
        long whole = Start + writer.Position;
        for (int i = 0; i < 50; i++)
        {
            if (Record.Exception(() => writer.Write(Data(60_000), 60_000, At(1))) is not null) break;
            whole = disk.Position;
        }
        Assert.Throws<IOException>(writer.Dispose);
        Assert.Equal(whole, disk.Length);
        Assert.InRange(whole, Start + 600_000, Start + 1_000_000);
    }

    [Fact]
    public void A_stream_that_may_not_be_written_is_told_too()
    {
        CaptureWriter writer = CaptureWriter.Create(new MemoryStream([], writable: false));
        Assert.Throws<IOException>(writer.Dispose);
        Assert.Throws<ObjectDisposedException>(writer.Flush);
        Assert.Throws<ObjectDisposedException>(() => writer.AddInterface(LinkType.Ethernet));
    }

    [Fact]
    public void Disposing_closes_the_stream_unless_it_is_to_stay_open()
    {
        MemoryStream file = new();
        CaptureWriter.Create(file).Dispose();
        Assert.False(file.CanWrite);
        file = new MemoryStream();
        CaptureWriter.Create(file, leaveOpen: true).Dispose();
        Assert.True(file.CanWrite);
    }

    /// <summary>A disk with room for so many bytes; a write that does not fit leaves what fits.</summary>
    private sealed class LimitedStream(int limit) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            int room = (int)Math.Min(count, limit - Position);
            base.Write(buffer, offset, room);
            if (room < count) throw new IOException("No space left on device");
        }

        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);
    }

    /// <summary>A large file with little room behind its end.</summary>
    private sealed class LargeStream(long start, int room) : Stream
    {
        private readonly long _most = start + room;
        private long _length = start;

        public override bool CanRead => false;

        public override bool CanSeek => true;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            int taken = (int)Math.Min(count, _most - _length);
            _length += taken;
            if (taken < count) throw new IOException("No space left on device");
        }

        public override void SetLength(long value) => _length = value;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    }
}
