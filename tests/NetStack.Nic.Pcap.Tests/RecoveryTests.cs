using System.Diagnostics;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

/// <summary>Reading on behind damage: what is whole is found again, and nothing is given that was not written.</summary>
public sealed class RecoveryTests
{
    private static readonly CaptureReaderOptions Recover = new() { Recover = true };

    public enum Format
    {
        PcapLittle,
        PcapBig,
        PcapNano,
        PcapNgLittle,
        PcapNgBig,
    }

    public static TheoryData<Format> Formats => [.. Enum.GetValues<Format>()];

    /// <summary>What is put between packets.</summary>
    private static byte[] Garbage(Random random) => random.Next(4) switch
    {
        0 => new byte[random.Next(1, 3000)],
        1 => [.. Enumerable.Repeat((byte)0xAA, random.Next(1, 500))],
        2 => [.. Enumerable.Repeat((byte)0xFF, random.Next(1, 500))],
        _ => Data(random.Next(1, 3000), random.Next()),
    };

    [Theory, MemberData(nameof(Formats))]
    public void Garbage_between_packets_costs_none_before_and_two_behind_at_most(Format format)
    {
        for (int seed = 0; seed < 150; seed++)
        {
            Random random = new(seed);
            (byte[] file, int[] starts) = Good(format, random);
            List<PacketData> whole = ReadWhole(file);
            int at = random.Next(1, whole.Count);
            byte[] garbage = Garbage(random);
            byte[] bad = [.. file[..starts[at]], .. garbage, .. file[starts[at]..]];
            (List<PacketData> packets, CaptureReader reader) = Read(bad);
            string where = $"{format}, seed {seed}: {garbage.Length} bytes of {garbage[0]:x2} before packet {at + 1} of {whole.Count}, {packets.Count} read, {reader.Damage}";
            Assert.True(whole.Take(at).SequenceEqual(packets.Take(at)), where);
            Assert.True(packets.All(whole.Contains), $"invented: {where}");
            Assert.True(packets.Count >= whole.Count - 2, where);
            CaptureGap gap = Assert.Single(reader.Skipped);
            Assert.True(gap.Offset == starts[at] && gap.PacketsBefore == at && gap.Length >= garbage.Length, $"{gap}: {where}");
            Assert.Equal((1L, gap.Length), (reader.SkippedCount, reader.SkippedBytes));
            Assert.True(reader.IsDamaged, where);
        }
    }

