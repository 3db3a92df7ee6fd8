using NetStack.Tests.Kit;
using NetStack.Tests.Link;
using NetStack.Wire;

namespace NetStack.Tests.Neighbours;

/// <summary>Neighbour solicitations and advertisements (RFC 4861 section 7).</summary>
public sealed class NdpTests
{
    private const string PeerIp = "fd00::9";
    private static readonly MacAddress Peer = Packets.Peer;
    private static readonly MacAddress Other = MacAddress.Parse("02:bb:00:00:00:02");
    private static readonly MacAddress Group = MacAddress.Parse("33:33:ff:00:00:01"); // of fd00::1

    [Fact]
    public void A_solicitation_is_answered_with_a_solicited_overriding_advertisement()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", Packets.NeighborSolicitation(LinkRig.OwnV6, Peer)));
        byte[] reply = Assert.Single(rig.Sent);
        byte[] expected = Packets.Icmpv6(Peer, rig.Nic.Mac, LinkRig.OwnV6, PeerIp, Packets.NeighborAdvertisement(LinkRig.OwnV6, rig.Nic.Mac));
        Assert.Equal(expected, reply);
    }

    [Fact]
    public void A_detection_for_our_address_is_answered_to_all_nodes_unsolicited()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Icmpv6(Group, Peer, "::", "ff02::1:ff00:1", Packets.NeighborSolicitation(LinkRig.OwnV6, null)));
        byte[] expected = Packets.Icmpv6(MacAddress.Parse("33:33:00:00:00:01"), rig.Nic.Mac, LinkRig.OwnV6, "ff02::1", Packets.NeighborAdvertisement(LinkRig.OwnV6, rig.Nic.Mac, solicited: false));
        Assert.Equal(expected, Assert.Single(rig.Sent));
    }

    [Fact]
    public void A_forwarding_stack_says_that_it_is_a_router()
    {
        LinkRig rig = new(configure: o => o.Protocols = new() { Ip = new() { Forwarding = true } });
        rig.Hand(Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", Packets.NeighborSolicitation(LinkRig.OwnV6, Peer)));
        Assert.Equal(0xE0, Assert.Single(rig.Sent)[58]);
    }

    public static TheoryData<string, byte[]> Invalid => new()
    {
        { nameof(NdpDropReason.Malformed), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", Packets.NeighborSolicitation(LinkRig.OwnV6, null)[..20]) },
        { nameof(NdpDropReason.Malformed), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", With(Packets.NeighborSolicitation(LinkRig.OwnV6, Peer), 25, 0)) }, // option length 0
        { nameof(NdpDropReason.Malformed), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", With(Packets.NeighborSolicitation(LinkRig.OwnV6, Peer), 25, 2)) }, // past the end
        { nameof(NdpDropReason.BadAddress), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", Packets.NeighborSolicitation("ff02::1:ff00:1", Peer)) },
        { nameof(NdpDropReason.BadAddress), Packets.Icmpv6(Group, Peer, "::", LinkRig.OwnV6, Packets.NeighborSolicitation(LinkRig.OwnV6, null)) }, // from :: to no solicited-node group
        { nameof(NdpDropReason.BadLinkAddress), Packets.Icmpv6(Group, Peer, "::", "ff02::1:ff00:1", Packets.NeighborSolicitation(LinkRig.OwnV6, Peer)) }, // from :: with an address
        { nameof(NdpDropReason.BadLinkAddress), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", Packets.NeighborSolicitation(LinkRig.OwnV6, Group)) },
        { nameof(NdpDropReason.NotForUs), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", Packets.NeighborSolicitation("fd00::1:1", Peer)) },
        { nameof(NdpDropReason.BadAddress), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1", Packets.NeighborAdvertisement(PeerIp, Peer, solicited: true)) }, // solicited to a group
        { nameof(NdpDropReason.BadAddress), Packets.Icmpv6(Group, Peer, PeerIp, LinkRig.OwnV6, Packets.NeighborAdvertisement("ff02::1", Peer)) },
        { nameof(NdpDropReason.AddressConflict), Packets.Icmpv6(Group, Peer, PeerIp, LinkRig.OwnV6, Packets.NeighborAdvertisement(LinkRig.OwnV6, Peer)) },
        { nameof(NdpDropReason.NotAccepted), Packets.Icmpv6(Group, Peer, "fe80::9", "ff02::1", Packets.RouterAdvertisement(1800)) },
        { nameof(NdpDropReason.BadAddress), Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1", Packets.RouterAdvertisement(1800)) },
    };

    [Theory, MemberData(nameof(Invalid))]
    public void An_invalid_message_is_dropped_and_counted_by_its_reason(string reason, byte[] frame)
    {
        LinkRig rig = new();
        Group.Write(frame);
        rig.Hand(frame);
        Assert.Empty(rig.Sent);
        Assert.Equal($"{reason} 1", rig.Nic.NdpDrops.ToString());
        Assert.Empty(rig.Nic.ListNeighbours(rig.Now));
    }

    [Fact]
    public void A_message_that_came_through_a_router_or_has_a_code_is_dropped_by_icmpv6()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", Packets.NeighborSolicitation(LinkRig.OwnV6, Peer), hopLimit: 254));
        rig.Hand(Packets.Icmpv6(Group, Peer, PeerIp, "ff02::1:ff00:1", With(Packets.NeighborSolicitation(LinkRig.OwnV6, Peer), 1, 1)));
        Assert.Empty(rig.Sent);
        Assert.Equal(2, rig.Stack.Icmp.Drops[NetStack.Icmp.IcmpDropReason.NotFromLink]);
    }

    [Fact]
    public void A_packet_for_an_unknown_neighbour_waits_for_its_advertisement()
    {
        LinkRig rig = new();
        rig.Output(PeerIp, 42);
        byte[] expected = Packets.Icmpv6(MacAddress.Parse("33:33:ff:00:00:09"), rig.Nic.Mac, LinkRig.OwnV6, "ff02::1:ff00:9", Packets.NeighborSolicitation(PeerIp, rig.Nic.Mac));
        Assert.Equal(expected, Assert.Single(rig.Sent));
        Advertise(rig, Peer);
        Assert.Equal(42, Assert.Single(rig.Sent)[^1]);
        Assert.Equal(NeighbourState.Reachable, rig.StateOf(PeerIp));
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void Probes_go_to_the_neighbour_itself_three_times()
    {
        LinkRig rig = new();
        rig.Output(PeerIp);
        Advertise(rig, Peer);
        rig.Run(TimeSpan.FromSeconds(46));
        _ = rig.Sent;
        rig.Output(PeerIp);
        rig.Run(TimeSpan.FromSeconds(15));
        List<byte[]> probes = [.. rig.Sent.Where(f => Packets.IsIcmpv6(f, 135))];
        Assert.Equal(3, probes.Count);
        Assert.All(probes, f => Assert.Equal((Peer, IpAddress.Parse(PeerIp)), (Packets.DestinationOf(f), Packets.TargetOf(f))));
        Assert.Equal(NeighbourState.Failed, rig.StateOf(PeerIp));
    }

    /// <summary>The table of RFC 4861 section 7.2.5 and appendix C.</summary>
    [Theory]
    // known MAC state, same MAC?, solicited, override → state, MAC taken
    [InlineData(NeighbourState.Reachable, true, true, false, NeighbourState.Reachable, false)]
    [InlineData(NeighbourState.Reachable, true, false, true, NeighbourState.Reachable, false)]
    [InlineData(NeighbourState.Reachable, false, true, false, NeighbourState.Stale, false)]
    [InlineData(NeighbourState.Reachable, false, false, false, NeighbourState.Stale, false)]
    [InlineData(NeighbourState.Reachable, false, true, true, NeighbourState.Reachable, true)]
    [InlineData(NeighbourState.Reachable, false, false, true, NeighbourState.Stale, true)]
    [InlineData(NeighbourState.Stale, false, true, false, NeighbourState.Stale, false)]
    [InlineData(NeighbourState.Stale, true, true, false, NeighbourState.Reachable, false)]
    [InlineData(NeighbourState.Stale, true, false, true, NeighbourState.Stale, false)]
    [InlineData(NeighbourState.Stale, false, true, true, NeighbourState.Reachable, true)]
    [InlineData(NeighbourState.Probe, false, true, false, NeighbourState.Probe, false)]
    [InlineData(NeighbourState.Probe, true, true, false, NeighbourState.Reachable, false)]
    [InlineData(NeighbourState.Probe, false, false, true, NeighbourState.Stale, true)]
    public void An_advertisement_changes_state_and_address_as_the_table_says(
        NeighbourState before, bool sameMac, bool solicited, bool @override, NeighbourState after, bool taken)
    {
        LinkRig rig = new();
        rig.Output(PeerIp);
        Advertise(rig, Peer);
        if (before != NeighbourState.Reachable) rig.Run(TimeSpan.FromSeconds(46));
        if (before == NeighbourState.Probe)
        {
            rig.Output(PeerIp);
            rig.Run(TimeSpan.FromSeconds(5.5));
        }
        Assert.Equal(before, rig.StateOf(PeerIp));
        Advertise(rig, sameMac ? Peer : Other, solicited, @override);
        Assert.Equal(after, rig.StateOf(PeerIp));
        Assert.Equal(taken ? Other : Peer, rig.MacOf(PeerIp));
    }

    [Fact]
    public void Without_a_link_layer_address_an_advertisement_confirms_but_does_not_resolve()
    {
        LinkRig rig = new();
        rig.Output(PeerIp);
        rig.Hand(Packets.Icmpv6(rig.Nic.Mac, Peer, PeerIp, LinkRig.OwnV6, Packets.NeighborAdvertisement(PeerIp, null)));
        Assert.Equal(NeighbourState.Incomplete, rig.StateOf(PeerIp));
        Advertise(rig, Peer);
        rig.Run(TimeSpan.FromSeconds(46));
        rig.Hand(Packets.Icmpv6(rig.Nic.Mac, Peer, PeerIp, LinkRig.OwnV6, Packets.NeighborAdvertisement(PeerIp, null)));
        Assert.Equal(NeighbourState.Reachable, rig.StateOf(PeerIp));
    }

    [Fact]
    public void An_unsolicited_answer_to_a_question_makes_it_stale_and_packets_leave()
    {
        LinkRig rig = new();
        rig.Output(PeerIp, 7);
        _ = rig.Sent;
        Advertise(rig, Peer, solicited: false);
        Assert.Equal(7, Assert.Single(rig.Sent)[^1]);
        Assert.Equal(NeighbourState.Delay, rig.StateOf(PeerIp)); // stale, and a packet was sent
    }

    [Fact]
    public void An_advertisement_of_a_stranger_makes_no_entry()
    {
        LinkRig rig = new();
        Advertise(rig, Peer);
        Assert.Null(rig.StateOf(PeerIp));
    }

    private static void Advertise(LinkRig rig, MacAddress mac, bool solicited = true, bool @override = true) =>
        rig.Hand(Packets.Icmpv6(rig.Nic.Mac, Peer, PeerIp, LinkRig.OwnV6, Packets.NeighborAdvertisement(PeerIp, mac, solicited: solicited, @override: @override)));

    private static byte[] With(byte[] message, int at, byte value)
    {
        message[at] = value;
        return message;
    }
}
