using NetStack.Ip;
using NetStack.Tests.Ip;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Udp;

[Rfc(768, ""), Rfc(1122, "4.1"), Rfc(8200, "8.1")]
public sealed class UdpTests
{
    private readonly byte[] _read = new byte[70_000];

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(false, 1472)]
    [InlineData(true, 0)]
    [InlineData(true, 1452)]
    public void A_datagram_is_received_with_all_that_is_told_of_it(bool isV6, int length)
    {
        using TestHost host = new() { SliceSize = 256 };
        UdpSocket socket = Bound(host, isV6 ? UdpFamily.V6 : UdpFamily.V4, 9);
        byte[] data = Packets.Bytes(length);
        (IpAddress peer, IpAddress us) = Addresses(isV6);
        byte[] segment = Packets.Udp(7, 9, data, peer, us);
        host.Inject(isV6 ? Packets.V6(IpProtocol.Udp, segment, hopLimit: 33, trafficClass: 0x2F) : Packets.V4(IpProtocol.Udp, segment, ttl: 33, tos: 0x2F));
        Assert.True(host.Udp.TryReadEvent(out UdpEvent readable));
        Assert.Equal((socket, SocketEvents.Readable), (readable.Socket, readable.What));
        Assert.False(host.Udp.TryReadEvent(out _));
        Assert.Equal(length, socket.NextLength);
        Assert.True(socket.TryReceive(_read, out UdpDatagramInfo info));
        Assert.Equal(new UdpDatagramInfo(new UdpEndpoint(peer, 7), new UdpEndpoint(us, 9), 1) { HopLimit = 33, IsVerified = true, TrafficClass = 0x2F, Length = length, Copied = length }, info);
        Assert.Equal(data, _read[..length]);
        Assert.False(socket.TryReceive(_read, out _));
        Assert.Equal(0, host.Udp.Blocks.Held);
    }

    [Fact]
    public void Each_payload_byte_is_read_once()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, Packets.Bytes(1400))));
        Assert.Equal(14 + 20 + 8 + 1400, host.Meter.HeaderBytesFetched + host.Meter.BodyBytesRead);
        Assert.Equal(1, socket.Count);
    }

    [Fact]
    public void A_peek_leaves_the_datagram_and_a_short_destination_is_told()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, [1, 2, 3])));
        byte[] two = new byte[2];
        Assert.True(socket.TryPeek(two, out UdpDatagramInfo info));
        Assert.True(socket.TryReceive(two, out UdpDatagramInfo again));
        Assert.Equal(info, again);
        Assert.Equal((3, 2, true), (info.Length, info.Copied, info.IsTruncated));
        Assert.Equal([1, 2], two);
        Assert.Equal(0, socket.Count);
    }

    public static TheoryData<string, UdpDropReason> Bad => new()
    {
        { "7 bytes", UdpDropReason.Truncated },
        { "length 7", UdpDropReason.BadLength },
        { "length past the end", UdpDropReason.BadLength },
        { "port 0", UdpDropReason.BadPort },
        { "checksum", UdpDropReason.BadChecksum },
        { "payload", UdpDropReason.BadChecksum },
        { "no checksum over IPv6", UdpDropReason.NoChecksum },
    };

    [Theory, MemberData(nameof(Bad))]
    public void What_cannot_be_right_is_dropped_with_its_reason(string what, UdpDropReason reason)
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.Dual, 9);
        bool isV6 = what.EndsWith("IPv6", StringComparison.Ordinal);
        (IpAddress peer, IpAddress us) = Addresses(isV6);
        byte[] segment = Packets.Udp(7, what == "port 0" ? (ushort)0 : (ushort)9, Packets.Bytes(200), peer, us);
        switch (what)
        {
            case "7 bytes": segment = segment[..7]; break;
            case "length 7": segment[5] = 7; segment[4] = 0; break;
            case "length past the end": segment[4]++; break;
            case "checksum": segment[7] ^= 1; break;
            case "payload": segment[207] ^= 0x80; break;
            case "no checksum over IPv6": segment[6] = segment[7] = 0; break;
        }
        host.Inject(Packets.Of(IpProtocol.Udp, segment, peer, us));
        Assert.Equal((1, 1, 0), (host.Udp.Drops[reason], host.Udp.Drops.Total, socket.Count));
        Assert.Equal(0, host.Udp.Blocks.Held);
        Assert.Empty(host.Nic.Sent);
    }

    [Fact]
    public void No_checksum_is_allowed_over_ipv4_and_one_that_the_device_vouches_for_is_not_looked_at()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        byte[] segment = Packets.Udp(7, 9, [1, 2, 3]);
        segment[6] = segment[7] = 0;
        host.Inject(Packets.V4(IpProtocol.Udp, segment));
        segment[6] = 0x55;
        host.Inject(Packets.V4(IpProtocol.Udp, segment), isChecksumGood: true);
        Assert.Equal(2, socket.Count);
        socket.Close(host.Now);
        Assert.Equal(0, host.Udp.Blocks.Held);
    }

    [Fact]
    public void A_length_below_what_ip_brought_cuts_the_payload()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        host.Inject(Packets.V4(IpProtocol.Udp, [.. Packets.Udp(7, 9, [1, 2, 3]), 8, 8]));
        Assert.True(socket.TryReceive(_read, out UdpDatagramInfo info));
        Assert.Equal(3, info.Length);
    }

    [Fact]
    public void A_port_nobody_has_is_reported_only_of_what_arrived_whole()
    {
        using TestHost host = new();
        byte[] packet = Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, Packets.Bytes(100)));
        host.Inject(packet);
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, 3, 3);
        Assert.Equal(packet, error.Payload[8..]);
        packet[^1] ^= 1;
        host.Inject(packet);
        Assert.Empty(host.Nic.Sent);
        byte[] large = Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, Packets.Bytes(1400)));
        long read = host.Meter.HeaderBytesFetched + host.Meter.BodyBytesRead;
        host.Inject(large);
        Assert.Equal(14 + large.Length, BytesOfFrame());
        host.Nic.TakeOne();
        host.Inject(Packets.V6(IpProtocol.Udp, Packets.Udp(7, 9, [1], TestHost.Peer6)));
        Packets.AssertIcmp(host.Nic.TakeOne(), 1, 4);

        // Summed and quoted, each byte was read once; the error itself is summed as it is sent.
        long BytesOfFrame() => host.Meter.HeaderBytesFetched + host.Meter.BodyBytesRead - read - (576 - 28);
    }

    [Fact]
    public void The_connected_socket_comes_before_the_bound_one_and_that_before_the_open_one()
    {
        using TestHost host = new();
        UdpSocket any = Bound(host, UdpFamily.V4, 9, reuse: true);
        UdpSocket bound = Bound(host, UdpFamily.V4, 9, TestHost.Us4, reuse: true);
        UdpSocket connected = Bound(host, UdpFamily.V4, 9, TestHost.Us4, reuse: true);
        Assert.Equal(UdpBindResult.Success, connected.Connect(new UdpEndpoint(TestHost.Peer4, 7)));
        Receive(7);
        Assert.Equal((0, 0, 1), (any.Count, bound.Count, connected.Count));
        Receive(8); // another peer port
        Assert.Equal((0, 1, 1), (any.Count, bound.Count, connected.Count));
        bound.Close(host.Now);
        Receive(8);
        Assert.Equal((1, 1), (any.Count, connected.Count));
        connected.Connect(default);
        Receive(7);
        Assert.Equal((1, 2), (any.Count, connected.Count));

        void Receive(ushort from) => host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(from, 9, [1])));
    }

    [Fact]
    public void A_connected_socket_hears_nobody_else()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        socket.Connect(new UdpEndpoint(TestHost.Peer4, 7));
        Assert.Equal((new UdpEndpoint(TestHost.Us4, 9), new UdpEndpoint(TestHost.Peer4, 7)), (socket.LocalEndpoint, socket.RemoteEndpoint));
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(8, 9, [1])));
        Assert.Equal(0, socket.Count);
        Packets.AssertIcmp(host.Nic.TakeOne(), 3, 3);
    }

    [Fact]
    public void A_dual_socket_speaks_ipv4_under_mapped_addresses()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.Dual, 9);
        IpAddress mapped = IpAddress.Parse("::ffff:192.0.2.9");
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, [1])));
        Assert.True(socket.TryReceive(_read, out UdpDatagramInfo info));
        Assert.Equal((new UdpEndpoint(mapped, 7), IpAddress.Parse("::ffff:192.0.2.1")), (info.From, info.To.Address));
        Assert.Equal(DatagramSendResult.Sent, socket.Send(info.From, [1], default, host.Now));
        Assert.Equal(TestHost.Peer4, host.Nic.TakeOne().V4.Destination);
        host.Inject(Packets.V6(IpProtocol.Udp, Packets.Udp(7, 9, [1], TestHost.Peer6)));
        Assert.Equal(1, socket.Count);
        UdpSocket six = host.Udp.Open(UdpFamily.V6);
        Assert.Equal(DatagramSendResult.InvalidDestination, six.Send(new UdpEndpoint(mapped, 7), [1], default, host.Now));
        Assert.Equal(UdpBindResult.Success, six.Bind(new UdpEndpoint(default, 10)));
        Assert.Equal(UdpBindResult.Success, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(default, 10)));
        Assert.Equal(UdpBindResult.AddressInUse, host.Udp.Open(UdpFamily.Dual).Bind(new UdpEndpoint(default, 10)));
    }

    [Fact]
    public void Ports_conflict_where_addresses_do_unless_both_share()
    {
        using TestHost host = new();
        host.Tables.Interfaces.Add(new FakeInterface(2));
        Bound(host, UdpFamily.V4, 9, TestHost.Us4);
        Assert.Equal(UdpBindResult.AddressInUse, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(default, 9)));
        Assert.Equal(UdpBindResult.AddressNotAvailable, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(TestHost.Peer4, 10)));
        Assert.Equal(UdpBindResult.InvalidAddress, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(TestHost.Us6, 10)));
        Assert.Equal(UdpBindResult.Success, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(default, 11), 1));
        Assert.Equal(UdpBindResult.Success, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(default, 11), 2));
        Assert.Equal(UdpBindResult.AddressInUse, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(default, 11)));
        UdpSocket first = new Func<UdpSocket>(() => Bound(host, UdpFamily.V4, 12, reuse: true))();
        Assert.Equal(UdpBindResult.AddressInUse, host.Udp.Open(UdpFamily.V4).Bind(new UdpEndpoint(default, 12)));
        Bound(host, UdpFamily.V4, 12, reuse: true);
        Assert.Equal(UdpBindResult.AlreadyBound, first.Bind(new UdpEndpoint(default, 13)));
        first.Close(host.Now);
        Assert.Equal(UdpBindResult.Closed, first.Bind(new UdpEndpoint(default, 13)));
    }

    [Fact]
    public void Sharers_of_a_port_each_get_the_same_flows_always_and_together_all()
    {
        using TestHost host = new();
        UdpSocket[] sharers = new UdpSocket[4];
        for (int i = 0; i < 4; i++)
        {
            sharers[i] = host.Udp.Open(UdpFamily.V4);
            sharers[i].ReusePort = true;
            Assert.Equal(UdpBindResult.Success, sharers[i].Bind(new UdpEndpoint(default, 9)));
        }
        for (int round = 0; round < 3; round++)
        {
            for (ushort port = 1; port <= 200; port++) host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(port, 9, [1])));
        }
        Assert.Equal(600, sharers.Sum(s => s.Count));
        Assert.All(sharers, s => Assert.InRange(s.Count, 90, 210));
        Assert.All(sharers, s => Assert.Equal(0, s.Count % 3));
    }

    [Fact]
    public void Ephemeral_ports_are_in_their_range_random_and_used_up_only_when_all_are()
    {
        UdpOptions options = new() { FirstEphemeralPort = 50_000, LastEphemeralPort = 50_099 };
        ushort[] Ports(ulong seed)
        {
            using TestHost host = new(new IpSuiteOptions { Udp = options }, seed);
            ushort[] ports = new ushort[100];
            for (int i = 0; i < 100; i++) ports[i] = Bound(host, UdpFamily.V4, 0).LocalEndpoint.Port;
            Assert.Equal(UdpBindResult.NoPortFree, host.Udp.Open(UdpFamily.V4).Bind(default));
            return ports;
        }
        ushort[] first = Ports(1);
        Assert.Equal(Enumerable.Range(50_000, 100), first.Select(p => (int)p).Order());
        Assert.NotEqual(first, Ports(2));
        Assert.Equal(first, Ports(1));
    }

    [Fact]
    public void The_receive_queue_is_bounded_in_bytes_and_drops_are_counted()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        socket.ReceiveBufferSize = 4096;
        for (int i = 0; i < 20; i++) host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, new byte[1000])));
        Assert.Equal((4, 16, 16), (socket.Count, socket.Dropped, host.Udp.Drops[UdpDropReason.QueueFull]));
        long read = host.Meter.BodyBytesRead;
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, new byte[1000])));
        Assert.Equal(read, host.Meter.BodyBytesRead); // what there is no room for is not read
        socket.TryReceive(_read, out _);
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, new byte[1000])));
        Assert.Equal(4, socket.Count);
    }

    [Fact]
    public void All_queues_together_are_bounded_too()
    {
        using TestHost host = new(new IpSuiteOptions { Udp = new UdpOptions { ReceiveMemory = 8192 } });
        UdpSocket one = Bound(host, UdpFamily.V4, 9);
        UdpSocket two = Bound(host, UdpFamily.V4, 10);
        for (int i = 0; i < 10; i++)
        {
            host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, new byte[1024])));
            host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 10, new byte[1024])));
        }
        Assert.Equal((8, 12), (one.Count + two.Count, host.Udp.Drops[UdpDropReason.NoMemory]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_datagram_is_sent_as_the_socket_and_the_call_say(bool isV6)
    {
        using TestHost host = new();
        (IpAddress peer, IpAddress us) = Addresses(isV6);
        UdpSocket socket = Bound(host, isV6 ? UdpFamily.V6 : UdpFamily.V4, 9);
        socket.TrafficClass = 8;
        byte[] data = Packets.Bytes(777);
        Assert.Equal(DatagramSendResult.Sent, socket.Send(new UdpEndpoint(peer, 7), data, new UdpSendOptions { HopLimit = 3, TrafficClass = 0xB9 }, host.Now));
        SentPacket packet = host.Nic.TakeOne();
        Assert.True(PseudoHeader.IsRight(us, peer, IpProtocol.Udp, packet.Payload));
        Assert.True(UdpView.TryRead(packet.Payload, out UdpView view));
        Assert.Equal((9, 7, 785), (view.SourcePort, view.DestinationPort, view.Length));
        Assert.Equal(data, packet.Payload[8..]);
        Assert.Equal((3, 0xB9), isV6 ? (packet.V6.HopLimit, packet.V6.TrafficClass) : (packet.V4.Ttl, packet.V4.TypeOfService));
        socket.Send(new UdpEndpoint(peer, 7), [], default, host.Now);
        packet = host.Nic.TakeOne();
        Assert.Equal((64, 8), isV6 ? (packet.V6.HopLimit, packet.V6.TrafficClass) : (packet.V4.Ttl, packet.V4.TypeOfService));
    }

    [Fact]
    public void The_largest_datagram_makes_the_round_trip_through_fragments()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        byte[] data = Packets.Bytes(65_507);
        UdpEndpoint self = new(TestHost.Peer4, 9);
        Assert.Equal(DatagramSendResult.MessageTooLong, socket.Send(self, new byte[65_508], default, host.Now));
        Assert.Equal(DatagramSendResult.Sent, socket.Send(self, data, default, host.Now));
        host.Tables.Addresses.Add(TestHost.Peer4, 1);
        host.Tables.Addresses.Remove(TestHost.Us4); // now be the peer
        foreach (SentPacket fragment in host.Nic.TakeAll()) host.Inject(fragment.Bytes);
        Assert.True(socket.TryReceive(_read, out UdpDatagramInfo info), host.Udp.Drops.ToString());
        Assert.Equal(65_507, info.Length);
        Assert.Equal(data, _read[..65_507]);
    }

    [Fact]
    public void Sending_says_why_it_could_not()
    {
        using TestHost host = new(sendBuffers: 4);
        UdpSocket socket = host.Udp.Open(UdpFamily.V4);
        Assert.Equal(DatagramSendResult.NotConnected, socket.Send([1], host.Now));
        Assert.Equal(DatagramSendResult.InvalidDestination, socket.Send(new UdpEndpoint(TestHost.Peer6, 7), [1], default, host.Now));
        Assert.Equal(DatagramSendResult.InvalidDestination, socket.Send(new UdpEndpoint(TestHost.Peer4, 0), [1], default, host.Now));
        Assert.Equal(DatagramSendResult.AccessDenied, socket.Send(new UdpEndpoint(IpAddress.Parse("192.0.2.255"), 7), [1], default, host.Now));
        Assert.Equal(DatagramSendResult.AccessDenied, socket.Send(new UdpEndpoint(IpAddress.V4(uint.MaxValue), 7), [1], default, host.Now));
        Assert.Equal(DatagramSendResult.AddressNotAvailable, socket.Send(new UdpEndpoint(TestHost.Peer4, 7), [1], new UdpSendOptions { Source = TestHost.Peer4 }, host.Now));
        socket.DontFragment = true;
        Assert.Equal(DatagramSendResult.MessageTooLong, socket.Send(new UdpEndpoint(TestHost.Peer4, 7), new byte[1473], default, host.Now));
        Assert.Equal(DatagramSendResult.WouldBlock, socket.Send(new UdpEndpoint(TestHost.Peer4, 7), new byte[60_000], default, host.Now));
        host.Nic.Room = 0;
        Assert.Equal(DatagramSendResult.WouldBlock, socket.Send(new UdpEndpoint(TestHost.Peer4, 7), [1], default, host.Now));
        Assert.False(host.Udp.TryReadEvent(out _));
        host.Transmit(); // asked where there is room
        Assert.True(host.Udp.TryReadEvent(out UdpEvent writable));
        Assert.Equal(SocketEvents.Writable, writable.What);
        host.Tables.HasRoute = false;
        Assert.Equal(DatagramSendResult.Unreachable, socket.Send(new UdpEndpoint(TestHost.Peer4, 7), [1], default, host.Now));
        Assert.Empty(host.Nic.Sent);
        socket.Close(host.Now);
        Assert.Equal(DatagramSendResult.Closed, socket.Send(new UdpEndpoint(TestHost.Peer4, 7), [1], default, host.Now));
    }

    [Fact]
    public void A_broadcast_that_is_allowed_leaves_and_reaches_this_hosts_sockets_and_every_one_at_the_port()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9, reuse: true);
        UdpSocket other = Bound(host, UdpFamily.V4, 9, reuse: true);
        UdpSocket bound = Bound(host, UdpFamily.V4, 9, TestHost.Us4, reuse: true);
        UdpSocket toAll = Bound(host, UdpFamily.V4, 9, IpAddress.Parse("192.0.2.255"), reuse: true, nic: 1);
        socket.Broadcast = true;
        UdpEndpoint all = new(IpAddress.Parse("192.0.2.255"), 9);
        Assert.Equal(DatagramSendResult.Sent, socket.Send(all, [1], default, host.Now));
        Assert.Equal(all.Address, host.Nic.TakeOne().V4.Destination);
        host.Transmit();
        Assert.Equal((1, 1, 0, 1), (socket.Count, other.Count, bound.Count, toAll.Count));
        Assert.True(other.TryReceive(_read, out UdpDatagramInfo info));
        Assert.Equal((all, TestHost.Us4), (info.To, info.From.Address));
    }

    [Theory]
    [InlineData(3, 3, DatagramErrorKind.ConnectionRefused)]
    [InlineData(3, 2, DatagramErrorKind.ProtocolUnreachable)]
    [InlineData(3, 1, DatagramErrorKind.HostUnreachable)]
    [InlineData(3, 13, DatagramErrorKind.Prohibited)]
    [InlineData(11, 0, DatagramErrorKind.TimeExceeded)]
    [InlineData(12, 0, DatagramErrorKind.ParameterProblem)]
    public void An_icmp_error_reaches_the_connected_socket_that_sent_what_it_quotes(byte type, byte code, DatagramErrorKind kind)
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        socket.Connect(new UdpEndpoint(TestHost.Peer4, 7));
        socket.Send([1, 2, 3], host.Now);
        SentPacket sent = host.Nic.TakeOne();
        IpAddress router = IpAddress.Parse("192.0.2.50");
        host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(type, code, 0, sent.Bytes), router));
        Assert.True(host.Udp.TryReadEvent(out UdpEvent happened));
        Assert.Equal(SocketEvents.Error, happened.What);
        Assert.True(socket.TryTakeError(out DatagramError error));
        Assert.Equal(new DatagramError(kind, router, TestHost.Peer4, 7, 0, type, code), error);

        byte[] forged = [.. sent.Bytes];
        forged[20 + 3] = 8; // another destination port: not what we sent
        host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(type, code, 0, forged), router));
        Assert.False(socket.TryTakeError(out _));
        Assert.Equal(1, host.Icmp.Drops[NetStack.Icmp.IcmpDropReason.UnexpectedError]);
    }

    [Fact]
    public void An_unconnected_socket_hears_errors_only_if_it_asked_and_too_big_only_if_it_must_not_be_cut()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V6, 9);
        socket.Send(new UdpEndpoint(TestHost.Peer6, 7), new byte[1400], default, host.Now);
        SentPacket sent = host.Nic.TakeOne();
        byte[] error = Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(1, 4, 0, sent.Bytes.AsSpan(0, 1232), TestHost.Peer6, TestHost.Us6));
        byte[] tooBig = Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(2, 0, 1300, sent.Bytes.AsSpan(0, 1232), TestHost.Peer6, TestHost.Us6));
        host.Inject(error);
        Assert.False(socket.TryTakeError(out _));
        socket.ReceivesErrors = true;
        host.Inject(error);
        Assert.True(socket.TryTakeError(out DatagramError refused));
        Assert.Equal((DatagramErrorKind.ConnectionRefused, TestHost.Peer6, 7), (refused.Kind, refused.Destination, refused.DestinationPort));
        host.Inject(tooBig);
        Assert.False(socket.TryTakeError(out _));
        socket.DontFragment = true;
        host.Inject(tooBig);
        Assert.True(socket.TryTakeError(out DatagramError tooLong));
        Assert.Equal((DatagramErrorKind.MessageTooLong, 1300), (tooLong.Kind, tooLong.Mtu));
        Assert.Equal(DatagramSendResult.MessageTooLong, socket.Send(new UdpEndpoint(TestHost.Peer6, 7), new byte[1253], default, host.Now));
    }

    [Fact]
    public void A_socket_hears_that_its_address_went_away()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9, TestHost.Us4);
        host.Ip.OnAddressRemoved(TestHost.Us4, host.Now);
        Assert.True(socket.TryTakeError(out DatagramError error));
        Assert.Equal(DatagramErrorKind.AddressRemoved, error.Kind);
    }

    [Fact]
    public void A_datagram_from_a_group_or_from_nobody_is_dropped()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.Dual, 9);
        IpAddress group4 = IpAddress.Parse("224.0.0.9");
        IpAddress group6 = IpAddress.Parse("ff02::9");
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, [1], group4), group4));
        host.Inject(Packets.V6(IpProtocol.Udp, Packets.Udp(7, 9, [1], group6), group6));
        Assert.Equal((0, 2), (socket.Count, host.Drops[IpDropReason.MartianSource]));
    }

    [Fact]
    public void Events_of_a_closed_socket_are_not_read()
    {
        using TestHost host = new();
        UdpSocket socket = Bound(host, UdpFamily.V4, 9);
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, [1])));
        socket.Close(host.Now);
        socket.Close(host.Now);
        Assert.False(host.Udp.TryReadEvent(out _));
        Assert.Equal((0, 0), (host.Udp.Blocks.Held, host.Udp.Table.Count));
    }

    internal static UdpSocket Bound(TestHost host, UdpFamily family, ushort port, IpAddress address = default, bool reuse = false, int? nic = null)
    {
        UdpSocket socket = host.Udp.Open(family);
        socket.ReuseAddress = reuse;
        Assert.Equal(UdpBindResult.Success, socket.Bind(new UdpEndpoint(address, port), nic));
        return socket;
    }

    private static (IpAddress Peer, IpAddress Us) Addresses(bool isV6) => isV6 ? (TestHost.Peer6, TestHost.Us6) : (TestHost.Peer4, TestHost.Us4);
}
