using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

public sealed class SteeringTests
{
    [Fact]
    public async Task A_steered_frame_lies_in_the_clients_own_memory_and_only_its_header_was_copied()
    {
        Rig rig = new(queues: 2, flowRoom: 8);
        MultiplexerPort port = rig.Mux.Attach("web", o =>
        {
            o.Placement = Placement.Steered;
            o.Filter = "tcp port 80";
            o.SteeredBufferCount = 0;
        });
        BufferPool mine = BufferPool.Create(2048, 8);
        BufferRegistration registration = port.Register(mine, 0, BufferUse.Receive);
        Assert.True(mine.TryRent(out BufferHandle buffer));
        Assert.Equal(1, port.Queues[0].Post(registration, [buffer]));
        byte[] frame = Web(1000);
        rig.Send(frame);
        ReceivedFrame got = Assert.Single(Rig.Take(port));
        Assert.Same(mine, got.Body.Slice(0).Pool);
        Assert.Equal(64, port.Counters.BytesCopied);
        Assert.Equal(1, rig.Nic.Flows.HitsOf(got.Tag));
        got.Release();
        await rig.AssertAllHomeAsync();
        Assert.Equal(8, mine.Available);
    }

    [Theory, InlineData("tcp port 80", 2), InlineData("tcp dst port 80", 1), InlineData("host 10.0.0.99 and udp port 53", 4), InlineData("vlan 10 and ip6", 1),
     InlineData("tcp port 80 or net 10.0.0.0/8", 2), InlineData("ether dst 02:00:00:00:00:01", 1), InlineData("src host 10.0.0.1 and dst host 10.0.0.2", 1)]
    public void Filters_become_the_fewest_exact_rules(string filter, int rules)
    {
        Rig rig = new(queues: 2, flowRoom: 16);
        MultiplexerPort port = rig.Mux.Attach("a", o =>
        {
            o.Placement = Placement.Steered;
            o.Filter = filter;
        });
        Assert.Equal(SteeringState.Active, port.SteeringState);
        Assert.Equal(rules, rig.Nic.Flows.Rules.Count);
        Assert.All(rig.Nic.Flows.Rules, r => Assert.Equal(Frames.NicMac, r.Rule.Match.DestinationMac));
    }

    [Fact]
    public void Addresses_of_the_port_are_part_of_its_rules()
    {
        Rig rig = new(queues: 2, flowRoom: 16);
        rig.Mux.Attach("a", o =>
        {
            o.Placement = Placement.Steered;
            o.Filter = "tcp dst port 80";
            o.Address("10.0.0.1").Address("fd00::1");
        });
        Assert.Equal([Frames.V4(1), Frames.V6(1)], rig.Nic.Flows.Rules.Select(r => r.Rule.Match.Destination!.Value));
    }

    [Theory, InlineData("not tcp port 80"), InlineData("net 10.0.0.0/8"), InlineData("portrange 1-9"), InlineData("tcp port 80 and udp port 80")]
    public void A_filter_that_no_rule_can_say_exactly_falls_back_to_copy(string filter)
    {
        Rig rig = new(queues: 2, flowRoom: 16);
        MultiplexerPort port = rig.Mux.Attach("a", o =>
        {
            o.Placement = Placement.Steered;
            o.Filter = filter;
        });
        Assert.Equal(SteeringState.NotExact, port.SteeringState);
        Assert.Empty(rig.Nic.Flows.Rules);
        AssertFallback(rig, port);
    }

    [Fact]
    public void Without_a_flow_table_a_free_queue_or_room_it_falls_back_to_copy_and_counts()
    {
        Rig none = new(queues: 2);
        MultiplexerPort unsupported = Attach(none, "udp port 1");
        Assert.Equal(SteeringState.Unsupported, unsupported.SteeringState);
        AssertFallback(none, unsupported);

        Rig queues = new(queues: 2, flowRoom: 16);
        Assert.Equal(SteeringState.Active, Attach(queues, "udp port 1").SteeringState);
        MultiplexerPort second = Attach(queues, "udp port 2");
        Assert.Equal(SteeringState.NoQueue, second.SteeringState);
        AssertFallback(queues, second);
        queues.Send(Frames.Udp(Frames.NicMac, Frames.PeerV4, 2, Frames.V4(1), 9, [1]));
        Assert.Single(Rig.Drain(second));

        Rig room = new(queues: 3, flowRoom: 1);
        MultiplexerPort two = Attach(room, "udp port 1");
        Assert.Equal(SteeringState.NoRoom, two.SteeringState);
        AssertFallback(room, two);
    }