    [Theory, MemberData(nameof(Formats))]
    public void Garbage_in_many_places_costs_two_packets_each_at_most(Format format)
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            (byte[] file, int[] starts) = Good(format, random);
            List<PacketData> whole = ReadWhole(file);
            List<byte> bad = [.. file[..starts[0]]];
            int places = 0;
            for (int i = 0; i < starts.Length; i++)
            {
                if (i > 0 && random.Next(6) == 0)
                {
                    bad.AddRange(Garbage(random));
                    places++;
                }
                bad.AddRange(file.AsSpan(starts[i]..(i + 1 < starts.Length ? starts[i + 1] : file.Length)));
            }
            (List<PacketData> packets, CaptureReader reader) = Read([.. bad]);
            string where = $"{format}, seed {seed}: {places} places, {packets.Count} of {whole.Count}";
            Assert.True(packets.All(whole.Contains), $"invented: {where}");
            Assert.True(packets.Count >= whole.Count - 2 * places, where);
            Assert.InRange(reader.SkippedCount, 0, places);
        }
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_piece_that_is_lost_costs_what_it_held_and_two_packets_at_most(Format format)
    {
        for (int seed = 0; seed < 100; seed++)
        {
            Random random = new(seed);
            (byte[] file, int[] starts) = Good(format, random);
            List<PacketData> whole = ReadWhole(file);
            int from = random.Next(starts[2], file.Length - 10), length = random.Next(1, Math.Min(2000, file.Length - from));
            int before = starts.Count(s => s < from) - 1;                // whole before the hole
            int behind = starts.Count(s => s >= from + length);          // whole behind it
            (List<PacketData> packets, CaptureReader reader) = Read([.. file[..from], .. file[(from + length)..]]);
            string where = $"{format}, seed {seed}: {length} bytes lost at {from}, {before} before, {behind} behind, {packets.Count} read, {reader.Damage}";
            Assert.True(whole.Take(before).SequenceEqual(packets.Take(before)), where);
            Assert.True(packets.Count >= before + behind - 2, where);
            Assert.True(packets.Count(p => !whole.Contains(p)) <= 1, $"invented: {where}"); // the record with the hole: its header is whole
        }
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_whole_file_reads_the_same(Format format)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            byte[] file = Good(format, new Random(seed)).File;
            (List<PacketData> packets, CaptureReader reader) = Read(file);
            Assert.Equal(ReadWhole(file), packets);
            Assert.False(reader.IsDamaged);
        }
    }

    [Fact]
    public void Real_captures_that_are_whole_read_the_same()
    {
        List<string> differing = [];
        int compared = 0;
        foreach (string path in SharedFiles().Where(p => new FileInfo(p).Length < 3_000_000))
        {
            byte[] file = File.ReadAllBytes(path);
            try
            {
                (List<PacketData> whole, CaptureDamage? damage) = Captures.Read(file);
                // Fuzzers' files read as packets that nobody captured: zeros, lengths that contradict each other.
                if (damage is not null || whole.Any(p => p.WireLength == 0 || p.WireLength < p.Bytes.Length / 2)) continue;
                (List<PacketData> packets, CaptureReader reader) = Read(file);
                compared++;
                if (reader.IsDamaged || !whole.SequenceEqual(packets)) differing.Add($"{Path.GetFileName(path)}: {whole.Count} {packets.Count} {reader.Damage} {string.Join(' ', reader.Skipped.Take(3))}");
            }
            catch (CaptureFormatException)
            {
            }
        }
        Assert.Empty(differing);
        Assert.True(compared > 100, $"only {compared} captures");
    }

    [Theory, MemberData(nameof(Formats))]
    public void Random_damage_always_ends_and_never_throws(Format format)
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            byte[] bad = Good(format, random).File;
            int first = format >= Format.PcapNgLittle ? 28 : 24;
            for (int i = random.Next(1, 12); i > 0; i--) bad[random.Next(first, bad.Length)] = (byte)random.Next(256);
            (List<PacketData> packets, CaptureReader reader) = Read(bad);
            Assert.True(packets.Sum(p => p.Bytes.Length / 2) + reader.SkippedBytes <= bad.Length, $"{format}, seed {seed}");
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Time_rises_with_the_length_of_the_garbage_and_no_faster(bool isPcapNg)
    {
        // Every fourth byte begins what may be a header: the worst there is.
        byte[] head = isPcapNg ? new PcapNgBuilder(false).Section().Interface().Enhanced(0, 1, Data(20)).Bytes : new PcapBuilder(false).Packet(1, 0, Data(20)).Bytes;
        byte[] likely = isPcapNg ? [.. Word(6), .. Word(60_000)] : [.. Word(1), .. Word(1)];
        byte[] Hostile(int length) => [.. head, .. Word(uint.MaxValue), .. Word(uint.MaxValue), .. Word(uint.MaxValue), .. Enumerable.Repeat(likely, length / 8).SelectMany(b => b)];
        TimeSpan TimeOf(byte[] file)
        {
            long start = Stopwatch.GetTimestamp();
            Read(file);
            return Stopwatch.GetElapsedTime(start);
        }

        TimeOf(Hostile(200_000));
        TimeSpan one = TimeOf(Hostile(1_000_000)), eight = TimeOf(Hostile(8_000_000));
        Assert.True(eight < 40 * one + TimeSpan.FromSeconds(2), $"1 MB takes {one}, 8 MB {eight}");
    }

    [Fact]
    public void The_list_of_gaps_is_bounded_and_the_counts_go_on()
    {
        PcapNgBuilder file = new PcapNgBuilder(false).Section().Interface();
        for (int i = 0; i < 1500; i++) file.Enhanced(0, (ulong)i, Data(8, i)).Enhanced(7, (ulong)i, Data(8, i)); // of an interface nobody declared
        (List<PacketData> packets, CaptureReader reader) = Read(file.Enhanced(0, 9, Data(8)).Bytes);
        Assert.Equal((1501, 1000, 1500L), (packets.Count, reader.Skipped.Count, reader.SkippedCount));
        Assert.Equal(1500 * 40, reader.SkippedBytes);
        Assert.Null(reader.Damage);
    }

    [Fact]
    public void A_file_appended_to_another_is_read_on()
    {
        byte[] one = new PcapBuilder(false).Packet(1_700_000_000, 5, Data(60, 1)).Packet(1_700_000_001, 5, Data(60, 2)).Bytes;
        (List<PacketData> packets, CaptureReader reader) = Read([.. one, .. one]);
        Assert.Equal(ReadWhole(one).Concat(ReadWhole(one)), packets);
        Assert.Equal("skipped 24 bytes at byte 176, after packet 2: bad_record: a record header that cannot be one", Assert.Single(reader.Skipped).ToString());
    }

    [Fact]
    public void Damage_behind_which_nothing_is_found_stays()
    {
        byte[] file = new PcapBuilder(false).Packet(1, 0, Data(60)).Bytes;
        (List<PacketData> packets, CaptureReader reader) = Read([.. file, .. Enumerable.Repeat((byte)0xAA, 5000)]);
        Assert.Single(packets);
        Assert.Empty(reader.Skipped);
        Assert.Equal(("bad_record", (long)file.Length), (reader.Damage!.Code, reader.Damage.Offset));
    }

    [Fact]
    public void More_interfaces_than_65536_are_damage()
    {
        PcapNgBuilder file = new PcapNgBuilder(false).Section();
        for (int i = 0; i <= 65_536; i++) file.Interface();
        (_, CaptureDamage? damage) = Captures.Read(file.Bytes);
        Assert.Equal("more than 65536 interfaces", damage!.Detail);
        Assert.Equal(file.Blocks[^1].Start, damage.Offset);
    }

    private static byte[] Word(uint value) => BitConverter.GetBytes(value);

    /// <summary>A file of 5 to 60 packets, and where each begins.</summary>
    private static (byte[] File, int[] Starts) Good(Format format, Random random)
    {
        int count = random.Next(5, 60);
        uint time = 1_700_000_000;
        if (format < Format.PcapNgLittle)
        {
            PcapBuilder pcap = new(format == Format.PcapBig, format == Format.PcapNano ? 0xA1B23C4D : 0xA1B2C3D4);
            for (int i = 0; i < count; i++)
            {
                byte[] data = Data(random.Next(20, 1500), random.Next());
                pcap.Packet(time += (uint)random.Next(3), (uint)random.Next(1_000_000), (uint)data.Length, (uint)(data.Length + (random.Next(4) == 0 ? 100 : 0)), data);
            }
            return (pcap.Bytes, [.. pcap.Starts]);
        }
        PcapNgBuilder file = new PcapNgBuilder(format == Format.PcapNgBig).Section().Interface().Interface(101);
        for (int i = 0; i < count; i++) file.Enhanced((uint)random.Next(2), (ulong)(time += 3) * 1_000_000, Data(random.Next(20, 1500), random.Next()));
        return (file.Bytes, [.. file.Blocks.Where(b => b.IsPacket).Select(b => b.Start)]);
    }

    private static (List<PacketData> Packets, CaptureReader Reader) Read(byte[] file)
    {
        CaptureReader reader = CaptureReader.Open(new MemoryStream(file), options: Recover);
        List<PacketData> packets = [];
        while (reader.TryRead(out CaptureRecord record)) packets.Add(PacketData.From(record));
        reader.Dispose();
        return (packets, reader);
    }
}
