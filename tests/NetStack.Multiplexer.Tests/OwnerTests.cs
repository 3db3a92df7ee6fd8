using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

/// <summary>Who gets ARP, neighbour discovery, ICMP errors and fragments, for copying and for steered clients.</summary>
public sealed class OwnerTests
{
    private readonly Rig _rig = new(queues: 4, flowRoom: 16);

    [Theory, InlineData("CopyHeaders"), InlineData("Steered+Verify"), InlineData("Steered+Trust")]
    public void Arp_requests_go_to_the_owner_of_the_target_whatever_its_filter(string kind)
    {
        (MultiplexerPort a, MultiplexerPort b) = Pair(kind);
        _rig.Send(Frames.ArpRequest(Frames.PeerV4, Frames.V4(2)));
        AssertGot(0, 1, a, b);
        _rig.Send(Frames.Arp(2, Frames.NicMac, Frames.Peer, Frames.PeerV4, Frames.V4(1)));
        AssertGot(1, 0, a, b);
        _rig.Send(Frames.ArpRequest(Frames.PeerV4, Frames.V4(77)));
        AssertGot(0, 0, a, b);
        Assert.Equal(1, _rig.Mux.Counters.Drops[DropReason.NoClient]);
    }

    [Fact]
    public void Gratuitous_arp_goes_to_all_with_addresses_and_the_answer_to_a_probe_to_its_mac()
    {
        MultiplexerPort a = _rig.Mux.Attach("a", o =>
        {
            o.Mac = Frames.Mac(1);
            o.Address("10.0.0.1");
        });
        MultiplexerPort b = _rig.Mux.Attach("b", o =>
        {
            o.Mac = Frames.Mac(2);
            o.Address("10.0.0.2");
        });
        _rig.Send(Frames.ArpRequest(Frames.PeerV4, Frames.PeerV4));
        AssertGot(1, 1, a, b);
        _rig.Send(Frames.Arp(2, Frames.Mac(2), Frames.Peer, Frames.PeerV4, IpAddress.Parse("0.0.0.0")));
        AssertGot(0, 1, a, b);
    }

    [Fact]
    public void A_port_without_addresses_gets_every_arp_and_one_whose_filter_is_about_something_else_none()
    {
        MultiplexerPort any = _rig.Mux.Attach("any");
        MultiplexerPort dns = _rig.Mux.Attach("dns", o => o.Filter = "udp port 53");
        _rig.Send(Frames.ArpRequest(Frames.PeerV4, Frames.V4(2)));
        AssertGot(1, 0, any, dns);
    }

    [Theory, InlineData("CopyHeaders"), InlineData("Steered+Verify")]
    public void Neighbour_solicitations_go_to_the_owner_of_the_target(string kind)
    {
        (MultiplexerPort a, MultiplexerPort b) = Pair(kind);
        MacAddress group = new(0x33_33_FF_00_00_02);
        _rig.Send(Frames.Neighbor(135, group, Frames.PeerV6, IpAddress.Parse("ff02::1:ff00:2"), Frames.V6(2), Frames.Peer));
        AssertGot(0, 1, a, b);
        _rig.Send(Frames.Neighbor(136, Frames.NicMac, Frames.PeerV6, Frames.V6(1), Frames.PeerV6, Frames.Peer));
        AssertGot(1, 0, a, b);
        _rig.Send(Frames.Neighbor(136, new MacAddress(0x33_33_00_00_00_01), Frames.PeerV6, IpAddress.Parse("ff02::1"), Frames.PeerV6, Frames.Peer));
        AssertGot(1, 1, a, b);
    }

