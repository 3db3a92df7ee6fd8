using FsCheck;
using FsCheck.Fluent;
using NetStack.Tcp;

namespace NetStack.Tests.TcpParts;

/// <summary>RFC 9293 section 3.4: arithmetic modulo 2^32.</summary>
public sealed class SequenceNumberTests
{
    private static readonly uint[] Edges = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, 0xFFFF_FFFF];

    [Fact]
    public void A_later_number_is_greater_wherever_it_begins() => Check.QuickThrowOnFailure(Prop.ForAll<uint, int>((start, distance) =>
    {
        SequenceNumber a = new(start);
        distance &= int.MaxValue;
        SequenceNumber b = a + distance;
        return b - a == distance && (distance == 0 ? a == b && a <= b && a >= b : a < b && b > a && a <= b && b >= a && !(b < a));
    }));

    [Fact]
    public void Numbers_compare_across_the_wrap()
    {
        foreach (uint edge in Edges)
        {
            SequenceNumber a = new(edge);
            Assert.True(a < a + 1 && a - 1 < a && a + int.MaxValue > a);
            Assert.Equal(a, SequenceNumber.Min(a, a + 5));
            Assert.Equal(a + 5, SequenceNumber.Max(a, a + 5));
            Assert.Equal(a, a + 7 - 7);
        }
    }

    [Fact]
    public void A_window_holds_its_numbers_and_no_others() => Check.QuickThrowOnFailure(Prop.ForAll<uint, ushort, uint>((start, length, offset) =>
    {
        SequenceNumber first = new(start);
        SequenceNumber number = new(unchecked(start + offset));
        return number.IsWithin(first, length) == (offset < length) && number.IsBetween(first, first + length) == (offset <= length);
    }));
}
