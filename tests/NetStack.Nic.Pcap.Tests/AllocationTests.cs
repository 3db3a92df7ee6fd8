using NetStack.Memory;
using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

/// <summary>Constant memory for any length, and no allocation per packet, counted to the byte.</summary>
public sealed class AllocationTests
{
    private const long Packets = 140_000; // of 1500 bytes: 200 MB
    private const int Window = 10_000;

    public static TheoryData<bool> Formats => [false, true];

    [Theory, MemberData(nameof(Formats))]
    public void Reading_two_hundred_megabytes_allocates_nothing_after_the_first_packets(bool isPcapNg)
    {
        using CaptureReader reader = CaptureReader.Open(LongCapture(isPcapNg));
        AllocationWindows windows = new();
        long packets = 0, bytes = 0;
        while (reader.TryRead(out CaptureRecord record))
        {
            if (packets++ % Window == 0) windows.Next();
            bytes += record.CapturedLength + record.Headers.Require(64)[0];
        }
        windows.Check();
        Assert.Equal(Packets, packets);
        Assert.True(bytes > 200_000_000);
        Assert.Null(reader.Damage);
        Assert.Equal(0, reader.Meter.BodyBytesRead);
    }

    [Fact]
    public void Reading_every_block_allocates_nothing_either()
    {
        PcapNgBuilder head = new(true), piece = new(true);
        head.Section().Interface();
        piece.Secrets(1, Data(100)).Enhanced(0, 1, Data(1000), options: piece.Option(1, "c")).Block(77, Data(20));
        using CaptureReader reader = CaptureReader.Open(new RepeatingStream(head.Bytes, piece.Bytes, 10_000));
        AllocationWindows windows = new();
        long blocks = 0;
        while (reader.TryReadBlock(out CaptureBlock block))
        {
            if (blocks++ % (Window / 2) == 0) windows.Next();
            if (block.TryGetRecord(out CaptureRecord record)) record.Headers.Require(10);
        }
        windows.Check();
        Assert.Equal(30_002, blocks);
    }

    [Theory, MemberData(nameof(Formats))]
    public void Writing_allocates_nothing_per_packet(bool isPcapNg)
    {
        using CaptureReader reader = CaptureReader.Open(LongCapture(isPcapNg, 20_000));
        using CaptureWriter writer = CaptureWriter.Create(Stream.Null, new CaptureWriterOptions { Format = isPcapNg ? CaptureFileFormat.PcapNg : CaptureFileFormat.Pcap });
        writer.AddInterface(LinkType.Ethernet);
        byte[] bytes = Data(700);
        AllocationWindows windows = new();
        long packets = 0;
        while (reader.TryRead(out CaptureRecord record))
        {
            if (packets++ % (Window / 2) == 0) windows.Next();
            writer.Write(record);
            writer.Write(record.Body, 1500, record.Timestamp);
            writer.Write(bytes, 1500, At(5), 0, "a comment", PacketDirection.Outbound);
        }
        windows.Check();
        Assert.Equal(60_000, writer.PacketsWritten);
    }

    [Fact]
    public void A_capture_as_a_nic_allocates_nothing_per_frame()
    {
        using CaptureNic nic = new(CaptureReader.Open(LongCapture(true, 50_000)));
        ReceivedFrame[] frames = new ReceivedFrame[3];
        AllocationWindows windows = new();
        long total = 0, marked = 0;
        int count;
        while ((count = nic.Queues[0].Receive(frames)) > 0)
        {
            total += count;
            if (total - marked > Window) windows.Next();
            if (total - marked > Window) marked = total;
            for (int i = 0; i < count; i++)
            {
                frames[i].Headers.Require(64);
                frames[i].Release();
            }
        }
        windows.Check();
        Assert.Equal(50_000, total);
    }

    private static RepeatingStream LongCapture(bool isPcapNg, long packets = Packets)
    {
        if (!isPcapNg) return new RepeatingStream(new PcapBuilder(true).Bytes, new PcapBuilder(true).Packet(1, 2, Data(1500)).Bytes[24..], packets);
        PcapNgBuilder head = new(false), piece = new(false);
        head.Section().Interface();
        piece.Enhanced(0, 1, Data(1500), options: piece.Option(1, "commented"));
        return new RepeatingStream(head.Bytes, piece.Bytes, packets);
    }

    /// <summary>
    /// What each stretch of packets allocated. What is allocated per packet shows in every stretch; what the runtime does once,
    /// or a body that for the first time lies in two read blocks, does not.
    /// </summary>
    private sealed class AllocationWindows
    {
        private const int Once = 64 * 1024;

        private readonly long[] _marks = new long[64];
        private int _count;

        internal void Next() => _marks[_count++] = GC.GetAllocatedBytesForCurrentThread();

        internal void Check()
        {
            Next();
            long[] windows = [.. Enumerable.Range(1, _count - 2).Select(i => _marks[i + 1] - _marks[i])]; // the first is for warming up
            Assert.True(windows.Length >= 2);
            Assert.True(windows.Min() == 0 && windows.Sum() < Once, $"allocated: {string.Join(", ", windows)}");
        }
    }
}
