using NetStack.Tests.Kit;
using NetStack.Tests.Link;
using NetStack.Wire;

namespace NetStack.Tests.Neighbours;

/// <summary>The neighbour table's bounds, and random runs against a model.</summary>
public sealed class NeighbourTableTests
{
    private const int Capacity = 16;

    [Fact]
    public void Neighbours_in_use_survive_a_flood_of_requests_by_strangers()
    {
        LinkRig rig = new(configure: o => o.Neighbours.Capacity = Capacity);
        for (int i = 1; i <= 8; i++) ArpTests.Resolve(rig, $"10.0.0.{10 + i}", new MacAddress(0x02AA_0000_0000UL + (uint)i));
        for (int i = 0; i < 200; i++) rig.Hand(Packets.Arp(1, new MacAddress(0x02BB_0000_0000UL + (uint)i), $"10.0.0.{20 + i}", default, LinkRig.OwnV4));
        Assert.Equal(Capacity, rig.Nic.Neighbours.Count);
        for (int i = 1; i <= 8; i++) Assert.Equal(NeighbourState.Reachable, rig.StateOf($"10.0.0.{10 + i}"));
    }

    [Fact]
    public void A_scan_of_the_subnet_holds_a_quarter_of_the_table_and_its_packets_are_bounded()
    {
        LinkRig rig = new(configure: o =>
        {
            o.Neighbours.Capacity = Capacity;
            o.Neighbours.PendingPerInterface = 8;
            o.TransmitQueueLength = 512;
        });
        for (int i = 1; i <= 4; i++) ArpTests.Resolve(rig, $"10.0.0.{10 + i}", new MacAddress(0x02AA_0000_0000UL + (uint)i));
        for (int i = 0; i < 200; i++)
        {
            rig.Output($"10.0.0.{20 + i}");
            Assert.InRange(rig.Nic.ListNeighbours(rig.Now).Count(n => n.State == NeighbourState.Incomplete), 0, Capacity / 4);
            Assert.InRange(rig.Nic.Neighbours.PendingCount, 0, 8);
        }
        for (int i = 1; i <= 4; i++) Assert.Equal(NeighbourState.Reachable, rig.StateOf($"10.0.0.{10 + i}"));
        rig.Run(TimeSpan.FromSeconds(10));
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void Permanent_neighbours_never_go()
    {
        LinkRig rig = new(configure: o => o.Neighbours.Capacity = Capacity);
        for (int i = 0; i < Capacity; i++) rig.Nic.SetNeighbour(IpAddress.Parse($"10.0.0.{10 + i}"), Packets.Peer, rig.Now);
        Assert.Throws<InvalidOperationException>(() => rig.Nic.SetNeighbour(IpAddress.Parse("10.0.0.99"), Packets.Peer, rig.Now));
        Assert.Equal(SendOutcome.Unreachable, rig.Output("10.0.0.99"));
        Assert.Equal(Capacity, rig.Nic.ListNeighbours(rig.Now).Count(n => n.State == NeighbourState.Permanent));
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void A_link_that_goes_down_forgets_neighbours_and_drops_what_waits()
    {
        LinkRig rig = new();
        ArpTests.Resolve(rig, "10.0.0.9", Packets.Peer);
        rig.Output("10.0.0.8");
        rig.Nic.SetLink(false, rig.Now);
        Assert.Empty(rig.Nic.ListNeighbours(rig.Now));
        Assert.Equal(SendOutcome.Unreachable, rig.Output("10.0.0.9"));
        rig.World.AssertNoLeaks();
    }

    /// <summary>The state machine of one IPv6 neighbour against RFC 4861 appendix C written as a plain function of time.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void Random_events_lead_to_the_states_of_the_model(ulong seed)
    {
        LinkRig rig = new(seed);
        Model model = new(rig.Nic.Neighbours.ReachableTime);
        SeededRandom random = new(seed * 7919);
        MacAddress[] macs = [Packets.Peer, MacAddress.Parse("02:bb:00:00:00:02")];
        for (int step = 0; step < 400; step++)
        {
            string what = $"seed {seed}, step {step}";
            switch (random.Below(5))
            {
                case 0:
                    rig.Output("fd00::9");
                    model.Send(rig.Now);
                    break;
                case 1:
                    MacAddress told = macs[random.Below(2)];
                    bool solicited = random.Chance(0.5);
                    bool overrides = random.Chance(0.5);
                    rig.Hand(Packets.Icmpv6(rig.Nic.Mac, Packets.Peer, "fd00::9", LinkRig.OwnV6, Packets.NeighborAdvertisement("fd00::9", told, solicited: solicited, @override: overrides)));
                    model.Run(rig.Now);
                    model.Advertisement(told, solicited, overrides, rig.Now);
                    break;
                case 2:
                    MacAddress source = macs[random.Below(2)];
                    rig.Hand(Packets.Icmpv6(rig.Nic.Mac, Packets.Peer, "fd00::9", LinkRig.OwnV6, Packets.NeighborSolicitation(LinkRig.OwnV6, source)));
                    model.Run(rig.Now);
                    model.Solicitation(source, rig.Now);
                    break;
                case 3:
                    rig.Nic.Neighbours.ConfirmReachable(IpAddress.Parse("fd00::9"), rig.Now);
                    model.Confirm(rig.Now);
                    break;
                default:
                    rig.Run(TimeSpan.FromMilliseconds(random.Below(random.Chance(0.2) ? 60_000 : 3_000)));
                    break;
            }
            model.Run(rig.Now);
            rig.Run(TimeSpan.Zero);
            Assert.True(model.State == rig.StateOf("fd00::9"), $"{what}: {rig.StateOf("fd00::9")}, not {model.State}");
            if (model.State is not (null or NeighbourState.Incomplete or NeighbourState.Failed)) Assert.True(model.Mac == rig.MacOf("fd00::9"), what);
        }
        rig.Run(TimeSpan.FromSeconds(60));
        rig.World.AssertNoLeaks();
    }

    private sealed class Model(TimeSpan reachableTime)
    {
        private Instant _since;

        internal NeighbourState? State { get; private set; }

        internal MacAddress Mac { get; private set; }

        internal void Send(Instant now)
        {
            Run(now);
            if (State is null || (State == NeighbourState.Failed && now - _since >= TimeSpan.FromSeconds(1))) Enter(NeighbourState.Incomplete, now);
            else if (State == NeighbourState.Stale) Enter(NeighbourState.Delay, now);
        }

        internal void Advertisement(MacAddress mac, bool solicited, bool overrides, Instant now)
        {
            if (State is null) return;
            if (State is NeighbourState.Incomplete or NeighbourState.Failed)
            {
                bool waits = State == NeighbourState.Incomplete;
                Mac = mac;
                Enter(solicited ? NeighbourState.Reachable : waits ? NeighbourState.Delay : NeighbourState.Stale, now);
                return;
            }
            bool differs = mac != Mac;
            if (differs && !overrides)
            {
                if (State == NeighbourState.Reachable) Enter(NeighbourState.Stale, now);
                return;
            }
            Mac = mac;
            if (solicited) Enter(NeighbourState.Reachable, now);
            else if (differs) Enter(NeighbourState.Stale, now);
        }

        internal void Solicitation(MacAddress mac, Instant now)
        {
            bool waits = State == NeighbourState.Incomplete;
            if (State is null or NeighbourState.Incomplete or NeighbourState.Failed || mac != Mac) Enter(waits ? NeighbourState.Delay : NeighbourState.Stale, now);
            Mac = mac;
            if (State == NeighbourState.Stale) Enter(NeighbourState.Delay, now); // the answer is a packet sent to it
        }

        internal void Confirm(Instant now)
        {
            if (State is NeighbourState.Reachable or NeighbourState.Stale or NeighbourState.Delay or NeighbourState.Probe) Enter(NeighbourState.Reachable, now);
        }

        internal void Run(Instant now)
        {
            while (true)
            {
                (TimeSpan after, NeighbourState next) = State switch
                {
                    NeighbourState.Incomplete or NeighbourState.Probe => (TimeSpan.FromSeconds(3), NeighbourState.Failed),
                    NeighbourState.Delay => (TimeSpan.FromSeconds(5), NeighbourState.Probe),
                    NeighbourState.Reachable => (reachableTime, NeighbourState.Stale),
                    _ => (TimeSpan.MaxValue, NeighbourState.Failed),
                };
                if (after == TimeSpan.MaxValue || _since + after > now) return;
                Enter(next, _since + after);
            }
        }

        private void Enter(NeighbourState state, Instant at)
        {
            State = state;
            _since = at;
        }
    }
}