    [Theory, InlineData("CopyHeaders", false), InlineData("CopyHeaders", true), InlineData("Steered+Verify", false), InlineData("Steered+Trust", true)]
    public void Icmp_errors_go_to_the_port_that_sent_the_quoted_packet(string kind, bool v6)
    {
        MultiplexerPort dns = Attach("dns", kind, "udp port 53");
        MultiplexerPort ntp = Attach("ntp", kind, "udp port 123");
        MultiplexerPort icmp = _rig.Mux.Attach("icmp", o => o.Filter = "icmp or icmp6");
        IpAddress us = v6 ? Frames.V6(1) : Frames.V4(1);
        IpAddress router = v6 ? Frames.V6(254) : Frames.V4(254);
        IpAddress server = v6 ? Frames.PeerV6 : Frames.PeerV4;
        _rig.Send(Frames.Unreachable(Frames.NicMac, router, us, Frames.Ip(us, server, IpProtocol.Udp, Frames.Segment(4000, 53, 8, []))));
        AssertGot(1, 0, dns, ntp);
        Assert.Empty(Rig.Drain(icmp));
        _rig.Send(Frames.Unreachable(Frames.NicMac, router, us, Frames.Ip(us, server, IpProtocol.Udp, Frames.Segment(123, 4000, 8, []))));
        AssertGot(0, 1, dns, ntp);
        // Quotes nobody's packet: by its own headers.
        _rig.Send(Frames.Unreachable(Frames.NicMac, router, us, Frames.Ip(us, server, IpProtocol.Tcp, Frames.Segment(1, 2, 20, []))));
        AssertGot(0, 0, dns, ntp);
        Assert.Single(Rig.Drain(icmp));
    }

    [Fact]
    public void An_error_that_quotes_a_packet_of_another_address_than_it_goes_to_is_not_believed()
    {
        MultiplexerPort a = _rig.Mux.Attach("a", o => o.Address("10.0.0.1"));
        MultiplexerPort b = _rig.Mux.Attach("b", o => o.Address("10.0.0.2"));
        byte[] quoted = Frames.Ip(Frames.V4(1), Frames.PeerV4, IpProtocol.Udp, Frames.Segment(4000, 53, 8, []));
        _rig.Send(Frames.Unreachable(Frames.NicMac, Frames.PeerV4, Frames.V4(2), quoted));
        AssertGot(0, 1, a, b);
    }

    [Theory, InlineData("CopyHeaders"), InlineData("CopyAll"), InlineData("Steered+Verify"), InlineData("Steered+Trust")]
    public void Later_fragments_follow_the_first(string kind)
    {
        MultiplexerPort dns = Attach("dns", kind, "udp port 53");
        MultiplexerPort rest = _rig.Mux.Attach("rest", o => o.Filter = "not udp port 53");
        _rig.Send(Fragment(0x2000, 7, Frames.Segment(53, 4000, 8, Frames.Payload(32, 1))), Fragment(0x2005, 7, Frames.Payload(40, 2)),
            Fragment(0x000A, 7, Frames.Payload(40, 3)));
        AssertGot(3, 0, dns, rest);
        Assert.Equal(2, _rig.Mux.Counters.FragmentsFollowed);
        _rig.Send(Fragment(0x2000, 8, Frames.Segment(99, 4000, 8, Frames.Payload(32, 1))), Fragment(0x0005, 8, Frames.Payload(40, 2)));
        AssertGot(0, 2, dns, rest);
    }

    [Fact]
    public void Later_fragments_in_ipv6_follow_by_identification()
    {
        MultiplexerPort dns = _rig.Mux.Attach("dns", o => o.Filter = "udp port 53");
        _rig.Send(Fragment6(1, 0, true, Frames.Segment(53, 4000, 8, Frames.Payload(32, 1))), Fragment6(1, 40, false, Frames.Payload(8, 2)),
            Fragment6(2, 40, false, Frames.Payload(8, 3)));
        Assert.Equal(2, Rig.Drain(dns).Count);
        Assert.Equal((1, 1), (_rig.Mux.Counters.FragmentsFollowed, _rig.Mux.Counters.FragmentsUnknown));
    }

    [Fact]
    public void A_later_fragment_of_an_unknown_datagram_goes_where_ports_do_not_matter_else_to_the_default_port_else_nowhere()
    {
        MultiplexerPort dns = _rig.Mux.Attach("dns", o => o.Filter = "udp port 53");
        MultiplexerPort not = _rig.Mux.Attach("not", o => o.Filter = "not udp port 53");
        _rig.Send(Fragment(0x0005, 9, Frames.Payload(40, 2)));
        AssertGot(0, 0, dns, not);
        Assert.Equal(1, _rig.Mux.Counters.Drops[DropReason.NoClient]);
        MultiplexerPort rest = _rig.Mux.Attach("rest", o =>
        {
            o.Default = true;
            o.Filter = "vlan 1";
        });
        _rig.Send(Fragment(0x0005, 9, Frames.Payload(40, 2)));
        Assert.Single(Rig.Drain(rest));
        MultiplexerPort host = _rig.Mux.Attach("host", o => o.Filter = "host 10.0.0.99");
        _rig.Send(Fragment(0x0005, 9, Frames.Payload(40, 2)));
        AssertGot(0, 1, rest, host);
        Assert.Equal(3, _rig.Mux.Counters.FragmentsUnknown);
    }

