using System.Globalization;

namespace NetStack.Memory.Tests;

public sealed class ValueTests
{
    [Fact]
    public void A_line_reads_numbers_in_network_order_and_nothing_outside()
    {
        BufferPool pool = BufferPool.Create(64, 1);
        SharedSpan window = Frames.Window(pool, [.. Enumerable.Range(0, 64).Select(i => (byte)i)], 0);
        Assert.True(window.TakeLine(out HeaderLine line));
        Assert.Equal((0, 63, 0x3E3F, 0x3C3D3E3FU), (line.U8(0), line.U8(63), line.U16(62), line.U32(60)));
        Assert.Equal(64, line.Bytes.Length);
        HeaderLine copy = line;
        Assert.ThrowsAny<Exception>(() => copy.U8(64));
        Assert.ThrowsAny<Exception>(() => copy.U8(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => copy.U16(63));
        Assert.Throws<ArgumentOutOfRangeException>(() => copy.U32(61));
    }

    [Fact]
    public void Trust_defaults_to_none_and_says_what_it_is()
    {
        Assert.Equal(default, Trust.None);
        Assert.Equal("none data steering data+steering", string.Join(' ', Trust.None, Trust.DataOnly, Trust.SteeringOnly, Trust.Full));
    }

    [Fact]
    public void The_meter_counts_reads_and_copies_apart()
    {
        FetchMeter meter = new();
        meter.HeaderFetched(64);
        meter.HeaderFetched(10);
        meter.BodyRead(5);
        meter.BodyCopied(7);
        Assert.Equal((2, 74, 5, 7), (meter.HeaderFetches, meter.HeaderBytesFetched, meter.BodyBytesRead, meter.BodyBytesCopied));
        Assert.Equal("header fetches 2, header bytes fetched 74, body bytes read 5, body bytes copied 7", meter.ToString());
    }

    [Fact]
    public void Instants_saturate_at_both_ends()
    {
        Instant min = new(long.MinValue);
        Assert.Equal(Instant.MaxValue, Instant.FromSeconds(long.MaxValue));
        Assert.Equal(min, Instant.FromMilliseconds(long.MinValue));
        Assert.Equal(Instant.MaxValue, Instant.FromMicroseconds(9_223_372_036_854_776));
        Assert.Equal(new Instant(9_223_372_036_854_775_000), Instant.FromMicroseconds(9_223_372_036_854_775));
        Assert.Equal(Instant.MaxValue, new Instant(1) + TimeSpan.MaxValue);
        Assert.Equal(min, new Instant(-1) + TimeSpan.MinValue);
        Assert.Equal(Instant.MaxValue, Instant.MaxValue.AddNanoseconds(1));
        Assert.Equal(min, min.AddNanoseconds(-1));
        Assert.Equal(new Instant(-1), Instant.MaxValue.AddNanoseconds(long.MinValue));
        Assert.Equal(new TimeSpan(184_467_440_737_095_516), Instant.MaxValue - min);
        Assert.Equal(new TimeSpan(-184_467_440_737_095_516), min - Instant.MaxValue);
    }

    [Fact]
    public void Instants_compare_as_their_numbers()
    {
        Instant a = new(1);
        Instant b = new(2);
        Assert.True(a < b && a <= b && b > a && b >= a && a != b && !(a > b));
        Assert.Equal((a, a, a), (Instant.Min(a, b), Instant.Min(b, a), Instant.Earliest(a, b)!.Value));
        Assert.Equal((b, b, (Instant?)null), (Instant.Earliest(null, b)!.Value, Instant.Earliest(b, null)!.Value, Instant.Earliest(null, null)));
        Assert.True(a.CompareTo(b) < 0);
        Assert.Equal(TimeSpan.FromMicroseconds(1), new Instant(1_999) - new Instant(999));
    }

    [Theory]
    [InlineData(0, "0.000000000"), InlineData(1, "0.000000001"), InlineData(-500_000_000, "-0.500000000"), InlineData(1_500_000_000, "1.500000000")]
    [InlineData(-1_000_000_001, "-1.000000001"), InlineData(long.MaxValue, "9223372036.854775807"), InlineData(long.MinValue, "-9223372036.854775808")]
    public void An_instant_is_written_as_seconds(long nanoseconds, string text)
    {
        Assert.Equal(text, new Instant(nanoseconds).ToString());
        decimal parsed = decimal.Parse(text, CultureInfo.InvariantCulture);
        Assert.Equal(nanoseconds, (long)(parsed * 1_000_000_000));
    }
}
