using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class MergeTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Packets_come_by_time_and_those_of_one_file_in_its_order(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 40; round++)
        {
            byte[][] files = [.. Enumerable.Range(0, random.Next(1, 6)).Select(f => RandomFile(random, f))];
            List<PacketData>[] apart = [.. files.Select(ReadWhole)];
            List<(int File, PacketData Packet)> merged = Merge(files);
            string where = $"seed {seed}, round {round}";
            Assert.True(merged.Count == apart.Sum(a => a.Count), where);
            for (int f = 0; f < files.Length; f++) Assert.Equal(apart[f].Select(p => p.Bytes), merged.Where(m => m.File == f).Select(m => m.Packet.Bytes));
            Assert.Equal(Expected(apart).Select(p => p.Bytes), merged.Select(m => m.Packet.Bytes));
        }
    }

    [Fact]
    public void Interfaces_are_numbered_over_all_files_and_packets_name_the_right_one()
    {
        byte[] a = new PcapNgBuilder(false).Section().Interface(1).Enhanced(0, 1, Data(10, 1)).Interface(101).Enhanced(1, 3, Data(10, 3)).Bytes;
        byte[] b = new PcapNgBuilder(true).Section().Interface(113).Interface(228).Enhanced(1, 2, Data(10, 2)).Enhanced(0, 4, Data(10, 4)).Bytes;
        using MergedCapture merged = Open(a, b);
        List<(long, LinkType, int)> met = [];
        while (merged.TryRead(out CaptureRecord record)) met.Add((record.Number, record.LinkType, record.InterfaceIndex));
        Assert.Equal([(1, (LinkType)1, 0), (2, (LinkType)228, 2), (3, (LinkType)101, 3), (4, (LinkType)113, 1)], met);
        Assert.Equal([0, 1, 2, 3], merged.Interfaces.Select(i => i.Index));
        Assert.Equal([1, 113, 228, 101], merged.Interfaces.Select(i => (int)i.LinkType));
        Assert.Equal((a.Length + b.Length, 4L, false), (merged.Position, merged.PacketsRead, merged.IsDamaged));
    }

    [Fact]
    public void A_merged_capture_is_written_with_all_its_interfaces()
    {
        byte[] a = new PcapNgBuilder(false).Section().Interface(1).Enhanced(0, 2_000_000, Data(10, 1)).Bytes;
        byte[] b = new PcapBuilder(true, linkType: 101).Packet(1, 0, Data(11, 2)).Bytes;
        byte[] written = Write(writer =>
        {
            using MergedCapture merged = Open(a, b);
            while (merged.TryRead(out CaptureRecord record)) writer.Write(record);
        });
        Assert.Equal([(101, 11), (1, 10)], ReadWhole(written).Select(p => ((int)p.LinkType, p.WireLength)));
    }

    [Fact]
    public void A_damaged_file_ends_and_the_others_go_on()
    {
        PcapBuilder a = new(false), b = new(false);
        for (uint i = 0; i < 10; i++)
        {
            a.Packet(2 * i, 0, Data(20, (int)i));
            b.Packet(2 * i + 1, 0, Data(20, 100 + (int)i));
        }
        using MergedCapture merged = Open(a.Bytes[..(a.Starts[4] + 3)], b.Bytes);
        int count = 0;
        while (merged.TryRead(out _)) count++;
        Assert.Equal(14, count);
        Assert.True(merged.IsDamaged);
        Assert.Equal(("truncated_file", (long)a.Starts[4]), (merged.Files[0].Damage!.Code, merged.Files[0].Damage!.Offset));
        Assert.Null(merged.Files[1].Damage);
    }

    [Fact]
    public void Many_long_files_take_a_few_blocks_each()
    {
        byte[] head = new PcapBuilder(false).Bytes;
        byte[] record = new PcapBuilder(false).Packet(1, 0, Data(1000)).Bytes[24..];
        CaptureReaderOptions options = new() { BlockSize = CaptureReaderOptions.BlockSizeFor(20) };
        using MergedCapture merged = new(Enumerable.Range(0, 20).Select(_ => CaptureReader.Open(new RepeatingStream(head, record, 3000), options: options)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        int count = 0;
        while (merged.TryRead(out _)) count++;
        Assert.Equal(60_000, count);
        Assert.InRange(merged.Files.Sum(f => f.Pools.Sum(p => (long)p.Region.Length)), 1, 20 * 2 * (options.BlockSize + 8192));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    /// <summary>The rule, written once more: again and again the earliest of the first packets; one without a time has that before it.</summary>
    private static IEnumerable<PacketData> Expected(List<PacketData>[] files)
    {
        (int At, Int128 Time)[] heads = new (int, Int128)[files.Length];
        Int128 TimeOf(int f, Int128 before) => heads[f].At < files[f].Count && files[f][heads[f].At].Time is { } time ? time.TotalNanoseconds : before;
        for (int f = 0; f < files.Length; f++) heads[f].Time = TimeOf(f, Int128.MinValue);
        while (true)
        {
            int next = -1;
            for (int f = 0; f < files.Length; f++)
            {
                if (heads[f].At < files[f].Count && (next < 0 || heads[f].Time < heads[next].Time)) next = f;
            }
            if (next < 0) yield break;
            yield return files[next][heads[next].At++];
            heads[next].Time = TimeOf(next, heads[next].Time);
        }
    }

    private static byte[] RandomFile(Random random, int name)
    {
        PcapNgBuilder file = new PcapNgBuilder(random.Next(2) == 0).Section().Interface();
        ulong time = 0;
        for (int i = random.Next(30); i > 0; i--)
        {
            time = (ulong)Math.Max(0, (long)time + random.Next(-1, 5));
            byte[] data = [(byte)name, .. Data(random.Next(40), random.Next())];
            if (random.Next(5) == 0) file.Simple((uint)data.Length, data);
            else file.Enhanced(0, time, data);
        }
        return file.Bytes;
    }

    private static List<(int File, PacketData Packet)> Merge(byte[][] files)
    {
        using MergedCapture merged = Open(files);
        List<(int, PacketData)> packets = [];
        while (merged.TryRead(out CaptureRecord record))
        {
            Assert.Equal(packets.Count + 1, record.Number);
            PacketData packet = PacketData.From(record);
            packets.Add((Convert.FromHexString(packet.Bytes)[0], packet));
        }
        return packets;
    }

    private static MergedCapture Open(params byte[][] files) => new(files.Select(file => CaptureReader.Open(new MemoryStream(file))));
}
