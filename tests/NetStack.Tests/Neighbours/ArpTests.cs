using NetStack.Tests.Kit;
using NetStack.Tests.Link;
using NetStack.Wire;

namespace NetStack.Tests.Neighbours;

/// <summary>ARP by RFC 826, and what hosts must make of it (RFC 1122 section 2.3.2).</summary>
public sealed class ArpTests
{
    private static readonly MacAddress Peer = Packets.Peer;
    private static readonly MacAddress Other = MacAddress.Parse("02:bb:00:00:00:02");

    [Fact]
    public void A_request_for_our_address_is_answered_to_the_one_who_asked()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, LinkRig.OwnV4));
        byte[] reply = Assert.Single(rig.Sent);
        byte[] expected = Packets.Arp(2, rig.Nic.Mac, LinkRig.OwnV4, Peer, "10.0.0.9", to: Peer);
        Assert.Equal(expected, reply);
    }

    [Fact]
    public void A_request_for_anothers_address_is_not_answered_and_teaches_nothing()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, "10.0.0.8"));
        Assert.Empty(rig.Sent);
        Assert.Null(rig.StateOf("10.0.0.9"));
    }

    [Fact]
    public void An_address_of_another_interface_is_not_answered_for()
    {
        LinkRig rig = new();
        NetInterface second = rig.Host.Plug(rig.World.Hub(), LinkRig.Quiet);
        second.AddAddress(IpAddress.Parse("10.0.1.1"), 24, rig.Now);
        rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, "10.0.1.1"));
        Assert.Empty(rig.Sent);
    }

    [Fact]
    public void A_tentative_address_is_not_answered_for()
    {
        LinkRig rig = new();
        rig.Nic.AddAddress(IpAddress.Parse("10.0.0.7"), 24, rig.Now, detectDuplicates: true);
        rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, "10.0.0.7"));
        Assert.DoesNotContain(rig.Sent, f => Packets.IsArp(f, 2));
    }

    [Fact]
    public void Who_asks_for_us_is_known_but_not_believed_to_be_reachable()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, LinkRig.OwnV4));
        Assert.Equal(NeighbourState.Stale, rig.StateOf("10.0.0.9"));
        Assert.Equal(Peer, rig.MacOf("10.0.0.9"));
    }

    [Fact]
    public void Who_is_not_on_the_link_is_answered_but_not_remembered()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Arp(1, Peer, "192.0.2.9", default, LinkRig.OwnV4));
        Assert.Single(rig.Sent);
        Assert.Null(rig.StateOf("192.0.2.9"));
    }

    [Fact]
    public void A_packet_for_an_unknown_neighbour_waits_for_the_reply_and_then_leaves()
    {
        LinkRig rig = new();
        Assert.Equal(SendOutcome.Sent, rig.Output("10.0.0.9", 42));
        byte[] request = Assert.Single(rig.Sent);
        Assert.Equal(Packets.Arp(1, rig.Nic.Mac, LinkRig.OwnV4, default, "10.0.0.9"), request);
        Assert.Equal(NeighbourState.Incomplete, rig.StateOf("10.0.0.9"));

        rig.Hand(Packets.Arp(2, Peer, "10.0.0.9", rig.Nic.Mac, LinkRig.OwnV4, to: rig.Nic.Mac));
        byte[] packet = Assert.Single(rig.Sent);
        Assert.Equal(Peer, Packets.DestinationOf(packet));
        Assert.Equal(42, packet[^1]);
        Assert.Equal(NeighbourState.Reachable, rig.StateOf("10.0.0.9"));
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void Only_the_newest_packets_wait_and_leave_in_order()
    {
        LinkRig rig = new(configure: o => o.Neighbours.PendingPerNeighbour = 3);
        for (byte i = 1; i <= 5; i++) rig.Output("10.0.0.9", i);
        rig.Hand(Packets.Arp(2, Peer, "10.0.0.9", rig.Nic.Mac, LinkRig.OwnV4, to: rig.Nic.Mac));
        Assert.Equal([3, 4, 5], rig.Sent.Where(f => Packets.TypeOf(f) == EtherType.Ipv4).Select(f => (int)f[^1]));
        Assert.Equal(2, rig.Nic.Drops[LinkDropReason.PendingReplaced]);
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void Who_does_not_answer_three_requests_a_second_apart_is_unreachable_and_the_senders_hear_of_it()
    {
        LinkRig rig = new();
        Instant start = rig.Now;
        rig.Output("10.0.0.9");
        rig.Output("10.0.0.9");
        rig.Run(TimeSpan.FromSeconds(10));
        Assert.Equal([0, 1, 2], rig.Hub.Log.Select(f => (int)(f.At - start).TotalSeconds));
        Assert.All(rig.Hub.Log, f => Assert.True(Packets.IsArp(f.Bytes, 1)));
        Assert.Equal(2, rig.Unresolved.Count);
        Assert.Equal(2, rig.Nic.Drops[LinkDropReason.NeighbourUnreachable]);
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void A_failed_neighbour_is_asked_for_at_most_once_a_second()
    {
        LinkRig rig = new();
        rig.Output("10.0.0.9");
        rig.World.RunUntil(() => rig.StateOf("10.0.0.9") == NeighbourState.Failed, TimeSpan.FromSeconds(10));
        Assert.Equal(SendOutcome.Unreachable, rig.Output("10.0.0.9"));
        rig.Hub.Log.Clear();
        rig.Run(TimeSpan.FromSeconds(1.1));
        Assert.Equal(SendOutcome.Sent, rig.Output("10.0.0.9"));
        Assert.Single(rig.Sent);
        rig.Run(TimeSpan.FromSeconds(5));
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void A_reply_nobody_asked_for_makes_no_entry()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Arp(2, Peer, "10.0.0.9", rig.Nic.Mac, LinkRig.OwnV4, to: rig.Nic.Mac));
        Assert.Null(rig.StateOf("10.0.0.9"));
    }

    [Fact]
    public void A_gratuitous_announcement_changes_what_is_known_and_proves_nothing()
    {
        LinkRig rig = new();
        Resolve(rig, "10.0.0.9", Peer);
        rig.Hand(Packets.Arp(1, Other, "10.0.0.9", default, "10.0.0.9"));
        Assert.Equal(Other, rig.MacOf("10.0.0.9"));
        Assert.Equal(NeighbourState.Stale, rig.StateOf("10.0.0.9"));
    }

    [Fact]
    public void Silence_makes_a_neighbour_stale_then_it_is_probed_by_unicast_and_given_up()
    {
        LinkRig rig = new();
        Resolve(rig, "10.0.0.9", Peer);
        rig.Run(TimeSpan.FromSeconds(46)); // 1.5 times REACHABLE_TIME
        Assert.Equal(NeighbourState.Stale, rig.StateOf("10.0.0.9"));
        rig.Hub.Log.Clear();
        Instant start = rig.Now;
        rig.Output("10.0.0.9");
        Assert.Equal(NeighbourState.Delay, rig.StateOf("10.0.0.9"));
        rig.Run(TimeSpan.FromSeconds(20));
        List<HubFrame> probes = [.. rig.Hub.Log.Where(f => Packets.IsArp(f.Bytes, 1))];
        Assert.Equal([5, 6, 7], probes.Select(f => (int)(f.At - start).TotalSeconds));
        Assert.All(probes, f => Assert.Equal(Peer, Packets.DestinationOf(f.Bytes)));
        Assert.Equal(NeighbourState.Failed, rig.StateOf("10.0.0.9"));
    }

    [Fact]
    public void A_probe_that_is_answered_makes_it_reachable_again()
    {
        LinkRig rig = new();
        Resolve(rig, "10.0.0.9", Peer);
        rig.Run(TimeSpan.FromSeconds(46));
        rig.Output("10.0.0.9");
        rig.Run(TimeSpan.FromSeconds(5.5));
        Assert.Equal(NeighbourState.Probe, rig.StateOf("10.0.0.9"));
        rig.Hand(Packets.Arp(2, Peer, "10.0.0.9", rig.Nic.Mac, LinkRig.OwnV4, to: rig.Nic.Mac));
        Assert.Equal(NeighbourState.Reachable, rig.StateOf("10.0.0.9"));
    }

    [Fact]
    public void Upper_layers_that_make_progress_spare_the_probe()
    {
        LinkRig rig = new();
        Resolve(rig, "10.0.0.9", Peer);
        rig.Run(TimeSpan.FromSeconds(46));
        rig.Output("10.0.0.9");
        rig.Nic.Neighbours.ConfirmReachable(IpAddress.Parse("10.0.0.9"), rig.Now);
        Assert.Single(rig.Sent);
        rig.Run(TimeSpan.FromSeconds(10));
        Assert.Empty(rig.Hub.Log);
        Assert.Equal(NeighbourState.Reachable, rig.StateOf("10.0.0.9"));
    }

    [Fact]
    public void A_permanent_neighbour_is_never_asked_for_and_nobody_can_change_it()
    {
        LinkRig rig = new();
        rig.Nic.SetNeighbour(IpAddress.Parse("10.0.0.9"), Peer, rig.Now);
        rig.Hand(Packets.Arp(1, Other, "10.0.0.9", default, LinkRig.OwnV4));
        _ = rig.Sent;
        rig.Run(TimeSpan.FromMinutes(10));
        rig.Output("10.0.0.9");
        byte[] packet = Assert.Single(rig.Sent);
        Assert.Equal(Peer, Packets.DestinationOf(packet));
        rig.Run(TimeSpan.FromMinutes(1));
        Assert.Empty(rig.Hub.Log);
        Assert.True(rig.Nic.RemoveNeighbour(IpAddress.Parse("10.0.0.9"), rig.Now));
        Assert.Null(rig.StateOf("10.0.0.9"));
    }

    [Fact]
    public void Broadcast_and_group_packets_need_no_neighbour()
    {
        LinkRig rig = new();
        rig.Output("10.0.0.255");
        rig.Output("255.255.255.255");
        rig.Output("239.129.2.3");
        rig.Output("ff02::1:ff00:9");
        Assert.Equal(
            ["ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff", "01:00:5e:01:02:03", "33:33:ff:00:00:09"],
            rig.Sent.Select(f => Packets.DestinationOf(f).ToString()));
    }

    [Theory]
    [InlineData("02:aa:00:00:00:01", "224.0.0.1")]
    [InlineData("02:aa:00:00:00:01", "127.0.0.1")]
    [InlineData("02:aa:00:00:00:01", "255.255.255.255")]
    [InlineData("02:aa:00:00:00:01", "10.0.0.255")]
    [InlineData("ff:ff:ff:ff:ff:ff", "10.0.0.9")]
    [InlineData("01:00:5e:00:00:01", "10.0.0.9")]
    [InlineData("00:00:00:00:00:00", "10.0.0.9")]
    public void A_sender_that_cannot_be_is_refused(string mac, string address)
    {
        LinkRig rig = new();
        byte[] frame = Packets.Arp(1, MacAddress.Parse(mac), address, default, LinkRig.OwnV4);
        Peer.Write(frame.AsSpan(6));
        rig.Hand(frame);
        Assert.Empty(rig.Sent);
        Assert.Equal(1, rig.Nic.Drops[LinkDropReason.BadArp]);
    }

    [Theory]
    [InlineData(14, 6)] // another hardware type
    [InlineData(16, 9)] // another protocol
    [InlineData(18, 8)] // another address size
    [InlineData(19, 16)]
    [InlineData(21, 3)] // RARP
    public void A_packet_that_is_not_for_ethernet_and_ipv4_is_refused(int at, byte value)
    {
        LinkRig rig = new();
        byte[] frame = Packets.Arp(1, Peer, "10.0.0.9", default, LinkRig.OwnV4);
        frame[at] = value;
        rig.Hand(frame);
        Assert.Empty(rig.Sent);
        Assert.Equal(1, rig.Nic.Drops[LinkDropReason.BadArp]);
    }

    [Fact]
    public void A_cut_packet_is_refused()
    {
        LinkRig rig = new();
        for (int length = 14; length < 42; length++) rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, LinkRig.OwnV4)[..length]);
        Assert.Empty(rig.Sent);
        Assert.Equal(28, rig.Nic.Drops[LinkDropReason.BadArp] + rig.Nic.Drops[LinkDropReason.TooShort]);
    }

    internal static void Resolve(LinkRig rig, string neighbour, MacAddress mac)
    {
        rig.Output(neighbour);
        rig.Hand(Packets.Arp(2, mac, neighbour, rig.Nic.Mac, LinkRig.OwnV4, to: rig.Nic.Mac));
        Assert.Equal(NeighbourState.Reachable, rig.StateOf(neighbour));
        _ = rig.Sent;
    }
}
