using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class ReaderTests
{
    private const string Text = "Grüße, 包";

    [Theory]
    [InlineData(false, 0xA1B2C3D4u)]
    [InlineData(true, 0xA1B2C3D4u)]
    [InlineData(false, 0xA1B23C4Du)]
    [InlineData(true, 0xA1B23C4Du)]
    [InlineData(false, 0xA1B2CD34u)]
    [InlineData(true, 0xA1B2CD34u)]
    public void Pcap_of_either_byte_order_and_unit_reads_as_generated(bool isBigEndian, uint magic)
    {
        Random random = new(7);
        PcapBuilder file = new(isBigEndian, magic, linkType: 0x2400_0071); // an FCS length in the high bits
        List<PacketData> expected = [];
        for (int i = 0; i < 200; i++)
        {
            byte[] data = Data(random.Next(0, 400), i);
            uint seconds = (uint)random.NextInt64(1L << 32), fraction = (uint)random.Next(magic == 0xA1B23C4D ? 1_000_000_000 : 1_000_000);
            uint wire = (uint)(data.Length + random.Next(0, 2000));
            file.Packet(seconds, fraction, (uint)data.Length, wire, data);
            expected.Add(new PacketData(Convert.ToHexString(data), (int)wire, At(seconds, (int)(magic == 0xA1B23C4D ? fraction : fraction * 1000)), LinkType.LinuxSll, 0));
        }
        Assert.Equal(expected, ReadWhole(file.Bytes));
    }

    [Fact]
    public void A_fraction_beyond_a_second_carries()
    {
        byte[] file = new PcapBuilder(false).Packet(10, 5_000_001, Data(4)).Bytes;
        Assert.Equal(At(15, 1000), Assert.Single(ReadWhole(file)).Time);
    }

    [Theory]
    [InlineData(2, 1, 60, 40)]   // before 2.3 the wire length came first
    [InlineData(543, 0, 60, 40)] // DG/UX
    [InlineData(2, 3, 60, 40)]   // 2.3 did either: the larger is the wire's
    [InlineData(2, 3, 40, 60)]
    [InlineData(2, 4, 40, 60)]
    public void Old_versions_order_the_lengths_in_their_way(int major, int minor, int first, int second)
    {
        byte[] file = new PcapBuilder(false, major: (ushort)major, minor: (ushort)minor).Packet(1, 0, (uint)first, (uint)second, Data(40)).Bytes;
        PacketData packet = Assert.Single(ReadWhole(file));
        Assert.Equal(Convert.ToHexString(Data(40)), packet.Bytes);
        Assert.Equal(60, packet.WireLength);
    }

    [Theory]
    [InlineData(new byte[] { 0x1C, 0x00, 0x01, 0xAC, 0, 0 }, "Ixia")]
    [InlineData(new byte[] { 0xA1, 0xE2, 0xCB, 0x12, 0, 0 }, "modified format")]
    [InlineData(new byte[] { (byte)'s', (byte)'n', (byte)'o', (byte)'o', (byte)'p', 0 }, "snoop")]
    [InlineData(new byte[] { (byte)'G', (byte)'M', (byte)'B', (byte)'U', 0, 0 }, "Network Monitor")]
    [InlineData(new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 0, 0 }, "zstd")]
    [InlineData(new byte[] { 0x04, 0x22, 0x4D, 0x18, 0, 0 }, "lz4")]
    [InlineData(new byte[] { 1, 2, 3, 4, 5, 6 }, "0x01020304")]
    [InlineData(new byte[] { 1, 2 }, "only 2 bytes")]
    [InlineData(new byte[] { 0x1F, 0x8B }, "")]
    [InlineData(new byte[0], "empty")]
    public void What_is_no_capture_is_refused_by_name(byte[] bytes, string part)
    {
        TrickleStream stream = new(bytes, 100);
        Assert.Contains(part, Assert.Throws<CaptureFormatException>(() => CaptureReader.Open(stream)).Message, StringComparison.Ordinal);
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public void A_folder_and_a_missing_file_are_said()
    {
        Assert.Contains("is a directory", Assert.Throws<IOException>(() => CaptureReader.Open(Path.GetTempPath())).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => CaptureReader.Open(Path.Combine(Path.GetTempPath(), "no-such-capture.pcap")));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Every_kind_of_pcapng_packet_reads_as_generated(bool isBigEndian)
    {
        PcapNgBuilder file = new(isBigEndian);
        file.Section(options: [.. file.Option(1, "a section"), .. file.Option(0)])
            .Interface(1, 96, [.. file.Option(2, "eth0"), .. file.Option(3, Text), .. file.Option(9, 9), .. file.Option(0)])
            .Interface(113, 0)
            .Names(file.Option(1, 10, 0, 0, 1, (byte)'a', 0), [])
            .Enhanced(0, 1_700_000_000_123_456_789, Data(61, 1), 1500, [.. file.Option(1, Text), .. file.Option(2, file.U32(0x0000_0002)), .. file.Option(1, "second"), .. file.Option(0)])
            .Secrets(0x544C534B, Data(13))
            .Obsolete(1, 1_700_000_000_123_456, Data(60, 2), 61, [.. file.Option(2, file.U32(1)), .. file.Option(0)])
            .Block(0x0BAD_CAFE, Data(40))
            .Simple(96, Data(96, 3))
            .Simple(1000, Data(96, 4))
            .Simple(3, Data(3, 5))
            .Custom(32473, Data(20))
            .Enhanced(1, 7, [])
            .Statistics(0, 5, file.Option(4, file.U64(99)));

        List<PacketData> expected =
        [
            new(Convert.ToHexString(Data(61, 1)), 1500, At(1_700_000_000, 123_456_789), LinkType.Ethernet, 0, Text, PacketDirection.Outbound),
            new(Convert.ToHexString(Data(60, 2)), 61, At(1_700_000_000, 123_456_000), LinkType.LinuxSll, 1, null, PacketDirection.Inbound),
            new(Convert.ToHexString(Data(96, 3)), 96, null, LinkType.Ethernet, 0),
            new(Convert.ToHexString(Data(96, 4)), 1000, null, LinkType.Ethernet, 0),
            new(Convert.ToHexString(Data(3, 5)), 3, null, LinkType.Ethernet, 0),
            new("", 0, At(0, 7000), LinkType.LinuxSll, 1),
        ];
        Assert.Equal(expected, ReadWhole(file.Bytes));

        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file.Bytes));
        while (reader.TryRead(out _)) { }
        Assert.Equal(
            [new CaptureInterface(0, LinkType.Ethernet, 96, TimeResolution.Nanoseconds, 0, "eth0", Text), new CaptureInterface(1, LinkType.LinuxSll, 0, TimeResolution.Microseconds)],
            reader.Interfaces);
    }

    [Fact]
    public void Sections_may_change_byte_order_and_number_their_interfaces_anew()
    {
        PcapNgBuilder file = new(false);
        file.Section().Interface(1).Enhanced(0, 1, Data(5, 1))
            .Section(isBigEndian: true).Interface(101).Interface(228).Enhanced(1, 2, Data(6, 2)).Simple(7, Data(7, 3))
            .Section(isBigEndian: false).Interface(229).Enhanced(0, 3, Data(8, 4));
        Assert.Equal(
            [(LinkType.Ethernet, 0), (LinkType.Ipv4, 2), (LinkType.Raw, 1), (LinkType.Ipv6, 3)],
            ReadWhole(file.Bytes).Select(p => (p.LinkType, p.Interface)));
        Assert.Equal([5, 6, 7, 8], ReadWhole(file.Bytes).Select(p => p.Bytes.Length / 2));
    }

    [Fact]
    public void An_interface_of_an_earlier_section_is_not_declared_in_the_next()
    {
        PcapNgBuilder file = new(false);
        file.Section().Interface().Enhanced(0, 1, Data(5)).Section().Enhanced(0, 1, Data(5));
        (List<PacketData> packets, CaptureDamage? damage) = Read(file.Bytes);
        Assert.Single(packets);
        Assert.Equal(("bad_block", (long)file.Blocks[^1].Start), (damage!.Code, damage.Offset));
    }

    [Fact]
    public void A_later_version_is_refused_in_front_and_is_damage_behind()
    {
        Assert.Contains("version 2.0", Assert.Throws<CaptureFormatException>(() => Read(new PcapNgBuilder(false).Section(major: 2).Bytes)).Message, StringComparison.Ordinal);
        PcapNgBuilder file = new(true);
        file.Section().Interface().Enhanced(0, 1, Data(5)).Section(major: 2);
        (List<PacketData> packets, CaptureDamage? damage) = Read(file.Bytes);
        Assert.Single(packets);
        Assert.Equal(file.Blocks[^1].Start, damage!.Offset);
    }

    [Fact]
    public void Blocks_are_given_whole_and_packets_among_them()
    {
        PcapNgBuilder file = new(true);
        file.Section().Interface().Secrets(1, Data(5)).Enhanced(0, 1, Data(9)).Block(77, Data(8));
        Assert.Equal(
            [CaptureBlockType.SectionHeader, CaptureBlockType.InterfaceDescription, CaptureBlockType.DecryptionSecrets, CaptureBlockType.EnhancedPacket, (CaptureBlockType)77],
            Blocks(file.Bytes).Select(b => b.Type));
        Assert.Equal(Convert.ToHexString(Data(9)), Blocks(file.Bytes)[3].Content);
        Assert.Equal(Convert.ToHexString(Data(8)), Blocks(file.Bytes)[4].Content);
    }

    [Fact]
    public void A_huge_block_that_is_no_packet_is_passed_over_in_constant_memory()
    {
        PcapNgBuilder front = new(false);
        front.Section().Interface().Block(0xFEED, [], length: 12 + 400_000_000, again: 0);
        byte[] head = front.Bytes[..^4];
        byte[] tail = [.. front.U32(12 + 400_000_000), .. new PcapNgBuilder(false).Enhanced(0, 1, Data(5)).Bytes];
        using CaptureReader reader = CaptureReader.Open(new JoinedStream(new RepeatingStream(head, new byte[4000], 100_000), new MemoryStream(tail)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.True(reader.TryRead(out CaptureRecord record));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        Assert.Equal(5, record.CapturedLength);
        Assert.False(reader.TryRead(out _));
        Assert.Null(reader.Damage);
        Assert.Equal(head.Length + 400_000_000L + tail.Length, reader.Position);
    }

    private sealed class JoinedStream(Stream first, Stream second) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer) => first.Read(buffer) is var count && count > 0 ? count : second.Read(buffer);

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
