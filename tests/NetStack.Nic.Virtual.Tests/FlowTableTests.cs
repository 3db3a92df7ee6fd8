using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>The exact flow table: priority, actions, tags with generations, hits.</summary>
public sealed class FlowTableTests
{
    private static readonly FlowMatch Web = new() { Protocol = IpProtocol.Udp, DestinationPort = 80 };

    private static byte[] ToWeb => Frames.Udp(Frames.A4, Frames.B4, 1, 80, [1]);

    [Fact]
    public void The_lowest_number_acts_and_of_equal_ones_the_older()
    {
        using Rig rig = new(new VirtualNicOptions { Queues = 4 });
        IFlowSteering table = rig.Nic.Steering!;
        Assert.True(table.TryAdd(new FlowRule(Web, FlowAction.Queue, Queue: 1, Priority: 5), out FlowTag late));
        Assert.True(table.TryAdd(new FlowRule(Web, FlowAction.Queue, Queue: 2, Priority: 5), out FlowTag later));
        Assert.Equal(late, rig.PassOne(ToWeb, queue: 1).Meta.Tag);
        Assert.True(table.TryAdd(new FlowRule(Web, FlowAction.Queue, Queue: 3, Priority: 1), out FlowTag first));
        Assert.Equal(first, rig.PassOne(ToWeb, queue: 3).Meta.Tag);
        Assert.Equal((1, 0, 1), (table.HitsOf(late), table.HitsOf(later), table.HitsOf(first)));
        Assert.True(table.Remove(first));
        Assert.True(table.Remove(late));
        Assert.Equal(later, rig.PassOne(ToWeb, queue: 2).Meta.Tag);
    }

    [Fact]
    public void A_tagging_rule_marks_and_leaves_the_place_to_the_hash()
    {
        using Rig rig = new(new VirtualNicOptions { Queues = 4 });
        uint hash = new Toeplitz(Toeplitz.DefaultKey).Hash(Frames.A4, Frames.B4, 1, 80);
        Assert.True(rig.Nic.Steering!.TryAdd(new FlowRule(Web, FlowAction.Tag), out FlowTag tag));
        Got got = rig.PassOne(ToWeb, queue: (int)(hash & 127) % 4);
        Assert.Equal((tag, hash), (got.Meta.Tag, got.Meta.RssHash));
    }

    [Fact]
    public void A_dropping_rule_drops_and_counts()
    {
        using Rig rig = new();
        rig.Fill();
        Assert.True(rig.Nic.Steering!.TryAdd(new FlowRule(Web, FlowAction.Drop), out FlowTag tag));
        Assert.True(rig.Deliver(ToWeb));
        Assert.Empty(rig.Receive());
        Assert.Equal((1, 1), (rig.Nic.DeviceDrops[DropReason.FlowRule], rig.Nic.Steering.HitsOf(tag)));
    }

    [Fact]
    public void A_number_used_again_has_another_generation_and_the_old_tag_is_stale()
    {
        using Rig rig = new(new VirtualNicOptions { FlowRules = 1 });
        IFlowSteering table = rig.Nic.Steering!;
        Assert.True(table.TryAdd(new FlowRule(Web, FlowAction.Tag), out FlowTag old));
        Assert.False(table.TryAdd(new FlowRule(Web, FlowAction.Tag), out FlowTag none));
        Assert.True(none.IsNone);
        rig.PassOne(ToWeb);
        Assert.Equal((0, 1), (table.Room, table.HitsOf(old)));
        Assert.True(table.Remove(old));
        Assert.False(table.Remove(old));
        Assert.True(table.TryAdd(new FlowRule(Web, FlowAction.Tag), out FlowTag fresh));
        Assert.Equal(old.Id, fresh.Id);
        Assert.NotEqual(old.Generation, fresh.Generation);
        Assert.Equal((0, 0), (table.HitsOf(old), table.HitsOf(fresh)));
        Assert.False(table.Remove(old));
        Assert.Equal(fresh, rig.PassOne(ToWeb).Meta.Tag);
    }

    [Fact]
    public void A_rule_for_a_queue_that_is_not_there_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new VirtualNic(new VirtualNicOptions()).Steering!.TryAdd(new FlowRule(Web, FlowAction.Queue, Queue: 1), out _));

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Random_rules_place_random_frames_as_a_plain_search_does(int seed)
    {
        Random random = new(seed);
        using Rig rig = new(new VirtualNicOptions { Queues = 4, RssQueues = 1, FlowRules = 12 });
        List<(FlowRule Rule, FlowTag Tag)> rules = [];
        long[] hits = new long[10_000];
        for (int step = 0; step < 400; step++)
        {
            if (random.Next(3) == 0 && rules.Count > 0)
            {
                (FlowRule Rule, FlowTag Tag) gone = rules[random.Next(rules.Count)];
                Assert.Equal(hits[Key(gone.Tag)], rig.Nic.Steering!.HitsOf(gone.Tag));
                Assert.True(rig.Nic.Steering.Remove(gone.Tag));
                rules.Remove(gone);
            }
            FlowRule added = new(AnyMatch(random), (FlowAction)random.Next(3), random.Next(4), random.Next(3));
            if (rig.Nic.Steering!.TryAdd(added, out FlowTag tag)) rules.Add((added, tag));
            ushort from = (ushort)random.Next(3);
            ushort to = (ushort)random.Next(3);
            int vlan = random.Next(3) - 1;
            byte[] frame = Frames.Udp(Frames.A4, Frames.B4, from, to, [1], vlan);
            (FlowRule Rule, FlowTag Tag)? hit = null;
            foreach ((FlowRule Rule, FlowTag Tag) rule in rules.OrderBy(r => r.Rule.Priority))
            {
                FlowMatch m = rule.Rule.Match;
                if ((m.SourcePort ?? from) != from || (m.DestinationPort ?? to) != to || (m.Vlan ?? vlan) != vlan) continue;
                hit = rule;
                hits[Key(rule.Tag)]++;
                break;
            }
            int queue = hit?.Rule.Action == FlowAction.Queue ? hit.Value.Rule.Queue : 0;
            rig.Fill(queue: queue);
            Assert.True(rig.Deliver(frame), $"seed {seed}, step {step}");
            List<Got> got = rig.Receive(queue);
            if (hit?.Rule.Action == FlowAction.Drop) Assert.Empty(got);
            else Assert.True(Assert.Single(got).Meta.Tag == (hit?.Tag ?? FlowTag.None), $"seed {seed}, step {step}");
        }

        static int Key(FlowTag tag) => (int)(tag.Id * 500 + tag.Generation);
    }

    private static FlowMatch AnyMatch(Random random) => new()
    {
        SourcePort = random.Next(2) == 0 ? (ushort)random.Next(3) : null,
        DestinationPort = random.Next(2) == 0 ? (ushort)random.Next(3) : null,
        Vlan = random.Next(3) == 0 ? (ushort)random.Next(2) : null,
    };
}
