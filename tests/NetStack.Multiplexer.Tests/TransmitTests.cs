using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

public sealed class TransmitTests
{
    private static readonly IpAddress Nobody = IpAddress.Parse("0.0.0.0");
    private static readonly IpAddress Nobody6 = IpAddress.Parse("::");

    private readonly Rig _rig = new(options: new MultiplexerOptions { RingBuffers = 16, TransmitBatch = 4 });

    public static TheoryData<string, byte[]> Allowed => new()
    {
        { "own IPv4", Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [1], Frames.Mac(1)) },
        { "own IPv6", Frames.Tcp(Frames.Peer, Frames.V6(1), 1, Frames.PeerV6, 2, [1], Frames.Mac(1)) },
        { "own behind a tag", Frames.Tagged(Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [1], Frames.Mac(1)), 7) },
        { "ARP request", Frames.Arp(1, MacAddress.Broadcast, Frames.Mac(1), Frames.V4(1), Frames.PeerV4) },
        { "ARP probe", Frames.Arp(1, MacAddress.Broadcast, Frames.Mac(1), Nobody, Frames.V4(1)) },
        { "DHCP discover", Frames.Udp(MacAddress.Broadcast, Nobody, 68, IpAddress.Parse("255.255.255.255"), 67, [1], Frames.Mac(1)) },
        { "DAD", Frames.Ethernet(Frames.Peer, EtherType.Ipv6, Frames.Ip6(Nobody6, IpAddress.Parse("ff02::1"), IpProtocol.Icmpv6, Solicit(Frames.V6(7))), Frames.Mac(1)) },
        { "neighbour solicitation", Frames.Neighbor(135, Frames.Peer, Frames.V6(1), Frames.PeerV6, Frames.PeerV6, Frames.Mac(1)) },
        { "neighbour advertisement", Frames.Neighbor(136, Frames.Peer, Frames.V6(1), Frames.PeerV6, Frames.V6(1), Frames.Mac(1)) },
        { "later fragment", Frames.Ethernet(Frames.Peer, EtherType.Ipv4, Frames.Ip(Frames.V4(1), Frames.PeerV4, IpProtocol.Udp, [1, 2], 5), Frames.Mac(1)) },
        { "echo", Frames.Ethernet(Frames.Peer, EtherType.Ipv4, Frames.Ip(Frames.V4(1), Frames.PeerV4, IpProtocol.Icmp, new byte[8]), Frames.Mac(1)) },
    };

    public static TheoryData<string, byte[]> Spoofed => new()
    {
        { "another MAC", Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [1], Frames.Mac(2)) },
        { "another IPv4", Frames.Udp(Frames.Peer, Frames.V4(2), 1, Frames.PeerV4, 2, [1], Frames.Mac(1)) },
        { "another IPv6", Frames.Udp(Frames.Peer, Frames.V6(2), 1, Frames.PeerV6, 2, [1], Frames.Mac(1)) },
        { "another behind a tag", Frames.Tagged(Frames.Udp(Frames.Peer, Frames.V4(2), 1, Frames.PeerV4, 2, [1], Frames.Mac(1)), 7) },
        { "no address, not DHCP", Frames.Udp(Frames.Peer, Nobody, 1, Frames.PeerV4, 2, [1], Frames.Mac(1)) },
        { "no IPv6 address, not ICMPv6", Frames.Udp(Frames.Peer, Nobody6, 1, Frames.PeerV6, 2, [1], Frames.Mac(1)) },
        { "ARP for another", Frames.Arp(2, Frames.Peer, Frames.Mac(1), Frames.V4(2), Frames.PeerV4) },
        { "ARP with another MAC inside", Frames.Arp(2, Frames.Peer, Frames.Mac(2), Frames.V4(1), Frames.PeerV4, Frames.Mac(1)) },
        { "advertises another's address", Frames.Neighbor(136, Frames.Peer, Frames.V6(1), Frames.PeerV6, Frames.V6(2), Frames.Mac(1)) },
        { "advertises another's MAC", Frames.Neighbor(136, Frames.Peer, Frames.V6(1), Frames.PeerV6, Frames.V6(1), Frames.Mac(2), Frames.Mac(1)) },
        { "solicits with another's MAC", Frames.Neighbor(135, Frames.Peer, Frames.V6(1), Frames.PeerV6, Frames.PeerV6, Frames.Mac(2), Frames.Mac(1)) },
        { "router advertisement", Frames.Ethernet(Frames.Peer, EtherType.Ipv6, Frames.Ip6(Frames.V6(1), Frames.PeerV6, IpProtocol.Icmpv6, [134, .. new byte[15]]), Frames.Mac(1)) },
        { "redirect", Frames.Ethernet(Frames.Peer, EtherType.Ipv6, Frames.Ip6(Frames.V6(1), Frames.PeerV6, IpProtocol.Icmpv6, [137, .. new byte[39]]), Frames.Mac(1)) },
        { "later fragment of another", Frames.Ethernet(Frames.Peer, EtherType.Ipv4, Frames.Ip(Frames.V4(2), Frames.PeerV4, IpProtocol.Udp, [1, 2], 5), Frames.Mac(1)) },
    };

    public static TheoryData<string, byte[]> Unreadable => new()
    {
        { "nothing", [] },
        { "cut Ethernet", new byte[13] },
        { "cut IPv4", Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [], Frames.Mac(1))[..33] },
        { "cut ports", Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [], Frames.Mac(1))[..37] },
        { "cut ARP", Frames.Arp(1, MacAddress.Broadcast, Frames.Mac(1), Frames.V4(1), Frames.PeerV4)[..41] },
        { "options not there", [.. Change(Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [], Frames.Mac(1)), 14, 0x4F)] },
        { "chain goes on in the body", Frames.Ethernet(Frames.Peer, EtherType.Ipv6, Frames.Ip6(Frames.V6(1), Frames.PeerV6, IpProtocol.HopByHop, []), Frames.Mac(1)) },
        { "ICMPv6 in the body", Frames.Ethernet(Frames.Peer, EtherType.Ipv6, Frames.Ip6(Frames.V6(1), Frames.PeerV6, IpProtocol.Icmpv6, []), Frames.Mac(1)) },
        { "advertisement's option in the body", Frames.Neighbor(136, Frames.Peer, Frames.V6(1), Frames.PeerV6, Frames.V6(1), Frames.Mac(1))[..78] },
        { "MPLS", Frames.Ethernet(Frames.Peer, EtherType.Mpls, new byte[40], Frames.Mac(1)) },
        { "802.3", Frames.Ethernet(Frames.Peer, (EtherType)40, new byte[40], Frames.Mac(1)) },
        { "five tags", Frames.Tagged(Frames.Tagged(Frames.Tagged(Frames.Tagged(Frames.Tagged(Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [], Frames.Mac(1)), 1), 1), 1), 1), 1) },
    };

    [Theory, MemberData(nameof(Allowed))]
    public void What_is_the_clients_own_is_sent_as_it_is(string what, byte[] frame)
    {
        MultiplexerPort port = Attach();
        Assert.Equal(1, port.Queues[0].Transmit([HeadersOnly(frame)]));
        Assert.Equal(frame, Assert.Single(_rig.Nic.Sent));
        Assert.True(port.Counters.Queue.FramesSent == 1 && port.Counters.Queue.BytesSent == frame.Length, what);
    }

    [Theory, MemberData(nameof(Spoofed))]
    public void What_claims_another_source_is_refused_and_counted(string what, byte[] frame)
    {
        MultiplexerPort port = Attach();
        Assert.Equal(1, port.Queues[0].Transmit([HeadersOnly(frame)]));
        Assert.Empty(_rig.Nic.Sent);
        Assert.True(port.Counters.Queue.TransmitDrops[DropReason.SpoofedSource] == 1, what);
        MultiplexerPort forger = _rig.Mux.Attach("forger", o => o.SourceCheck = SourceCheck.None);
        forger.Queues[0].Transmit([HeadersOnly(frame)]);
        Assert.Single(_rig.Nic.Sent); // the control: without the check it goes out
    }

    [Theory, MemberData(nameof(Unreadable))]
    public void What_cannot_be_read_is_refused_and_counted(string what, byte[] frame)
    {
        MultiplexerPort port = Attach();
        Assert.Equal(1, port.Queues[0].Transmit([HeadersOnly(frame)]));
        Assert.Empty(_rig.Nic.Sent);
        Assert.True(port.Counters.Queue.TransmitDrops[DropReason.MalformedHeaders] == 1, what);
    }

    [Fact]
    public void A_router_may_send_for_others_but_not_from_another_mac()
    {
        MultiplexerPort router = _rig.Mux.Attach("router", o =>
        {
            o.Mac = Frames.Mac(1);
            o.Router = true;
        });
        router.Queues[0].Transmit([HeadersOnly(Frames.Udp(Frames.Peer, Frames.V4(77), 1, Frames.PeerV4, 2, [], Frames.Mac(1))),
            HeadersOnly(Frames.Udp(Frames.Peer, Frames.V4(77), 1, Frames.PeerV4, 2, [], Frames.Mac(2)))]);
        Assert.Single(_rig.Nic.Sent);
        Assert.Equal(1, router.Counters.Queue.TransmitDrops[DropReason.SpoofedSource]);
    }

    [Fact]
    public void Any_bytes_at_all_are_sent_or_refused_and_nothing_throws()
    {
        Random random = new(11);
        MultiplexerPort port = Attach();
        for (int i = 0; i < 5000; i++)
        {
            byte[] frame = RandomisedTests.AnyFrame(random);
            if (random.Next(2) == 0 && frame.Length >= 12) Frames.Mac(1).Write(frame.AsSpan(6));
            if (frame.Length > HeaderBlock.Capacity) frame = frame[..HeaderBlock.Capacity];
            Assert.Equal(1, port.Queues[0].Transmit([HeadersOnly(frame)]));
        }
        Assert.Equal(5000, _rig.Nic.Sent.Count + port.Counters.Queue.TransmitDrops.Total);
        Assert.InRange(_rig.Nic.Sent.Count, 100, 4900);
        Assert.All(_rig.Nic.Sent, f => Assert.Equal(Frames.Mac(1), MacAddress.Read(f.AsSpan(6))));
    }

    [Fact]
    public async Task A_body_in_registered_memory_goes_by_handle()
    {
        MultiplexerPort port = Attach();
        BufferPool pool = BufferPool.Create(2048, 4, RegionWriter.Owner);
        port.Register(pool, 0, BufferUse.Transmit);
        byte[] frame = Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, Frames.Payload(500, 3), Frames.Mac(1));
        Assert.Equal(1, port.Queues[0].Transmit([WithBody(frame, 42, pool)]));
        Assert.Equal(frame, Assert.Single(_rig.Nic.Sent));
        Assert.Equal((4, 0L), (pool.Available, port.Counters.TransmitBytesCopied));
        await _rig.AssertAllHomeAsync();
    }

    [Fact]
    public async Task Shadow_maps_nothing_of_the_clients_and_copies_every_body()
    {
        MultiplexerPort port = Attach(o =>
        {
            o.Copy = CopyStrategy.Shadow;
            o.TransmitBuffers = 3;
            o.BufferSize = 256;
        });
        int maps = _rig.Nic.Maps;
        BufferPool pool = BufferPool.Create(2048, 4, RegionWriter.Owner);
        port.Register(pool, 0, BufferUse.Transmit | BufferUse.Receive);
        Assert.Equal(maps, _rig.Nic.Maps);
        Assert.Equal(0, pool.Region.Registrations);
        byte[] frame = Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, Frames.Payload(600, 3), Frames.Mac(1));
        Assert.Equal(1, port.Queues[0].Transmit([WithBody(frame, 42, pool)]));
        Assert.Equal(frame, Assert.Single(_rig.Nic.Sent));
        Assert.Equal((4, 600L), (pool.Available, port.Counters.TransmitBytesCopied));
        await _rig.AssertAllHomeAsync();
    }

    [Fact]
    public void A_body_in_memory_nobody_registered_is_refused_unless_there_are_buffers_to_copy_it_to()
    {
        BufferPool pool = BufferPool.Create(2048, 4, RegionWriter.Owner);
        byte[] frame = Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, Frames.Payload(100, 3), Frames.Mac(1));
        MultiplexerPort without = Attach();
        Assert.Equal(1, without.Queues[0].Transmit([WithBody(frame, 42, pool)]));
        Assert.Equal(1, without.Counters.Queue.TransmitDrops[DropReason.Unsupported]);
        without.Dispose();
        MultiplexerPort with = Attach(o => o.TransmitBuffers = 2);
        Assert.Equal(1, with.Queues[0].Transmit([WithBody(frame, 42, pool)]));
        Assert.Equal(frame, Assert.Single(_rig.Nic.Sent));
        Assert.Equal(4, pool.Available);
    }

    [Fact]
    public void When_shadow_buffers_run_out_the_client_keeps_its_frame()
    {
        MultiplexerPort port = Attach(o =>
        {
            o.Copy = CopyStrategy.Shadow;
            o.TransmitBuffers = 1;
        });
        BufferPool pool = BufferPool.Create(2048, 4, RegionWriter.Owner);
        byte[] frame = Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, Frames.Payload(100, 3), Frames.Mac(1));
        _rig.Nic.TransmitRoom = 0;
        TransmitFrame[] two = [WithBody(frame, 42, pool), WithBody(frame, 42, pool)];
        Assert.Equal(1, port.Queues[0].Transmit(two));
        Assert.Equal(3, pool.Available);
        _rig.Nic.TransmitRoom = 10;
        Assert.Equal(1, port.Queues[0].Transmit(two.AsSpan(1)));
        Assert.Equal((2, 4), (_rig.Nic.Sent.Count, pool.Available));
    }

    [Fact]
    public void Ports_take_turns_when_the_device_is_short_of_room()
    {
        MultiplexerPort[] ports = [.. Enumerable.Range(1, 3).Select(i => _rig.Mux.Attach($"p{i}", o =>
        {
            o.Mac = Frames.Mac(i);
            o.Address($"10.0.0.{i}");
        }))];
        _rig.Nic.TransmitRoom = 0;
        int[] offered = [200, 12, 40];
        for (int i = 0; i < 3; i++)
        {
            TransmitFrame frame = HeadersOnly(Frames.Udp(Frames.Peer, Frames.V4(i + 1), 1, Frames.PeerV4, 2, [], Frames.Mac(i + 1)));
            for (int n = 0; n < offered[i]; n++) Assert.Equal(1, ports[i].Queues[0].Transmit([frame]));
        }
        _rig.Nic.TransmitRoom = 36;
        _rig.Mux.Poll(_rig.Now);
        int[] sent = [.. Enumerable.Range(1, 3).Select(i => _rig.Nic.Sent.Count(f => MacAddress.Read(f.AsSpan(6)) == Frames.Mac(i)))];
        Assert.Equal([12, 12, 12], sent);
        _rig.Nic.TransmitRoom = 40;
        _rig.Mux.Poll(_rig.Now);
        Assert.Equal(76, _rig.Nic.Sent.Count);
        Assert.InRange(ports[2].Counters.Queue.FramesSent, 28, 36);
    }

    [Fact]
    public void A_full_queue_leaves_the_rest_with_the_client()
    {
        MultiplexerPort port = Attach(o => o.TransmitDepth = 4);
        _rig.Nic.TransmitRoom = 2;
        TransmitFrame frame = HeadersOnly(Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [], Frames.Mac(1)));
        TransmitFrame[] ten = [.. Enumerable.Repeat(frame, 10)];
        Assert.Equal(6, port.Queues[0].Transmit(ten)); // four wait, two went when those four were full
        Assert.Equal(0, port.Queues[0].Transmit(ten));
    }

    [Fact]
    public void What_waits_when_a_client_leaves_is_dropped_and_counted()
    {
        MultiplexerPort port = Attach();
        _rig.Nic.TransmitRoom = 0;
        BufferPool pool = BufferPool.Create(2048, 4, RegionWriter.Owner);
        port.Register(pool, 0, BufferUse.Transmit);
        byte[] frame = Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, Frames.Payload(500, 3), Frames.Mac(1));
        port.Queues[0].Transmit([WithBody(frame, 42, pool), WithBody(frame, 42, pool)]);
        port.Dispose();
        Assert.Equal((4, 2L), (pool.Available, port.Counters.Queue.TransmitDrops[DropReason.ClientGone]));
        port.Queues[0].Transmit([HeadersOnly(frame[..42])]);
        Assert.Equal(3, port.Counters.Queue.TransmitDrops[DropReason.ClientGone]);
    }

    [Fact]
    public void Headers_changed_by_the_client_after_the_call_change_nothing_that_is_sent()
    {
        MultiplexerPort port = Attach();
        _rig.Nic.TransmitRoom = 0;
        byte[] frame = Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [], Frames.Mac(1));
        TransmitFrame[] mine = [HeadersOnly(frame)];
        port.Queues[0].Transmit(mine);
        Frames.Mac(2).Write(mine[0].Headers.Writable[6..]);
        _rig.Nic.TransmitRoom = 1;
        _rig.Mux.Poll(_rig.Now);
        Assert.Equal(frame, Assert.Single(_rig.Nic.Sent));
    }

    private MultiplexerPort Attach(Action<PortOptions>? more = null) => _rig.Mux.Attach("client", o =>
    {
        o.Mac = Frames.Mac(1);
        o.Address("10.0.0.1").Address("fd00::1");
        more?.Invoke(o);
    });

    private static TransmitFrame HeadersOnly(byte[] bytes)
    {
        TransmitFrame frame = default;
        frame.Headers.Set(bytes);
        return frame;
    }

    private static TransmitFrame WithBody(byte[] bytes, int headers, BufferPool pool)
    {
        TransmitFrame frame = HeadersOnly(bytes[..headers]);
        Assert.True(pool.TryRent(out BufferHandle buffer));
        pool.Write(buffer, 0, bytes.AsSpan(headers));
        frame.Body = new PacketBody(new BodySlice(pool, buffer, 0, bytes.Length - headers));
        return frame;
    }

    private static byte[] Solicit(IpAddress target)
    {
        byte[] message = new byte[24];
        message[0] = 135;
        target.Write(message.AsSpan(8));
        return message;
    }

    private static byte[] Change(byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }
}
