using System.Numerics;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class TimeTests
{
    [Fact]
    public void Units_read_as_exact_arithmetic_says()
    {
        Random random = new(3);
        for (int i = 0; i < 20_000; i++)
        {
            (TimeResolution resolution, ulong units, long offset) = Draw(random);
            Assert.Equal(Exact(resolution, units, offset), resolution.ToTimestamp(units, offset));
        }
    }

    [Fact]
    public void A_time_that_was_read_can_be_written_so_that_it_reads_the_same()
    {
        Random random = new(4);
        for (int i = 0; i < 5_000; i++)
        {
            (TimeResolution resolution, ulong units, long offset) = Draw(random);
            Timestamp time = resolution.ToTimestamp(units, offset);
            Assert.True(resolution.TryToUnits(time, offset, out ulong again), $"{resolution} {units} {offset}");
            Assert.Equal(time, resolution.ToTimestamp(again, offset));
        }
    }

    [Fact]
    public void A_time_between_two_units_is_written_as_the_earlier()
    {
        Assert.True(TimeResolution.Microseconds.TryToUnits(At(5, 1999), 0, out ulong micro));
        Assert.Equal(5_000_001UL, micro);
        Assert.True(new TimeResolution(1, true).TryToUnits(At(5, 999_999_999), 0, out ulong half));
        Assert.Equal(11UL, half);
        Assert.True(new TimeResolution(32, true).TryToUnits(At(5), 0, out ulong whole));
        Assert.Equal(5UL << 32, whole);
        Assert.True(TimeResolution.Nanoseconds.TryToUnits(At(-5, 1), -10, out ulong shifted));
        Assert.Equal(5_000_000_001UL, shifted);
    }

    [Fact]
    public void A_time_out_of_range_is_told()
    {
        Assert.False(TimeResolution.Nanoseconds.TryToUnits(At(-1, 999_999_999), 0, out _));
        Assert.False(TimeResolution.Nanoseconds.TryToUnits(At(18_446_744_073, 709_551_616), 0, out _));
        Assert.True(TimeResolution.Nanoseconds.TryToUnits(At(18_446_744_073, 709_551_615), 0, out ulong last));
        Assert.Equal(ulong.MaxValue, last);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Files_of_odd_units_and_offsets_read_as_exact_arithmetic_says(bool isBigEndian)
    {
        Random random = new(5);
        PcapNgBuilder file = new PcapNgBuilder(isBigEndian).Section();
        List<Timestamp> expected = [];
        for (uint i = 0; i < 300; i++)
        {
            (TimeResolution resolution, ulong units, long offset) = Draw(random);
            byte unit = (byte)(resolution.Exponent | (resolution.IsBinary ? 0x80 : 0));
            file.Interface(1, 0, [.. file.Option(9, unit), .. file.Option(14, file.U64((ulong)offset)), .. file.Option(0)]).Enhanced(i, units, Data(4));
            expected.Add(Exact(resolution, units, offset));
        }
        List<PacketData> packets = ReadWhole(file.Bytes);
        Assert.Equal(expected, packets.Select(p => p.Time!.Value));
        Assert.Equal(packets, ReadWhole(Copy(file.Bytes, blocks: false)));
        Assert.Equal(packets, ReadWhole(Copy(file.Bytes, blocks: true)));
    }

    private static (TimeResolution Resolution, ulong Units, long Offset) Draw(Random random)
    {
        TimeResolution resolution = new(random.Next(4) == 0 ? random.Next(128) : random.Next(40), random.Next(2) == 0);
        ulong units = (ulong)random.NextInt64() << random.Next(2) >> random.Next(64);
        long offset = random.Next(4) switch { 0 => random.NextInt64(-2_000_000_000, 2_000_000_000), 1 => random.NextInt64(long.MinValue, long.MaxValue), _ => 0 };
        bool isPastAll = Exact(resolution, units, offset).Seconds == long.MaxValue;
        return isPastAll ? Draw(random) : (resolution, units, offset);
    }

    private static Timestamp Exact(TimeResolution resolution, ulong units, long offset)
    {
        BigInteger nanoseconds = new BigInteger(units) * 1_000_000_000 / BigInteger.Pow(resolution.IsBinary ? 2 : 10, resolution.Exponent);
        nanoseconds += new BigInteger(offset) * 1_000_000_000;
        BigInteger seconds = BigInteger.DivRem(nanoseconds, 1_000_000_000, out BigInteger rest);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + 1_000_000_000);
        return seconds > long.MaxValue ? new Timestamp(long.MaxValue, 999_999_999) : new Timestamp((long)seconds, (int)rest);
    }
}
