using NetStack.Nic.Virtual.Hostile;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Inspect.Tests;

/// <summary>The demonstration shows what docs/trust.md states.</summary>
public sealed class DemoTests
{
    private static readonly string Web = SampleCaptures.PathOf("web");

    public static TheoryData<string> Strategies => [.. DemoStrategy.All.Select(s => s.Name)];

    [Theory, MemberData(nameof(Strategies))]
    public void Under_every_attack_what_is_stated_holds(string name)
    {
        DemoStrategy strategy = DemoStrategy.All.Single(s => s.Name == name);
        foreach (string attack in DemoAttacks.Choices.Split(", "))
        {
            List<HostileBehaviour> attacks = DemoAttacks.Create(attack, out string? unknown);
            Assert.Null(unknown);
            using DemoWorld world = Play(strategy, attacks);
            StringWriter text = new();
            Assert.True(DemoSummary.Write(world, strategy, attacks, text), text.ToString());
            Assert.True(attack == "H14" || attacks.Sum(a => a.Strikes) > 0, $"{attack} never struck"); // that one wants a steered queue
            Assert.All(world.Clients, c => Assert.Equal(0, c.Changed));
            if (strategy.Stated(attack) == DemoOutcome.NotStopped) Assert.True(world.Browser.Altered > 0, $"{name}, {attack}: nothing happened\n{text}");
        }
    }

    [Theory, MemberData(nameof(Strategies))]
    public void An_honest_device_delivers_every_frame_as_it_was_sent(string name)
    {
        DemoStrategy strategy = DemoStrategy.All.Single(s => s.Name == name);
        using DemoWorld world = Play(strategy, []);
        Assert.Equal((world.Sent, world.Sent), (world.Clients[0].Intact, world.Clients[2].Intact));
        Assert.InRange(world.Browser.Frames, 1, world.Sent - 1);
        Assert.All(world.Clients, c => Assert.Equal(c.Frames, c.Intact));
        if (strategy.IsSteered) Assert.True(world.Browser.Port.Counters.FramesSteered > 0);
        else Assert.Equal(0, world.Clients[2].Port.Counters.BodyBytesRead);
    }

    [Theory, InlineData("web"), InlineData("vlan")]
    public async Task A_device_that_flips_what_was_read_changes_no_headers_that_were_decided_on(string capture)
    {
        ToolRun run = await Tool.RunAsync("demo", SampleCaptures.PathOf(capture), "--hostile", "H4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("headers only: as sent", run.Output, StringComparison.Ordinal);
        Assert.Contains("changed after the decision 0", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("held: the browser took nothing for whole that was not sent\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_stated_is_what_the_matrix_says()
    {
        Dictionary<string, int> columns = new() { ["copy-all"] = 2, ["copy-headers"] = 3, ["pass-through"] = 4, ["zero-copy"] = 5, ["steered"] = 7, ["shadow"] = 9 };
        string[] rows = File.ReadAllLines(RepositoryRoot.PathOf("docs", "trust.md"));
        foreach (string attack in DemoAttacks.Choices.Split(", "))
        {
            string row = attack == "H6" ? rows.Single(r => r.StartsWith("| H6 ", StringComparison.Ordinal) && r.Contains("the client's own", StringComparison.Ordinal)) : rows.First(r => r.StartsWith($"| {attack} ", StringComparison.Ordinal));
            foreach (DemoStrategy strategy in DemoStrategy.All)
            {
                DemoOutcome stated = row.Split('|')[columns[strategy.Name]].Trim()[0] switch { '✓' => DemoOutcome.Stopped, 'D' => DemoOutcome.Detected, '✗' => DemoOutcome.NotStopped, _ => DemoOutcome.NoTarget };
                Assert.True(stated == strategy.Stated(attack), $"{attack}, {strategy.Name}: {row}");
            }
        }
    }

    [Fact]
    public async Task An_attack_that_is_unknown_lists_the_choices()
    {
        ToolRun run = await Tool.RunAsync("demo", Web, "--hostile", "H1,H99");
        Assert.Equal(1, run.Exit);
        Assert.Contains($"there is no attack H99: choose from {DemoAttacks.Choices}", run.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tool_plays_and_sums_up()
    {
        ToolRun run = await Tool.RunAsync("demo", Web, "--strategy", "zero-copy", "--hostile", "H1,H4");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains("H4 ", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("cannot tell\n", run.Output, StringComparison.Ordinal);
    }

    private static DemoWorld Play(DemoStrategy strategy, List<HostileBehaviour> attacks)
    {
        DemoHost? host;
        using (CaptureReader first = CaptureReader.Open(Web)) host = DemoHost.Find(first);
        DemoWorld world = new(strategy, attacks, LinkType.Ethernet, host);
        using CaptureReader capture = CaptureReader.Open(Web);
        while (capture.TryRead(out CaptureRecord record) && world.Play(record))
        {
        }
        world.Settle();
        return world;
    }
}
