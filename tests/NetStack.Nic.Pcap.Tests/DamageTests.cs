using System.Buffers.Binary;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class DamageTests
{
    private const int PcapHeader = 24;
    private const int SectionHeader = 28;

    private static readonly uint[] Hostile = [0, 1, 3, 11, 12, 13, 28, 0x7F, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF];

    [Theory, InlineData(false), InlineData(true)]
    public void A_pcap_cut_anywhere_gives_every_packet_before_the_cut(bool isBigEndian)
    {
        PcapBuilder builder = new(isBigEndian);
        for (int i = 0; i < 5; i++) builder.Packet((uint)i, 0, Data(20 + i, i));
        byte[] file = builder.Bytes;
        List<PacketData> whole = ReadWhole(file);
        for (int cut = 0; cut < PcapHeader; cut++) Assert.Throws<CaptureFormatException>(() => Read(file[..cut]));
        for (int cut = PcapHeader; cut <= file.Length; cut++)
        {
            List<int> ends = [.. builder.Starts.Skip(1), file.Length];
            int complete = ends.Count(end => end <= cut);
            (List<PacketData> packets, CaptureDamage? damage) = Read(file[..cut]);
            Assert.Equal(whole.Take(complete), packets);
            bool isBorder = cut == file.Length || builder.Starts.Contains(cut);
            Assert.Equal(isBorder ? null : $"truncated_file {builder.Starts[complete]}", Told(damage));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_pcapng_cut_anywhere_gives_every_packet_before_the_cut(bool isBigEndian)
    {
        PcapNgBuilder builder = Rich(isBigEndian);
        byte[] file = builder.Bytes;
        List<PacketData> whole = ReadWhole(file);
        for (int cut = 0; cut < SectionHeader; cut++) Assert.Throws<CaptureFormatException>(() => Read(file[..cut]));
        for (int cut = SectionHeader; cut <= file.Length; cut++)
        {
            int packetsBefore = builder.Blocks.Count(b => b.IsPacket && b.End <= cut);
            (List<PacketData> packets, CaptureDamage? damage) = Read(file[..cut]);
            Assert.Equal(whole.Take(packetsBefore), packets);
            bool isBorder = builder.Blocks.Any(b => b.End == cut);
            long start = builder.Blocks.Last(b => b.Start < cut).Start;
            Assert.Equal(isBorder ? null : $"truncated_file {start}", Told(damage));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_pcap_with_any_byte_wrong_is_read_without_an_exception_and_in_bounded_memory(bool isBigEndian)
    {
        PcapBuilder builder = new(isBigEndian);
        for (int i = 0; i < 3; i++) builder.Packet((uint)i, 0, Data(20 + i, i));
        CorruptEverywhere(builder.Bytes);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_pcapng_with_any_byte_wrong_is_read_without_an_exception_and_in_bounded_memory(bool isBigEndian) => CorruptEverywhere(Rich(isBigEndian).Bytes);

    [Theory, InlineData(1), InlineData(2)]
    public void Random_damage_in_many_places_is_read_without_an_exception(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 150; round++)
        {
            byte[] file = Rich(random.Next(2) == 0).Bytes;
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                int at = random.Next(1, file.Length / 4) * 4;
                uint value = random.Next(2) == 0 ? Hostile[random.Next(Hostile.Length)] : (uint)random.Next();
                if (at + 4 <= file.Length) BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), random.Next(2) == 0 ? value : BinaryPrimitives.ReverseEndianness(value));
            }
            ReadAnything(file, $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void Damaged_pcap_records_stop_where_they_begin_and_odd_ones_are_read()
    {
        PcapBuilder builder = new(false);
        for (int i = 0; i < 20; i++) builder.Packet((uint)i, 0, Data(60, i));
        byte[] good = builder.Bytes;
        int at = builder.Starts[10];
        List<PacketData> whole = ReadWhole(good);

        void Stops(string code, Func<byte[], byte[]> damage)
        {
            (List<PacketData> packets, CaptureDamage? told) = Read(damage([.. good]));
            Assert.Equal(whole.Take(10), packets);
            Assert.Equal((code, (long)at), (told!.Code, told.Offset));
        }

        Stops("truncated_file", f => f[..(at + 7)]);
        Stops("truncated_file", f => f[..(at + 16 + 20)]);
        Stops("bad_record", f => Put(f, at + 8, 0x7FFF_FFFF));
        Stops("bad_record", f => Put(f, at + 8, 0xFFFF_FFFF));
        Stops("bad_record", f => Put(f, at + 8, 300_000));
        Stops("bad_record", f => [.. f[..at], .. Enumerable.Repeat((byte)0xAA, 100), .. f[at..]]);
        Stops("truncated_file", f => Put(f, at + 8, 262_144));

        Assert.Equal(10, ReadWhole(Put([.. good], at + 12, 10))[10].WireLength); // shorter on the wire than in the file
        byte[] empty = [.. good[..(at + 8)], 0, 0, 0, 0, 0, 0, 0, 0, .. good[(at + 16 + 60)..]];
        Assert.Equal(("", 0), (ReadWhole(empty)[10].Bytes, ReadWhole(empty)[10].WireLength));
        Assert.Equal(20, ReadWhole(empty).Count);
        Assert.Equal(At(15), ReadWhole(Put([.. good], at + 4, 5_000_000))[10].Time);
        Assert.Equal(60_000, (int)ReadWhole(Put([.. good], 20, 60_000))[0].LinkType);
        Assert.Empty(ReadWhole(good[..24]));
    }

    [Theory]
    [InlineData(new byte[] { 0, 1, 2, 3 }, 0, "0x00010203")]
    [InlineData(new byte[] { 9, 0, 9, 0 }, 4, "version 9.9")]
    public void A_bad_magic_or_version_is_refused(byte[] bytes, int at, string part)
    {
        byte[] file = new PcapBuilder(false).Packet(1, 0, Data(10)).Bytes;
        bytes.CopyTo(file, at);
        Assert.Contains(part, Assert.Throws<CaptureFormatException>(() => Read(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_pcapng_blocks_stop_where_they_begin_and_odd_ones_are_read()
    {
        byte[] data = Data(60);
        PcapNgBuilder File() => new PcapNgBuilder(false).Section().Interface(1, 262144);

        void Stops(string code, int packets, PcapNgBuilder file, int drop = 0)
        {
            (List<PacketData> read, CaptureDamage? told) = Read(file.Bytes[..^drop]);
            Assert.Equal(packets, read.Count);
            Assert.Equal((code, (long)file.Blocks[packets + 2].Start), (told!.Code, told.Offset));
        }

        PcapNgBuilder U = new(false);
        Stops("truncated_file", 1, File().Enhanced(0, 1, data).Enhanced(0, 2, data), drop: 50);
        Stops("bad_block", 1, File().Enhanced(0, 1, data).Enhanced(9, 2, data).Enhanced(0, 3, data));
        Stops("bad_block", 1, File().Enhanced(0, 1, data).Block(6, [.. U.U32(0), .. U.U32(0), .. U.U32(1), .. U.U32(60), .. U.U32(60), .. data], again: 99));
        Stops("bad_block", 0, File().Block(6, data, length: 61));
        Stops("bad_block", 1, File().Enhanced(0, 1, data).Block(6, data, length: 0x7FFF_FFF0));
        Stops("bad_block", 1, File().Enhanced(0, 1, data).Enhanced(0, 2, data, captured: 100_000).Enhanced(0, 3, data));
        Stops("bad_block", 1, File().Enhanced(0, 1, data).Enhanced(0, 2, data, captured: uint.MaxValue));
        Stops("bad_block", 0, File().Block(7, data, length: 8));
        Stops("bad_block", 0, File().Block(7, data, again: 8));
        Stops("bad_block", 0, File().Block(3, [], length: 12));
        Stops("bad_block", 0, File().Block(1, [1, 0, 0, 0], length: 16));
        Stops("truncated_file", 0, File().Block(7, data, length: 0x7FFF_FFF0));
        Stops("bad_block", 0, File().Block(0x0A0D0D0A, data));

        (List<PacketData> none, CaptureDamage? undeclared) = Read(new PcapNgBuilder(false).Section().Enhanced(0, 1, data).Bytes);
        Assert.Empty(none);
        Assert.Equal(("bad_block", 28L), (undeclared!.Code, undeclared.Offset));
        (none, undeclared) = Read(new PcapNgBuilder(false).Section().Simple(4, [1, 2, 3, 4]).Bytes);
        Assert.Empty(none);
        Assert.Equal(28, undeclared!.Offset);
    }

    /// <summary>A file with every kind of block.</summary>
    private static PcapNgBuilder Rich(bool isBigEndian)
    {
        PcapNgBuilder file = new(isBigEndian);
        return file.Section(options: file.Option(1, "hi"))
            .Interface(1, 96, [.. file.Option(2, "e"), .. file.Option(9, 9), .. file.Option(0)])
            .Names(file.Option(1, 10, 0, 0, 1, (byte)'a', 0), [])
            .Enhanced(0, 1_700_000_000_123_456_789, Data(13), 1500, [.. file.Option(1, "c"), .. file.Option(0)])
            .Secrets(1, Data(5)).Simple(9, Data(9)).Custom(1, Data(3)).Obsolete(0, 5, Data(6))
            .Statistics(0, 5, [])
            .Section().Interface(101).Enhanced(0, 4, Data(8));
    }

    private static void CorruptEverywhere(byte[] good)
    {
        for (int at = 0; at < good.Length; at++)
        {
            foreach (byte flip in new byte[] { 0xFF, 0x80 })
            {
                byte[] file = [.. good];
                file[at] ^= flip;
                ReadAnything(file, $"byte {at} xor {flip:x2}");
            }
        }
    }

    private static void ReadAnything(byte[] file, string where)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using CaptureReader reader = CaptureReader.Open(new MemoryStream(file));
            int packets = 0;
            while (reader.TryRead(out CaptureRecord record))
            {
                _ = record.Headers.Require(64);
                _ = record.Comment;
                Assert.True(++packets <= file.Length / 16, where);
                Assert.True(record.CapturedLength <= file.Length, where);
            }
            Assert.True(reader.Damage is null || (reader.Damage.Offset >= 0 && reader.Damage.Offset <= file.Length), where);
        }
        catch (CaptureFormatException)
        {
        }
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4_000_000, where);
    }

    private static string? Told(CaptureDamage? damage) => damage is null ? null : $"{damage.Code} {damage.Offset}";

    private static byte[] Put(byte[] file, int at, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);
        return file;
    }
}