    [Fact]
    public async Task A_table_that_refuses_in_the_middle_leaves_no_rule_and_the_queue_can_be_used_again()
    {
        Rig rig = new(queues: 2, flowRoom: 16);
        rig.Nic.Flows.Refuse = true;
        MultiplexerPort first = Attach(rig, "udp port 1");
        Assert.Equal(SteeringState.NoRoom, first.SteeringState);
        Assert.Empty(rig.Nic.Flows.Rules);
        rig.Nic.Flows.Refuse = false;
        rig.Mux.Poll(rig.Now);
        Assert.Equal(SteeringState.Active, Attach(rig, "udp port 2").SteeringState);
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public async Task A_detached_clients_queue_serves_the_next_one_and_its_tag_is_stale()
    {
        Rig rig = new(queues: 2, flowRoom: 2);
        MultiplexerPort first = Attach(rig, "udp port 1");
        FlowTag old = rig.Nic.Flows.Rules[0].Tag;
        first.Dispose();
        rig.Mux.Poll(rig.Now);
        MultiplexerPort second = Attach(rig, "udp port 2");
        Assert.Equal(SteeringState.Active, second.SteeringState);
        FlowTag fresh = rig.Nic.Flows.Rules[0].Tag;
        Assert.Equal((old.Id, old.Generation + 1), (fresh.Id, fresh.Generation));
        rig.Nic.InjectOn(Frames.Udp(Frames.NicMac, Frames.PeerV4, 2, Frames.V4(1), 9, [1]), 1, old);
        rig.Mux.Poll(rig.Now);
        Assert.Empty(Rig.Drain(second));
        Assert.Equal((1, MissteerReason.Tag), (second.Counters.MissteeredFrames, second.LastMissteered!.Value.Why));
        await rig.AssertAllHomeAsync();
    }

    [Theory, InlineData("Steered+Verify"), InlineData("Steered+Trust")]
    public void A_frame_placed_wrong_leaks_under_trust_and_is_dropped_and_reported_under_verify(string kind)
    {
        Rig rig = new(queues: 3, flowRoom: 8);
        MultiplexerPort a = Attach(rig, "udp port 1", kind);
        MultiplexerPort b = Attach(rig, "udp port 2", kind);
        byte[] frame = Frames.Udp(Frames.NicMac, Frames.PeerV4, 2, Frames.V4(1), 9, Frames.Payload(50, 7));
        FlowTag tagOfA = rig.Nic.Flows.Rules.First(r => r.Rule.Queue == 1).Tag;
        rig.Nic.InjectOn(frame, 1, tagOfA); // b's frame, placed into a's memory with a's tag
        rig.Mux.Poll(rig.Now);
        Assert.Empty(Rig.Drain(b));
        if (kind == "Steered+Trust")
        {
            Assert.Equal(frame, Assert.Single(Rig.Drain(a)).Bytes);
            Assert.Equal(0, a.Counters.MissteeredFrames);
            return;
        }
        Assert.Empty(Rig.Drain(a));
        Assert.Equal((1, frame.Length, 1), (a.Counters.MissteeredFrames, a.Counters.MissteeredBytes, rig.Mux.Counters.MissteeredFrames));
        Assert.Equal(1, a.Counters.Queue.ReceiveDrops[DropReason.Missteered]);
        Assert.Equal(new MissteeredFrame(tagOfA, frame.Length, MissteerReason.Headers), a.LastMissteered);
    }

    [Theory, InlineData("Steered+Verify"), InlineData("Steered+Trust")]
    public void A_tag_that_is_not_programmed_for_the_queue_is_believed_by_nobody(string kind)
    {
        Rig rig = new(queues: 3, flowRoom: 8);
        MultiplexerPort a = Attach(rig, "udp port 1", kind);
        Attach(rig, "udp port 2", kind);
        byte[] frame = Frames.Udp(Frames.NicMac, Frames.PeerV4, 1, Frames.V4(1), 9, [1]);
        FlowTag tagOfB = rig.Nic.Flows.Rules.First(r => r.Rule.Queue == 2).Tag;
        FlowTag[] wrong = [default, tagOfB, new FlowTag(77, 1), new FlowTag(uint.MaxValue, 1), new FlowTag(1, 99)];
        foreach (FlowTag tag in wrong) rig.Nic.InjectOn(frame, 1, tag);
        rig.Mux.Poll(rig.Now);
        Assert.Empty(Rig.Drain(a));
        Assert.Equal(wrong.Length, a.Counters.MissteeredFrames);
    }

    [Fact]
    public void A_tag_on_the_default_queue_decides_nothing()
    {
        Rig rig = new(queues: 3, flowRoom: 8);
        MultiplexerPort a = Attach(rig, "udp port 1");
        MultiplexerPort b = Attach(rig, "udp port 2");
        rig.Nic.InjectOn(Frames.Udp(Frames.NicMac, Frames.PeerV4, 2, Frames.V4(1), 9, [1]), 0, rig.Nic.Flows.Rules[0].Tag);
        rig.Mux.Poll(rig.Now);
        Assert.Empty(Rig.Drain(a));
        Assert.Single(Rig.Drain(b));
    }

    [Fact]
    public async Task A_promiscuous_port_sees_steered_frames_by_copy()
    {
        Rig rig = new(queues: 2, flowRoom: 8);
        MultiplexerPort web = Attach(rig, "tcp port 80");
        MultiplexerPort tap = rig.Mux.Attach("tap", o => o.Promiscuous = true);
        MultiplexerPort other = rig.Mux.Attach("other", o =>
        {
            o.Promiscuous = true;
            o.Filter = "udp";
        });
        byte[] frame = Web(500);
        rig.Send(frame);
        Got seen = Assert.Single(Rig.Drain(tap));
        Assert.Equal((BodyAccess.Private, 1L), (seen.Access, tap.Counters.FramesCopied));
        Assert.Equal(frame, seen.Bytes);
        Assert.Equal(BodyAccess.CopyOnDeliver, Assert.Single(Rig.Drain(web)).Access);
        Assert.Empty(Rig.Drain(other));
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void Steering_without_verification_needs_declared_trust()
    {
        Rig rig = new(queues: 2, flowRoom: 8);
        Assert.Throws<ArgumentException>(() => rig.Mux.Attach("a", o =>
        {
            o.Placement = Placement.Steered;
            o.Verification = SteeringVerification.Trust;
        }));
        MultiplexerPort verifying = rig.Mux.Attach("b", o =>
        {
            o.Placement = Placement.Steered;
            o.Trust = Trust.SteeringOnly;
            o.Verification = SteeringVerification.Verify;
        });
        Assert.Equal("b: copy=CopyHeaders trust=steering placement=steered verification=verify filter=all", verifying.ToString());
    }

    private static byte[] Web(int payload) => Frames.Tcp(Frames.NicMac, Frames.PeerV4, 5000, Frames.V4(1), 80, Frames.Payload(payload, 1));

    private static MultiplexerPort Attach(Rig rig, string filter, string kind = "Steered+Verify") => rig.Mux.Attach(filter, o =>
    {
        Clients.Configure(kind, o);
        o.Filter = filter;
    });

    private static void AssertFallback(Rig rig, MultiplexerPort port)
    {
        Assert.Equal(1, port.Counters.SteeringFallbacks);
        Assert.Equal(1, rig.Mux.Counters.SteeringFallbacks);
        Assert.EndsWith($"not steered: {port.SteeringState}", port.ToString(), StringComparison.Ordinal);
    }
}
