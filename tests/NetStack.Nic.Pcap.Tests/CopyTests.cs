using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class CopyTests
{
    [Fact]
    public void A_big_endian_file_copied_block_by_block_is_the_little_endian_file_it_could_have_been()
    {
        byte[] little = Everything(false), big = Everything(true);
        Assert.NotEqual(little, big);
        Assert.Equal(Convert.ToHexString(little), Convert.ToHexString(Copy(big, blocks: true)));
        Assert.Equal(Convert.ToHexString(little), Convert.ToHexString(Copy(little, blocks: true)));
    }

    [Fact]
    public void A_block_of_unknown_kind_is_kept_where_the_byte_order_is_ours_and_counted_elsewhere()
    {
        foreach (bool isBigEndian in new[] { false, true })
        {
            PcapNgBuilder file = new(isBigEndian);
            file.Section().Block(0x1234, Data(8)).Custom(1, Data(4), isCopied: false).Interface().Enhanced(0, 1, Data(4));
            long leftOut = 0;
            byte[] copy = Write(writer =>
            {
                using CaptureReader reader = CaptureReader.Open(new MemoryStream(file.Bytes));
                while (reader.TryReadBlock(out CaptureBlock block)) writer.Write(block);
                leftOut = writer.BlocksLeftOut;
            });
            Assert.Equal(isBigEndian ? 1 : 0, leftOut);
            Assert.Equal(!isBigEndian, Blocks(copy).Any(b => b.Type == (CaptureBlockType)0x1234));
            Assert.DoesNotContain(Blocks(copy), b => b.Type == CaptureBlockType.CustomNotCopied);
            Assert.Single(ReadWhole(copy));
        }
    }

    [Fact]
    public void A_name_that_is_no_text_is_copied_as_far_as_an_option_can_hold_it()
    {
        PcapNgBuilder file = new(false);
        byte[] name = new byte[40_000]; // as many replacement characters, of three bytes each
        Array.Fill(name, (byte)0xFF);
        file.Section().Interface(options: file.Option(2, name)).Enhanced(0, 1, Data(40));
        foreach (bool blocks in new[] { false, true })
        {
            byte[] copy = Copy(file.Bytes, blocks);
            Assert.Equal(Convert.ToHexString(Data(40)), Assert.Single(ReadWhole(copy)).Bytes);
            using CaptureReader reader = CaptureReader.Open(new MemoryStream(copy));
            Assert.True(reader.TryRead(out _));
            Assert.Equal(blocks ? 40_000 : 21_845, reader.Interfaces[0].Name!.Length);
        }
    }

    [Fact]
    public void Blocks_that_contradict_themselves_are_left_out_and_counted()
    {
        PcapNgBuilder file = new(false);
        file.Section().Interface()
            .Block(10, [.. file.U32(1), .. file.U32(1000), 1, 2, 3, 4])
            .Block(10, [1, 2, 3, 4])
            .Block(4, [.. file.U16(1), .. file.U16(60_000), 1, 2, 3, 4])
            .Block(4, [])
            .Statistics(9, 1, [])
            .Block(5, [1, 2, 3, 4])
            .Enhanced(0, 1, Data(4), options: [.. file.Option(1, "good"), .. file.U16(1), .. file.U16(50)]);
        byte[] copy = Write(writer =>
        {
            using CaptureReader reader = CaptureReader.Open(new MemoryStream(file.Bytes));
            while (reader.TryReadBlock(out CaptureBlock block)) writer.Write(block);
            Assert.Null(reader.Damage);
            Assert.Equal(6, writer.BlocksLeftOut);
        });
        Assert.Equal([CaptureBlockType.SectionHeader, CaptureBlockType.InterfaceDescription, CaptureBlockType.EnhancedPacket], Blocks(copy).Select(b => b.Type));
        Assert.Equal("good", Assert.Single(ReadWhole(copy)).Comment);
    }

    [Fact]
    public void Packets_copied_from_two_captures_keep_their_own_interfaces()
    {
        PcapNgBuilder one = new(true), two = new(false);
        one.Section().Interface(1, 0, one.Option(2, "a")).Interface(101, 0, one.Option(2, "b")).Enhanced(1, 1, Data(4)).Enhanced(0, 2, Data(5), options: one.Option(1, "kept"));
        two.Section().Interface(228, 0, two.Option(2, "c")).Enhanced(0, 3, Data(6)).Enhanced(0, 4, Data(7));
        byte[] merged = Write(writer =>
        {
            using CaptureReader first = CaptureReader.Open(new MemoryStream(one.Bytes)), second = CaptureReader.Open(new MemoryStream(two.Bytes));
            while (first.TryRead(out CaptureRecord left) && second.TryRead(out CaptureRecord right))
            {
                writer.Write(left, "more");
                writer.Write(right);
            }
            Assert.Equal(["a", "b", "c"], writer.Interfaces.Select(i => i.Name));
        });
        Assert.Equal([1, 2, 0, 2], ReadWhole(merged).Select(p => p.Interface));
        Assert.Equal(["more", null, "more", null], ReadWhole(merged).Select(p => p.Comment));
    }

    [Fact]
    public void A_capture_copied_into_pcap_keeps_its_packets()
    {
        byte[] file = Write(writer =>
        {
            writer.AddInterface(NetStack.Wire.LinkType.Raw, name: "x");
            for (int i = 0; i < 50; i++) writer.Write(Data(i, i), i + 5, At(i, i));
            writer.WriteNames();
        });
        foreach (bool blocks in new[] { false, true })
            Assert.Equal(ReadWhole(file), ReadWhole(Copy(file, blocks, new CaptureWriterOptions { Format = CaptureFileFormat.Pcap })));
    }

    [Fact]
    public void Every_shared_capture_copied_reads_the_same()
    {
        int files = 0;
        foreach (string path in SharedFiles())
        {
            byte[] file = File.ReadAllBytes(path);
            List<PacketData> packets;
            try
            {
                packets = Read(file).Packets;
            }
            catch (CaptureFormatException)
            {
                continue;
            }
            files++;
            foreach (bool blocks in new[] { false, true })
            {
                byte[] copy = Copy(file, blocks);
                (List<PacketData> again, CaptureDamage? damage) = Read(copy);
                Assert.True(damage is null, $"{path}: {damage}");
                Assert.True(packets.SequenceEqual(again), $"{path} ({(blocks ? "blocks" : "packets")}): {Difference(packets, again)}");
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{files} captures copied");
        Assert.True(files > 300, $"only {files} captures were read");
    }

    private static string Difference(List<PacketData> expected, List<PacketData> actual)
    {
        for (int i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            if (expected[i] != actual[i]) return $"packet {i + 1}: {expected[i]} became {actual[i]}";
        }
        return $"{expected.Count} packets became {actual.Count}";
    }

    private static byte[] Everything(bool isBigEndian)
    {
        PcapNgBuilder file = new(isBigEndian);
        byte[] Custom(ushort code, int length) => file.Option(code, [.. file.U32(32473), .. Data(length)]);
        file.Section(options: [.. file.Option(2, "hw"), .. file.Option(1, "one"), .. file.Option(1, "two"), .. Custom(2988, 5)])
            .Interface(1, 96, [
                .. file.Option(2, "eth0"), .. file.Option(4, Data(8)), .. file.Option(6, Data(6)), .. file.Option(8, file.U64(10_000_000_000)), .. file.Option(9, 9),
                .. file.Option(10, file.U32(7)), .. file.Option(11, [0, .. Data(9)]), .. file.Option(13, 4), .. file.Option(14, file.U64(77)), .. file.Option(16, file.U64(5)), .. file.Option(17, file.U64(6))])
            .Names([.. file.Option(1, [10, 0, 0, 1, (byte)'x', 0]), .. file.Option(2, [.. Data(16), (byte)'y', 0])], [.. file.Option(2, "dns"), .. file.Option(3, 8, 8, 8, 8)])
            .Enhanced(0, 12345678901234, Data(61), 100, [
                .. file.Option(1, "comment"), .. file.Option(2, file.U32(0x11_0001)), .. file.Option(3, 2, 1, 2, 3, 4), .. file.Option(4, file.U64(3)),
                .. file.Option(5, file.U64(99)), .. file.Option(6, file.U32(2)), .. file.Option(7, 1, 9, 8, 7), .. file.Option(8, [.. file.U32(4), .. file.U32(5)]), .. Custom(2989, 3)])
            .Secrets(0x544C534B, Data(11))
            .Custom(32473, Data(9))
            .Block(9, [.. "MESSAGE=x\n"u8])
            .Interface(113)
            .Enhanced(1, 5, Data(3))
            .Statistics(1, 88, [.. file.Option(2, [.. file.U32(1), .. file.U32(2)]), .. file.Option(4, file.U64(10)), .. file.Option(8, file.U64(9)), .. file.Option(1, "end")])
            .Section().Interface(101).Simple(5, Data(5)).Statistics(0, 1, []);
        return file.Bytes;
    }
}
