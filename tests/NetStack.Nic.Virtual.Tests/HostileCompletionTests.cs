using NetStack.Memory;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>Whatever a device writes into its completions, the driver believes only what agrees with what it posted.</summary>
public sealed class HostileCompletionTests
{
    private delegate void Change(ref RxCompletion completion);

    /// <summary>What is wrong with a completion, and what it is counted as.</summary>
    public static TheoryData<string, DropReason> Lies => new()
    {
        { "id out of range", DropReason.BadBufferId },
        { "id all ones", DropReason.BadBufferId },
        { "id of another queue", DropReason.WrongQueue },
        { "id never posted", DropReason.NotPosted },
        { "over capacity", DropReason.LengthOverCapacity },
        { "length all ones", DropReason.LengthOverCapacity },
        { "begins in the middle", DropReason.BadChain },
        { "split behind the end", DropReason.BadHeaderSplit },
        { "split of nothing", DropReason.BadHeaderSplit },
        { "no segments", DropReason.BadSegments },
        { "more segments than bytes", DropReason.BadSegments },
        { "segments of no size", DropReason.BadSegments },
        { "error", DropReason.DeviceError },
    };

    private static Change ChangeOf(string lie) => lie switch
    {
        "id out of range" => (ref RxCompletion c) => c.BufferId = 2 * 16,
        "id all ones" => (ref RxCompletion c) => c.BufferId = uint.MaxValue,
        "id of another queue" => (ref RxCompletion c) => c.BufferId += 16,
        "id never posted" => (ref RxCompletion c) => c.BufferId = c.BufferId == 0 ? 1 : c.BufferId - 1,
        "over capacity" => (ref RxCompletion c) => c.ByteCount = 513,
        "length all ones" => (ref RxCompletion c) => c.ByteCount = uint.MaxValue,
        "begins in the middle" => (ref RxCompletion c) => c.ChainIndex = 1,
        "split behind the end" => (ref RxCompletion c) => (c.Flags, c.HeaderLength) = (c.Flags | RxFlags.HeaderSplit, 101),
        "split of nothing" => (ref RxCompletion c) => (c.Flags, c.HeaderLength) = (c.Flags | RxFlags.HeaderSplit, 0),
        "no segments" => (ref RxCompletion c) => c.Segments = 0,
        "more segments than bytes" => (ref RxCompletion c) => (c.Segments, c.SegmentSize) = (3, 50),
        "segments of no size" => (ref RxCompletion c) => c.Segments = 2,
        "error" => (ref RxCompletion c) => c.Flags |= RxFlags.Error,
        _ => throw new ArgumentException(lie),
    };

