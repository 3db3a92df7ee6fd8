using System.Buffers.Binary;
using System.Text;
using NetStack.Memory;
using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class WriterTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Random_pcapng_captures_read_back_as_written(int seed)
    {
        Random random = new(seed);
        List<PacketData> expected = [];
        List<CaptureInterface> interfaces = [];
        byte[] file = Write(writer =>
        {
            int sectionStart = 0;
            for (int i = 0; i < 600; i++)
            {
                if (i > 0 && random.Next(60) == 0)
                {
                    writer.BeginSection(new CaptureSection { Comment = $"section at {i}" });
                    sectionStart = interfaces.Count;
                }
                if (sectionStart == interfaces.Count || random.Next(40) == 0) interfaces.Add(AddInterface(writer, random));
                expected.Add(WritePacket(writer, random, interfaces[random.Next(sectionStart, interfaces.Count)]));
            }
            Assert.Equal(600, writer.PacketsWritten);
            Assert.Equal(interfaces, writer.Interfaces);
        });
        Assert.Equal(expected, ReadWhole(file));
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file));
        while (reader.TryRead(out _)) { }
        Assert.Equal(interfaces, reader.Interfaces);
    }

    [Theory, InlineData(6), InlineData(9)]
    public void Random_pcap_captures_read_back_as_written(int exponent)
    {
        Random random = new(exponent);
        List<PacketData> expected = [];
        byte[] file = Write(
            writer =>
            {
                writer.AddInterface(LinkType.Raw, 1000, new TimeResolution(exponent, false));
                for (int i = 0; i < 500; i++)
                {
                    byte[] data = Data(random.Next(0, 2000), i);
                    Timestamp time = new(random.NextInt64(1L << 32), random.Next(1_000_000_000));
                    int wire = data.Length + random.Next(0, 100);
                    writer.Write(data, wire, time, comment: "has no place", direction: PacketDirection.Inbound);
                    Timestamp read = exponent == 6 ? time with { Nanoseconds = time.Nanoseconds / 1000 * 1000 } : time;
                    expected.Add(new PacketData(Convert.ToHexString(data), wire, read, LinkType.Raw, 0));
                }
            },
            new CaptureWriterOptions { Format = CaptureFileFormat.Pcap });
        Assert.Equal(expected, ReadWhole(file));
        Assert.Equal(exponent == 6 ? 0xA1B2C3D4 : 0xA1B23C4D, BinaryPrimitives.ReadUInt32LittleEndian(file));
        Assert.Equal(1000u, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(16)));
    }

    [Fact]
    public void A_small_file_is_what_the_specification_says_byte_by_byte()
    {
        byte[] file = Write(
            writer =>
            {
                int eth = writer.AddInterface(LinkType.Ethernet, 96, name: "eth0", description: "left", timeOffset: 1000);
                writer.Write(Data(5), 1500, At(1002, 3), eth, "hello", PacketDirection.Outbound);
                writer.WriteNames(new CaptureName(IpAddress.V4(0x0A000001), "a.test"), new CaptureName(IpAddress.V6(1), "six"));
                writer.WriteSecrets(CaptureSecrets.TlsKeyLog, Data(7));
                writer.WriteStatistics(eth, At(1003), new InterfaceStatistics(At(1001), At(1002), 10, 1, 9, 2, 8), "end");
                writer.WriteBlock(CaptureBlockType.Custom, [1, 2, 3, 4, 5]);
            },
            new CaptureWriterOptions { Section = new CaptureSection { Comment = "c", Hardware = "h", OperatingSystem = "o", Application = "a" } });
        PcapNgBuilder expected = new(false);
        expected.Section(options: [.. expected.Option(2, "h"), .. expected.Option(3, "o"), .. expected.Option(4, "a"), .. expected.Option(1, "c")])
            .Interface(1, 96, [.. expected.Option(2, "eth0"), .. expected.Option(3, "left"), .. expected.Option(9, 9), .. expected.Option(14, expected.U64(1000))])
            .Enhanced(0, 2_000_000_003, Data(5), 1500, [.. expected.Option(1, "hello"), .. expected.Option(2, expected.U32(2))])
            .Block(4, [
                .. expected.Option(1, [10, 0, 0, 1, .. Encoding.ASCII.GetBytes("a.test\0")]),
                .. expected.Option(2, [.. new byte[15], 1, .. Encoding.ASCII.GetBytes("six\0")]),
                .. expected.Option(0)])
            .Secrets(0x544C534B, Data(7))
            .Statistics(0, 3_000_000_000, [
                .. expected.Option(2, [.. expected.U32(0), .. expected.U32(1_000_000_000)]), .. expected.Option(3, [.. expected.U32(0), .. expected.U32(2_000_000_000)]),
                .. expected.Option(4, expected.U64(10)), .. expected.Option(5, expected.U64(1)), .. expected.Option(6, expected.U64(9)),
                .. expected.Option(7, expected.U64(2)), .. expected.Option(8, expected.U64(8)), .. expected.Option(1, "end")])
            .Block(0xBAD, [1, 2, 3, 4, 5]);
        Assert.Equal(Convert.ToHexString(expected.Bytes), Convert.ToHexString(file));
    }

    [Fact]
    public void A_body_by_handle_is_copied_once_and_stays_the_callers()
    {
        BufferPool pool = BufferPool.Create(64, 4);
        PacketBody body = default;
        byte[] whole = Data(150);
        for (int at = 0; at < whole.Length; at += 64)
        {
            Assert.True(pool.TryRent(out BufferHandle buffer));
            int length = Math.Min(64, whole.Length - at);
            pool.Write(buffer, 0, whole.AsSpan(at, length));
            body.Append(new BodySlice(pool, buffer, 0, length));
        }
        byte[] file = Write(writer =>
        {
            writer.AddInterface(LinkType.Ethernet);
            writer.Write(body, 150, At(1));
            writer.Write([9, 8, 7], body, 200, At(2));
            Assert.Equal(300, writer.Meter.BodyBytesCopied);
            Assert.Equal(300, writer.Meter.BodyBytesRead);
        });
        Assert.Equal(150, body.Length);
        body.Release();
        Assert.Equal(4, pool.Available);
        Assert.Equal([Convert.ToHexString(whole), "090807" + Convert.ToHexString(whole)], ReadWhole(file).Select(p => p.Bytes));
    }

    [Fact]
    public void A_packet_without_a_time_is_a_simple_packet_where_that_says_the_same_and_time_zero_elsewhere()
    {
        List<PacketData> read = ReadWhole(Write(writer =>
        {
            writer.AddInterface(LinkType.Ethernet, 60);
            writer.AddInterface(LinkType.Ethernet);
            writer.Write(Data(60), 100, null);
            writer.Write(Data(40), 40, null);
            writer.Write(Data(30), 40, null);
            writer.Write(Data(40), 40, null, 1);
            writer.Write(Data(40), 40, null, 0, "comment");
        }));
        Assert.Equal([null, null, At(0), At(0), At(0)], read.Select(p => p.Time));
        Assert.Equal([60, 40, 30, 40, 40], read.Select(p => p.Bytes.Length / 2));
    }

    [Fact]
    public void A_file_without_packets_is_a_file()
    {
        Assert.Empty(ReadWhole(Write(_ => { })));
        Assert.Empty(ReadWhole(Write(w => w.AddInterface(LinkType.Raw), new CaptureWriterOptions { Format = CaptureFileFormat.Pcap })));
        Assert.Empty(ReadWhole(Write(_ => { }, new CaptureWriterOptions { Format = CaptureFileFormat.Pcap })));
    }

    [Fact]
    public void Pcap_refuses_a_second_link_type_and_goes_on_with_the_first()
    {
        byte[] file = Write(
            writer =>
            {
                writer.AddInterface(LinkType.Raw);
                writer.AddInterface(LinkType.Ethernet);
                writer.AddInterface(LinkType.Raw);
                writer.Write(Data(4), 4, At(1), 0);
                Assert.Contains("one link type", Assert.Throws<NotSupportedException>(() => writer.Write(Data(4), 4, At(1), 1)).Message, StringComparison.Ordinal);
                writer.Write(Data(5), 5, At(2), 2);
                Assert.Throws<NotSupportedException>(() => writer.WriteNames());
                Assert.Throws<NotSupportedException>(() => writer.BeginSection());
            },
            new CaptureWriterOptions { Format = CaptureFileFormat.Pcap });
        Assert.Equal([4, 5], ReadWhole(file).Select(p => p.Bytes.Length / 2));
    }

    [Fact]
    public void What_is_refused_leaves_nothing_behind()
    {
        string tooLong = new('ä', 32_768);
        byte[] file = Write(writer =>
        {
            int on = writer.AddInterface(LinkType.Ethernet);
            Assert.Throws<ArgumentException>(() => writer.Write(Data(4), 4, At(1), 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(Data(4), 3, At(1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write(Data(4), 4, At(-1)));
            Assert.Throws<ArgumentOutOfRangeException>(() => writer.WriteStatistics(on, At(1), new InterfaceStatistics(End: At(-1))));
            Assert.Throws<ArgumentException>(() => writer.WriteStatistics(7, At(1), default));
            Assert.Throws<ArgumentException>(() => writer.Write(Data(4), 4, At(1), comment: tooLong));
            Assert.Throws<ArgumentException>(() => writer.Write(new byte[262_145], 262_145, At(1)));
            Assert.Throws<ArgumentException>(() => writer.AddInterface(LinkType.Raw, name: tooLong));
            Assert.Throws<ArgumentException>(() => writer.WriteNames(new CaptureName(IpAddress.V4(1), "a"), new CaptureName(default, "b")));
            Assert.Throws<ArgumentException>(() => writer.WriteNames(new CaptureName(IpAddress.V4(1), "a\0b")));
            Assert.Throws<ArgumentException>(() => writer.WriteBlock(CaptureBlockType.EnhancedPacket, []));
            Assert.Throws<ArgumentException>(() => CaptureWriter.Create(new MemoryStream(), new CaptureWriterOptions { Section = new CaptureSection { Comment = tooLong } }));
            PacketBody released = default;
            BufferPool pool = BufferPool.Create(64, 1);
            pool.TryRent(out BufferHandle buffer);
            released.Append(new BodySlice(pool, buffer, 0, 64));
            PacketBody copy = released;
            released.Release();
            Assert.Throws<InvalidOperationException>(() => writer.Write(copy, 64, At(1)));
            writer.Write(Data(6), 6, At(1));
            writer.BeginSection();
            Assert.Throws<ArgumentException>(() => writer.Write(Data(4), 4, At(1), on));
        });
        Assert.Equal(Convert.ToHexString(Data(6)), Assert.Single(ReadWhole(file)).Bytes);
        Assert.Equal(
            [CaptureBlockType.SectionHeader, CaptureBlockType.InterfaceDescription, CaptureBlockType.EnhancedPacket, CaptureBlockType.SectionHeader],
            Blocks(file).Select(b => b.Type));
    }

    [Fact]
    public void The_longest_comment_and_packets_longer_than_the_buffer_pass()
    {
        string comment = new('x', 65_535);
        const LinkType DBus = (LinkType)231;
        List<PacketData> read = ReadWhole(Write(writer =>
        {
            writer.AddInterface(LinkType.Ethernet);
            writer.AddInterface(DBus);
            writer.Write(Data(262_144), 262_144, At(1), 0, comment);
            writer.Write(Data(1_000_000), 1_000_000, At(1), 1);
            writer.Write(Data(10), 10, At(1), 0);
        }));
        Assert.Equal([262_144, 1_000_000, 10], read.Select(p => p.Bytes.Length / 2));
        Assert.Equal(comment, read[0].Comment);
        Assert.Equal(Convert.ToHexString(Data(1_000_000)), read[1].Bytes);
    }

    private static CaptureInterface AddInterface(CaptureWriter writer, Random random)
    {
        TimeResolution resolution = random.Next(3) switch { 0 => TimeResolution.Microseconds, 1 => TimeResolution.Nanoseconds, _ => new TimeResolution(random.Next(31, 34), true) };
        string? name = random.Next(2) == 0 ? null : $"if{random.Next(100)}";
        CaptureInterface added = new(writer.Interfaces.Count, (LinkType)random.Next(1, 200), (uint)random.Next(2) * 96, resolution, random.Next(2) * -1000, name, name is null ? "ünnamed" : null);
        Assert.Equal(added.Index, writer.AddInterface(added.LinkType, added.SnapLength, resolution, added.Name, added.Description, added.TimeOffset));
        return added;
    }

    private static PacketData WritePacket(CaptureWriter writer, Random random, CaptureInterface on)
    {
        byte[] data = Data(random.Next(10) == 0 ? random.Next(100_000) : random.Next(200), random.Next());
        int wire = data.Length + random.Next(0, 3) * 500;
        Timestamp time = At(random.NextInt64(0, 1L << 31), random.Next(1_000_000) * 1000);
        string? comment = random.Next(5) == 0 ? new string((char)('a' + random.Next(26)), random.Next(1, 9)) + "ß" : null;
        PacketDirection direction = (PacketDirection)random.Next(3);
        writer.Write(data, wire, time, on.Index, comment, direction);
        return new PacketData(Convert.ToHexString(data), wire, time, on.LinkType, on.Index, comment, direction);
    }
}