    [Fact]
    public void A_datagram_is_forgotten_after_its_time()
    {
        MultiplexerPort dns = _rig.Mux.Attach("dns", o => o.Filter = "udp port 53");
        _rig.Send(Fragment(0x2000, 7, Frames.Segment(53, 4000, 8, Frames.Payload(32, 1))));
        _rig.Now += TimeSpan.FromSeconds(59);
        _rig.Send(Fragment(0x2005, 7, Frames.Payload(40, 2)));
        Assert.Equal(2, Rig.Drain(dns).Count);
        _rig.Now += TimeSpan.FromSeconds(2);
        _rig.Send(Fragment(0x000A, 7, Frames.Payload(40, 3)));
        Assert.Empty(Rig.Drain(dns));
    }

    [Fact]
    public void A_flood_of_fragments_is_bounded_and_counted_and_the_latest_are_remembered()
    {
        Rig rig = new(options: new MultiplexerOptions { RingBuffers = 16, FragmentEntries = 16, RingReserve = 0 });
        MultiplexerPort dns = rig.Mux.Attach("dns", o => o.Filter = "udp port 53");
        for (ushort id = 0; id < 2000; id++)
        {
            rig.Now = rig.Now.AddNanoseconds(1);
            rig.Send(Fragment(0x2000, id, Frames.Segment(53, 4000, 8, Frames.Payload(32, 1))));
            Rig.Drain(dns);
        }
        Assert.InRange(rig.Mux.Counters.FragmentsEvicted, 1984, 2000);
        rig.Send(Fragment(0x0005, 1999, Frames.Payload(40, 2)));
        Assert.Single(Rig.Drain(dns));
        rig.Send(Fragment(0x0005, 3, Frames.Payload(40, 2)));
        Assert.Empty(Rig.Drain(dns));
    }

    [Theory, InlineData("Steered+Verify"), InlineData("Steered+Trust")]
    public void Broadcasts_reach_a_steered_client_by_the_default_queue(string kind)
    {
        MultiplexerPort port = Attach("web", kind, "udp port 67");
        _rig.Send(Frames.Udp(MacAddress.Broadcast, Frames.PeerV4, 68, IpAddress.Parse("255.255.255.255"), 67, [1]));
        Assert.True(Assert.Single(Rig.Drain(port)).Tag.IsNone);
        Assert.Equal(0, port.Counters.FramesSteered);
    }

    private (MultiplexerPort A, MultiplexerPort B) Pair(string kind)
    {
        MultiplexerPort[] ports = [.. Enumerable.Range(1, 2).Select(i => _rig.Mux.Attach($"p{i}", o =>
        {
            Clients.Configure(kind, o);
            o.Filter = "tcp port 80";
            o.Addresses.Add(Frames.V4(i));
            o.Addresses.Add(Frames.V6(i));
        }))];
        return (ports[0], ports[1]);
    }

    private MultiplexerPort Attach(string name, string kind, string filter)
    {
        MultiplexerPort port = _rig.Mux.Attach(name, o =>
        {
            Clients.Configure(kind, o);
            o.Filter = filter;
        });
        Assert.Equal(Clients.Steers(kind) ? SteeringState.Active : SteeringState.NotAsked, port.SteeringState);
        return port;
    }

    private static void AssertGot(int first, int second, MultiplexerPort a, MultiplexerPort b) =>
        Assert.Equal((first, second), (Rig.Drain(a).Count, Rig.Drain(b).Count));

    private static byte[] Fragment(int field, ushort id, byte[] payload) =>
        Frames.Ethernet(Frames.NicMac, EtherType.Ipv4, Frames.Ip(Frames.PeerV4, Frames.V4(1), IpProtocol.Udp, payload, field, id));

    private static byte[] Fragment6(uint id, int offset, bool more, byte[] payload)
    {
        byte[] extended = new byte[8 + payload.Length];
        new Ipv6FragmentHeader(IpProtocol.Udp, offset, more, id).Write(extended);
        payload.CopyTo(extended.AsSpan(8));
        return Frames.Ethernet(Frames.NicMac, EtherType.Ipv6, Frames.Ip6(Frames.PeerV6, Frames.V6(1), IpProtocol.Fragment, extended));
    }
}