    [Theory, MemberData(nameof(Lies))]
    public void A_lie_is_counted_by_its_name_and_the_next_frame_passes(string lie, DropReason reason)
    {
        Tamper tamper = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper, RingSize = 16, Queues = 2, RssQueues = 1 }, buffers: 8, bufferSize: 512);
        rig.Fill(4);
        rig.Fill(queue: 1);
        Assert.Equal(Frames.Numbered(0, 100), Passed(rig, 0).Bytes); // the same without the lie
        tamper.Once = ChangeOf(lie);
        Assert.True(rig.Deliver(Frames.Numbered(1, 100)));
        Assert.Empty(rig.Receive());
        Assert.Equal((1, 1), (rig.Drops[reason], rig.Drops.Total));
        Assert.Equal(Frames.Numbered(2, 100), Passed(rig, 2).Bytes);
        Assert.Equal((1, 2), (rig.Drops.Total, rig.Queue.Counters.FramesReceived));
        rig.Dispose();
        rig.AssertAllHome();
    }

    [Fact]
    public void A_second_completion_of_one_buffer_is_refused()
    {
        using Rig rig = new(new VirtualNicOptions { Tamper = new DuplicateCompletion(1) { Eagerness = 1 } });
        rig.Fill();
        Assert.True(rig.Deliver(Frames.Numbered(1, 100)));
        Assert.Equal(Frames.Numbered(1, 100), Assert.Single(rig.Receive()).Bytes);
        Assert.Equal((1, 1), (rig.Drops[DropReason.NotPosted], rig.Drops.Total));
    }

    [Fact]
    public void A_tag_that_was_not_programmed_for_the_queue_is_taken_off_and_counted()
    {
        Tamper tamper = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper, Queues = 2, RssQueues = 1, FlowRules = 4 });
        rig.Fill();
        IFlowSteering table = rig.Nic.Steering!;
        table.TryAdd(new FlowRule(new FlowMatch { SourcePort = 1 }, FlowAction.Queue, Queue: 1), out FlowTag elsewhere);
        table.TryAdd(new FlowRule(new FlowMatch { SourcePort = 2 }, FlowAction.Drop), out FlowTag dropping);
        table.TryAdd(new FlowRule(new FlowMatch { SourcePort = 3 }, FlowAction.Tag), out FlowTag here);
        table.TryAdd(new FlowRule(new FlowMatch { SourcePort = 4 }, FlowAction.Tag), out FlowTag stale);
        table.Remove(stale);
        FlowTag[] lies = [elsewhere, dropping, stale, here with { Generation = 99 }, new FlowTag(5, 1), new FlowTag(uint.MaxValue, 1), new FlowTag(0, 1)];
        foreach (FlowTag lie in lies)
        {
            tamper.Once = (ref RxCompletion c) => (c.Flags, c.Tag) = (c.Flags | RxFlags.Tagged, lie);
            Assert.True(Passed(rig, 1).Meta.Tag.IsNone);
        }
        Assert.Equal((lies.Length, lies.Length), (rig.Drops[DropReason.BadTag], rig.Drops.Total));
        tamper.Once = (ref RxCompletion c) => (c.Flags, c.Tag) = (c.Flags | RxFlags.Tagged, here);
        Assert.Equal(here, Passed(rig, 1).Meta.Tag); // a claim that may be true is believed
    }

    [Fact]
    public void Broken_chains_are_dropped_whole_and_counted_once()
    {
        Tamper tamper = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper }, buffers: 16, bufferSize: 64);
        byte[] chain = Frames.Numbered(1, 250); // four buffers
        (string Name, Func<RxCompletion, RxCompletion> Change, DropReason[] Reasons)[] breaks =
        [
            ("a gap", c => c.ChainIndex == 2 ? c with { ChainIndex = 3 } : c, [DropReason.BadChain]),
            ("a repeat", c => c.ChainIndex == 2 ? c with { ChainIndex = 1 } : c, [DropReason.BadChain]),
            ("a forged id inside", c => c.ChainIndex == 1 ? c with { BufferId = 1 << 20 } : c, [DropReason.BadBufferId, DropReason.BadChain]),
            ("too long inside", c => c.ChainIndex == 3 ? c with { ByteCount = 65 } : c, [DropReason.LengthOverCapacity, DropReason.BadChain]),
            ("an error at the end", c => c.ChainIndex == 3 ? c with { Flags = c.Flags | RxFlags.Error } : c, [DropReason.DeviceError]),
            ("no beginning", c => c.ChainIndex == 0 ? c with { ChainIndex = 7 } : c, [DropReason.BadChain]),
            ("no end", c => c with { Flags = c.Flags & ~RxFlags.EndOfPacket }, [DropReason.BadChain]),
        ];
        foreach ((string name, Func<RxCompletion, RxCompletion> change, DropReason[] reasons) in breaks)
        {
            rig.Fill();
            long total = rig.Drops.Total;
            long[] before = [.. reasons.Select(r => rig.Drops[r])];
            tamper.Every = change;
            Assert.True(rig.Deliver(chain), name);
            Assert.Empty(rig.Receive());
            tamper.Every = null;
            Assert.Equal(Frames.Numbered(2, 60), Passed(rig, 2, 60).Bytes);
            Assert.True(reasons.Zip(before).All(p => rig.Drops[p.First] == p.Second + 1), $"{name}: {rig.Drops}");
            Assert.True(total + reasons.Length == rig.Drops.Total, $"{name}: {rig.Drops}");
        }
        rig.Dispose();
        rig.AssertAllHome();
    }

    [Fact]
    public void A_chain_longer_than_a_frame_may_be_is_dropped()
    {
        Tamper tamper = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper, MaxFrameLength = 200 }, buffers: 16, bufferSize: 64);
        rig.Fill();
        ushort next = 0;
        tamper.Every = c => c with { ChainIndex = next++, Flags = next == 6 ? c.Flags : c.Flags & ~RxFlags.EndOfPacket, ByteCount = 64 };
        for (int i = 0; i < 6; i++) Assert.True(rig.Deliver(Frames.Numbered(i, 64)));
        Assert.Empty(rig.Receive());
        Assert.Equal((1, 1), (rig.Drops[DropReason.BadChain], rig.Drops.Total));
    }

    [Fact]
    public void Lengths_and_times_are_clamped_to_what_can_be()
    {
        Tamper tamper = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper });
        rig.Fill();
        tamper.Once = (ref RxCompletion c) => (c.WireLength, c.Interface, c.Flags, c.Nanoseconds) = (3, uint.MaxValue, c.Flags | RxFlags.Stamped, 1_000_000_000);
        Got got = Passed(rig, 1);
        Assert.Equal((100, int.MaxValue), (got.Meta.WireLength, got.Meta.Interface));
        Assert.Null(got.Meta.Arrival);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void Random_completions_crash_nothing_and_cost_no_buffer(int seed)
    {
        Random random = new(seed);
        Tamper tamper = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper, RingSize = 16, Queues = 2, RssQueues = 1 }, buffers: 16, bufferSize: 64);
        tamper.Every = c => random.Next(2) == 0 ? c : Spoil(c, random);
        tamper.After = (controls, c) =>
        {
            if (random.Next(8) == 0) controls.WriteCompletion(0, Spoil(c, random));
        };
        long accepted = 0;
        for (int i = 0; i < 3000; i++)
        {
            rig.Fill(random.Next(17));
            if (rig.Deliver(Frames.Numbered(i, random.Next(300)))) accepted++;
            foreach (ReceivedFrame held in rig.Take(batch: 1 + random.Next(8)))
            {
                ReceivedFrame frame = held;
                Assert.InRange(frame.Length, 0, frame.WireLength);
                Assert.True(frame.SegmentCount == 1 || (frame.SegmentCount - 1) * frame.SegmentSize < frame.Length, $"seed {seed}");
                frame.Release();
            }
        }
        Assert.True(accepted > 20, $"seed {seed}: {accepted}");
        Assert.True(rig.Drops.Total > 20, $"seed {seed}: {rig.Drops}");
        rig.Dispose();
        rig.AssertAllHome();
    }

    private static RxCompletion Spoil(RxCompletion c, Random random) => random.Next(9) switch
    {
        0 => c with { BufferId = (uint)random.Next(40) },
        1 => c with { ByteCount = (uint)random.Next(80) },
        2 => c with { ChainIndex = (ushort)random.Next(4) },
        3 => c with { Flags = (RxFlags)random.Next(256) },
        4 => c with { HeaderLength = (ushort)random.Next(100), Flags = c.Flags | RxFlags.HeaderSplit },
        5 => c with { Segments = (ushort)random.Next(5), SegmentSize = (ushort)random.Next(60) },
        6 => c with { Tag = new FlowTag((uint)random.Next(), 1), Flags = c.Flags | RxFlags.Tagged },
        7 => c with { BufferId = uint.MaxValue, ByteCount = uint.MaxValue, WireLength = uint.MaxValue },
        _ => c with { LinkType = (ushort)random.Next(65536), Nanoseconds = uint.MaxValue, Flags = c.Flags | RxFlags.Stamped },
    };

    private static Got Passed(Rig rig, int number, int length = 100)
    {
        Assert.True(rig.Deliver(Frames.Numbered(number, length)));
        return Assert.Single(rig.Receive());
    }

    private sealed class Tamper : DeviceTamper
    {
        public Change? Once { get; set; }
        public Func<RxCompletion, RxCompletion>? Every { get; set; }
        public Action<DeviceControls, RxCompletion>? After { get; set; }

        public override void OnCompletion(int queue, ref RxCompletion completion)
        {
            Once?.Invoke(ref completion);
            Once = null;
            if (Every is not null) completion = Every(completion);
        }

        public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls) => After?.Invoke(controls, completion);
    }
}
