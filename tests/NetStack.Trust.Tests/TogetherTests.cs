using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>Lies that are stopped one by one are stopped together.</summary>
public sealed class TogetherTests
{
    private static readonly Func<ulong, HostileBehaviour>[] Stopped =
    [
        s => new LengthOverCapacity(s) { Eagerness = 0.2 },
        s => new HeaderLengthLie(s) { Eagerness = 0.2 },
        s => new BufferIdOutOfRange(s) { Eagerness = 0.2 },
        s => new BufferNeverPosted(s) { Eagerness = 0.2 },
        s => new DuplicateCompletion(s) { Eagerness = 0.2 },
        s => new OldLap(s) { Eagerness = 0.2 },
        s => new ForeignBuffer(s) { Eagerness = 0.2 },
        s => new BrokenChain(s) { Eagerness = 0.2 },
        s => new WrongHash(s) { Eagerness = 0.2 },
        s => new SegmentCountLie(s, isPossible: false) { Eagerness = 0.2 },
        s => new CompletionRewrite(s) { Eagerness = 0.2 },
        s => new TransmitIndexJump(s, 1000) { Eagerness = 0.2 },
        s => new InterruptStorm(s) { Eagerness = 0.2 },
    ];

    private static readonly Func<ulong, HostileBehaviour>[] NotStopped =
    [
        s => new LengthOverWritten(s) { Eagerness = 0.2 },
        s => new OldCompletionAsNew(s) { Eagerness = 0.2 },
        s => new JoinedFrames(s) { Eagerness = 0.2 },
        s => new SegmentCountLie(s, isPossible: true) { Eagerness = 0.2 },
        s => new InterruptSilence(s) { Eagerness = 0.2 },
        s => new NeverCompletes(s) { Eagerness = 0.02 },
    ];

    public static TheoryData<string> Columns => [.. Column.All.Select(c => c.Name)];

    [Theory, MemberData(nameof(Columns))]
    public void Any_mix_of_lies_that_are_stopped_is_stopped(string column)
    {
        long strikes = 0;
        for (ulong seed = 1; seed <= 40; seed++)
        {
            HostileDevice device = Mix(Stopped, seed);
            using TrustWorld world = new(Column.Of(column), seed, o => o with { Tamper = device, HeaderSplit = seed % 2 == 0, HeaderSplitThreshold = 0 });
            world.Run(90);
            foreach (HostileBehaviour behaviour in device.Behaviours) behaviour.IsActive = false;
            world.Run(12);
            Assert.True(world.Harm() is null && world.Missteered == 0, $"{column}, {device}: {world.Harm()}");
            Assert.True(world.Recovers(), $"{column}, {device}: frames pass no more");
            strikes += device.Strikes;
        }
        Assert.True(strikes > 1000, $"only {strikes} strikes");
    }

    [Theory, MemberData(nameof(Columns))]
    public void Whatever_a_device_says_nothing_crashes_and_all_memory_comes_home(string column)
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            HostileDevice device = Mix([.. Stopped, .. NotStopped], seed);
            using TrustWorld world = new(Column.Of(column), seed, o => o with { Tamper = device, InOrder = seed % 3 != 0 });
            world.Run(120);
            Assert.True(world.Crash is null, $"{column}, {device}: {world.Crash}");
            world.Mux.DisposeAsync().AsTask();
            for (int i = 0; i < 4; i++) world.Mux.Poll(world.Now);
            world.Nic.Dispose();
            Assert.True(world.Mux.RingBuffersHeld == 0 && world.Nic.SnapshotsOutstanding == 0, $"{column}, {device}: {world.Mux.RingBuffersHeld} held, {world.Nic.SnapshotsOutstanding} snapshots out");
        }
    }

    [Theory, MemberData(nameof(Columns))]
    public void The_same_seed_makes_the_same_run(string column)
    {
        Assert.Equal(Trace(column, 7), Trace(column, 7));
        Assert.NotEqual(Trace(column, 7), Trace(column, 8));
    }

    [Fact]
    public void The_documentation_shows_how_it_is_plugged_in()
    {
        // <trust>
        HostileDevice device = new(new DuplicateCompletion(seed: 1), new BrokenChain(seed: 2) { Eagerness = 0.1 });
        VirtualNic nic = new(new VirtualNicOptions { Tamper = device });
        // </trust>
        nic.Dispose();
        string shown = File.ReadAllText(RepositoryRoot.PathOf("tests", "NetStack.Trust.Tests", "TogetherTests.cs")).ReplaceLineEndings("\n").Split("// <trust>\n")[1].Split("        // </trust>")[0].Replace("        ", "", StringComparison.Ordinal);
        string text = File.ReadAllText(RepositoryRoot.PathOf("docs", "trust.md")).ReplaceLineEndings("\n");
        Assert.Contains($"```csharp\n{shown}```\n", text, StringComparison.Ordinal);
    }

    /// <summary>Everything that came of a run, in text.</summary>
    private static string Trace(string column, ulong seed)
    {
        HostileDevice device = Mix([.. Stopped, .. NotStopped], seed);
        using TrustWorld world = new(Column.Of(column), seed, o => o with { Tamper = device });
        world.Run(60);
        string seen = string.Join(";", Enumerable.Range(0, TrustWorld.Clients).SelectMany(world.SeenBy).Select(s => Convert.ToHexString(s.Bytes)));
        return $"{device}; {string.Join(";", world.Nic.Queues.Select(q => q.Counters.ReceiveDrops))}; {seen}";
    }

    /// <summary>About half of the behaviours, each with a seed of its own.</summary>
    private static HostileDevice Mix(Func<ulong, HostileBehaviour>[] of, ulong seed)
    {
        SeededRandom random = new(seed);
        List<HostileBehaviour> chosen = [];
        foreach (Func<ulong, HostileBehaviour> create in of)
        {
            if (random.Below(2) == 0) chosen.Add(create(random.Next()));
        }
        return new HostileDevice([.. chosen]);
    }
}
