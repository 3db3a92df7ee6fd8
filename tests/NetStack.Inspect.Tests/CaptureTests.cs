using System.Text;
using System.Text.RegularExpressions;
using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>
/// What the tool prints of every sample capture. The lines are in golden/; run with UPDATE_GOLDEN=1 to write them anew and
/// review the difference.
/// </summary>
public sealed partial class CaptureTests
{
    private static readonly string Golden = RepositoryRoot.PathOf("tests", "NetStack.Inspect.Tests", "golden");

    [Fact]
    public async Task The_readme_shows_the_conversations_as_they_are_printed()
    {
        ToolRun run = await Tool.RunAsync("conversations", "--no-analysis", SampleCaptures.PathOf("web"));
        Assert.Equal(0, run.Exit);
        Assert.Contains($"```\n{run.Output}```\n", File.ReadAllText(RepositoryRoot.PathOf("README.md")).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public async Task Every_packet_is_one_line_and_the_lines_are_those_of_the_golden_file(string capture)
    {
        ToolRun run = await Tool.RunAsync("inspect", SampleCaptures.PathOf(capture));
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.All(run.Lines, line => Assert.Matches(LineForm(), line));
        string file = Path.Combine(Golden, capture + ".txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") await File.WriteAllTextAsync(file, run.Output, TestContext.Current.CancellationToken);
        Assert.Equal((await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n"), run.Output);
    }

    [Theory, MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void Every_packet_is_one_line_of_json_that_obeys_the_contract(string capture)
    {
        string[] lines = Print(capture, json: true).Split('\n')[..^1];
        for (int i = 0; i < lines.Length; i++) JsonContract.Check(lines[i], i + 1);
        Assert.Equal(Print(capture, json: false).Count(c => c == '\n'), lines.Length);
    }

    [Theory, MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void Through_the_ring_every_packet_is_printed_as_from_the_file(string capture)
    {
        foreach (bool json in new[] { false, true })
        {
            string file = Print(capture, json);
            CaptureRequest ring = new() { Files = [], ViaRing = true };
            Assert.Equal(file, Print(capture, json, ring));
            Assert.Equal(file, Print(capture, json, ring with { RingBuffers = 2, RingBufferSize = 2048 }));
            Assert.Equal(file, Print(capture, json, ring with { RingBuffers = 64, RingBufferSize = 64 }));
            Assert.Equal(file, Print(capture, json, ring with { RingScramble = true }));
        }
    }

    [Theory, InlineData("epoch", @"^\d{10}\.\d{9} ARP"), InlineData("relative", @"^0\.0{9} ARP"), InlineData("none", "^ARP")]
    public async Task The_time_in_front_is_the_one_that_was_asked_for(string time, string form)
    {
        ToolRun run = await Tool.RunAsync("inspect", "--time", time, "-c", "1", "-r", SampleCaptures.PathOf("web"));
        Assert.Equal(0, run.Exit);
        Assert.Matches(form, Assert.Single(run.Lines));
    }

    [Fact]
    public async Task A_count_stops_after_so_many_packets()
    {
        ToolRun all = await Tool.RunAsync("inspect", SampleCaptures.PathOf("dns"));
        ToolRun some = await Tool.RunAsync("inspect", "--count", "7", SampleCaptures.PathOf("dns"));
        Assert.Equal(all.Lines[..7], some.Lines);
        Assert.Equal(all, await Tool.RunAsync("inspect", "--count", "9999", SampleCaptures.PathOf("dns")));
    }

    [Fact]
    public async Task Statistics_from_the_file_say_how_little_was_touched()
    {
        ToolRun run = await Tool.RunAsync("inspect", "--stats", SampleCaptures.PathOf("web"));
        Assert.Equal(run.Lines.Length, Figure(run, "packets printed"));
        AssertHeadersOnly(run);
    }

    [Fact]
    public async Task Statistics_through_the_ring_account_for_every_frame_and_buffer()
    {
        ToolRun run = await Tool.RunAsync("inspect", "--via", "ring", "--ring-buffers", "16", "--ring-buffer-size", "256", "--stats", SampleCaptures.PathOf("web"));
        foreach (string figure in new[] { "frames posted", "completed", "delivered", "packets printed" }) Assert.Equal(run.Lines.Length, Figure(run, figure));
        long chained = Figure(run, "frames chained");
        Assert.InRange(chained, 1, run.Lines.Length - 1);
        Assert.Equal(run.Lines.Length + Figure(run, "buffers chained"), BuffersCompleted(run));
        Assert.Equal((0, 0, 0), (Figure(run, "maps after start"), Figure(run, "unmaps"), Figure(run, "IOMMU faults")));
        Assert.Contains("drops: ring none, multiplexer none, port none", run.Error, StringComparison.Ordinal);
        AssertHeadersOnly(run);
    }

    private static void AssertHeadersOnly(ToolRun run)
    {
        long fetches = Figure(run, "header fetches");
        Assert.InRange(fetches, run.Lines.Length, run.Lines.Length * 2);
        Assert.InRange(Figure(run, "header bytes fetched"), run.Lines.Length * 42, fetches * 64);
        Assert.Equal(0, Figure(run, "body bytes read"));
    }

    /// <summary>The number behind a name among the counters.</summary>
    private static long Figure(ToolRun run, string name)
    {
        Match match = Regex.Match(run.Error, $@"\b{name} (\d+)");
        Assert.True(match.Success, $"no {name} in: {run.Error}");
        return long.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    private static long BuffersCompleted(ToolRun run) =>
        long.Parse(Regex.Match(run.Error, @"buffers posted \d+, completed (\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>In this process: a start of the tool costs a quarter of a second.</summary>
    private static string Print(string capture, bool json, CaptureRequest? request = null)
    {
        using MemoryStream stream = new();
        using StringWriter errors = new();
        using StandardOutput output = new(stream);
        request = (request ?? new() { Files = [] }) with { Files = [SampleCaptures.PathOf(capture)] };
        Assert.Equal(0, CaptureRun.Execute(request, c => new InspectSink(c, new InspectOptions { Json = json }), output, errors));
        Assert.Equal("", errors.ToString());
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [GeneratedRegex(@"^\d\d:\d\d:\d\d\.\d{6}(\d{3})? (IP|IP6|ARP)[ ,].*(, length \d+|: ip-proto-\d+|: frag \(\d+\|\d+\))$")]
    private static partial Regex LineForm();
}
