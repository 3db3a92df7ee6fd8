using System.Buffers.Binary;

namespace NetStack.Memory.Tests;

public sealed class ChecksumTests
{
    /// <summary>RFC 1071 section 1, word by word: the slow and obvious way.</summary>
    internal static ushort Reference(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += (i & 1) == 0 ? (uint)bytes[i] << 8 : bytes[i];
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return (ushort)~sum;
    }

    [Fact]
    public void The_sum_of_private_bytes_is_the_reference_at_every_length_to_4096()
    {
        byte[] bytes = Frames.RandomBytes(new Random(1), 4096 + 32);
        foreach (int start in (int[])[0, 1, 2, 3, 7, 8, 17, 31])
        {
            for (int length = 0; length <= 4096; length++)
            {
                ReadOnlySpan<byte> piece = bytes.AsSpan(start, length);
                if (Reference(piece) != InternetChecksum.Compute(piece)) Assert.Fail($"length {length} at {start}");
            }
        }
    }

    [Theory, InlineData(0x00), InlineData(0xFF), InlineData(0x80)]
    public void Extreme_bytes_lose_no_carry(int value)
    {
        byte[] bytes = new byte[1 << 20];
        Array.Fill(bytes, (byte)value);
        foreach (int length in (int[])[0, 1, 2, 3, 63, 64, 65, 127, 128, 4095, 65_535, 65_536, bytes.Length - 1, bytes.Length])
            Assert.Equal(Reference(bytes.AsSpan(0, length)), InternetChecksum.Compute(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void Pieces_of_any_length_add_up_to_the_whole()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            byte[] bytes = Frames.RandomBytes(random, random.Next(0, 700));
            ChecksumAccumulator sum = default;
            for (int at = 0; at < bytes.Length;)
            {
                int length = Math.Min(bytes.Length - at, random.Next(4) == 0 ? random.Next(0, 300) : random.Next(0, 10));
                sum.Add(bytes.AsSpan(at, length));
                at += length;
            }
            if (Reference(bytes) != sum.Finish()) Assert.Fail($"seed {seed}");
            Assert.Equal((ushort)~sum.Finish(), sum.Sum);
        }
    }

    [Fact]
    public void Numbers_count_as_bytes_in_network_order_even_after_an_odd_piece()
    {
        byte[] bytes = [1, 2, 3, 0xAB, 0xCD, 0xDE, 0xAD, 0xBE, 0xEF, 9];
        ChecksumAccumulator sum = default;
        sum.Add(bytes.AsSpan(0, 3));
        sum.AddU16(0xABCD);
        sum.AddU32(0xDEADBEEF);
        sum.Add(bytes.AsSpan(9));
        Assert.Equal(Reference(bytes), sum.Finish());
    }

    /// <summary>RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2.</summary>
    [Fact]
    public void The_example_of_RFC_1071_comes_out()
    {
        ChecksumAccumulator sum = default;
        sum.Add([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]);
        Assert.Equal(0xDDF2, sum.Sum);
        Assert.Equal(0x220D, sum.Finish());
    }

    [Fact]
    public void Data_with_its_right_checksum_sums_to_zero()
    {
        byte[] bytes = Frames.RandomBytes(new Random(3), 40);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(10), InternetChecksum.Compute(bytes));
        Assert.Equal(0, InternetChecksum.Compute(bytes));
        bytes[20] ^= 1;
        Assert.NotEqual(0, InternetChecksum.Compute(bytes));
    }

    /// <summary>RFC 1624 section 4: checksum DD2F, field 5555 to 3285, gives 0000 and not FFFF.</summary>
    [Fact]
    public void The_example_of_RFC_1624_comes_out()
    {
        Assert.Equal(0x0000, InternetChecksum.Update(0xDD2F, 0x5555, 0x3285));
    }

    [Fact]
    public void An_update_equals_summing_anew()
    {
        Random random = new(5);
        byte[] bytes = Frames.RandomBytes(random, 64);
        for (int i = 0; i < 100_000; i++)
        {
            int at = random.Next(32) * 2;
            ushort before = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at));
            ushort after = random.Next(8) switch { 0 => 0, 1 => 0xFFFF, _ => (ushort)random.Next(0x10000) };
            ushort checksum = InternetChecksum.Compute(bytes);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), after);
            if (InternetChecksum.Compute(bytes) != InternetChecksum.Update(checksum, before, after)) Assert.Fail($"round {i}");
        }
    }
}
