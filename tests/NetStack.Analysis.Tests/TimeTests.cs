using System.Buffers;
using System.Text;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

public sealed class TimeTests
{
    private readonly HeaderSnapshot _snapshot = Packets.Snapshot([]);

    [Theory]
    [InlineData(TimeFormat.Utc, "00:00:01.500000 23:59:59.000001 00:00:00.000000")]
    [InlineData(TimeFormat.Epoch, "1.500000 86399.000001 86400.000000")]
    [InlineData(TimeFormat.Relative, "0.000000 86397.500001 86398.500000")]
    [InlineData(TimeFormat.Delta, "0.000000 86397.500001 0.999999")]
    public void A_time_is_written_in_the_form_that_was_asked_for(TimeFormat format, string expected)
    {
        Assert.Equal(expected.Split(' '), Times(format, new(1, 500_000_000), new(86_399, 1_000), new(86_400, 0)));
    }

    [Fact]
    public void No_time_is_written_where_none_is_wanted()
    {
        Assert.Equal(Times(TimeFormat.None, new Timestamp(1, 2)), Times(TimeFormat.None, (Timestamp?)null));
    }

    [Theory, InlineData(TimeFormat.Utc), InlineData(TimeFormat.Epoch), InlineData(TimeFormat.Relative), InlineData(TimeFormat.Delta)]
    public void A_packet_without_a_time_has_a_dash_and_counts_for_nothing(TimeFormat format)
    {
        string[] with = Times(format, new(5, 0), null, new(7, 0));
        Assert.Equal("-", with[1]);
        Assert.Equal<string[]>(Times(format, new(5, 0), new(7, 0)), [with[0], with[2]]);
    }

    [Fact]
    public void Times_that_run_backwards_have_a_sign()
    {
        Assert.Equal(["0.000000", "-1.250000"], Times(TimeFormat.Relative, new(10, 0), new(8, 750_000_000)));
        Assert.Equal(["0.000000", "-0.250000"], Times(TimeFormat.Delta, new(10, 0), new(9, 750_000_000)));
    }

    [Fact]
    public void Before_1970_the_day_still_runs_forward()
    {
        Assert.Equal(["23:59:59.999999"], Times(TimeFormat.Utc, new Timestamp(-1, 999_999_000)));
        Assert.Equal(["-0.000001"], Times(TimeFormat.Epoch, new Timestamp(-1, 999_999_000)));
    }

    [Fact]
    public void Once_a_time_needs_nine_decimals_all_later_ones_have_nine()
    {
        Assert.Equal(["1.000000", "1.000000001", "2.000000000"], Times(TimeFormat.Epoch, new(1, 0), new(1, 1), new(2, 0)));
    }

    [Fact]
    public void Steps_add_up_to_the_time_since_the_first_packet()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            Timestamp?[] times = [.. Enumerable.Range(0, 20).Select(_ => (Timestamp?)new Timestamp(random.Next(), random.Next(1_000_000) * 1_000))];
            decimal[] steps = [.. Times(TimeFormat.Delta, times).Select(Parse)];
            decimal[] since = [.. Times(TimeFormat.Relative, times).Select(Parse)];
            for (int i = 0; i < times.Length; i++) Assert.True(since[i] == steps[..(i + 1)].Sum(), $"seed {seed}");
        }
    }

    private static decimal Parse(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The first word of each line.</summary>
    private string[] Times(TimeFormat format, params Timestamp?[] times)
    {
        ArrayBufferWriter<byte> output = new();
        PacketLine line = new(format);
        foreach (Timestamp? time in times) line.Write(output, PacketHeaders.Decode(_snapshot, new PacketInfo(1, time, 0, 60, LinkType.Ethernet, 0)));
        return [.. Encoding.UTF8.GetString(output.WrittenSpan).TrimEnd('\n').Split('\n').Select(l => l.Split(' ')[0])];
    }
}
