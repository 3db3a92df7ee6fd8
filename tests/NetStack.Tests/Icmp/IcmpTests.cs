using NetStack.Icmp;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Tests.Ip;
using NetStack.Wire;

namespace NetStack.Tests.Icmp;

[Rfc(792, ""), Rfc(1122, "3.2.2"), Rfc(4443, "2.4")]
public sealed class IcmpTests
{
    private const IpProtocol Protocol = (IpProtocol)253;

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    [InlineData(false, 1400)]
    [InlineData(true, 1400)]
    public void An_echo_request_is_answered_with_its_data(bool isV6, int length)
    {
        using TestHost host = new();
        host.SliceSize = 256;
        byte[] data = Packets.Bytes(length);
        host.Inject(Echo(isV6, 0x1234_0007, data));
        SentPacket reply = host.Nic.TakeOne();
        Packets.AssertIcmp(reply, isV6 ? (byte)129 : (byte)0, 0);
        Assert.Equal([0x12, 0x34, 0, 7, .. data], reply.Payload[4..]);
        if (isV6) Assert.Equal((TestHost.Us6, TestHost.Peer6), (reply.V6.Source, reply.V6.Destination));
        else Assert.Equal((TestHost.Us4, TestHost.Peer4), (reply.V4.Source, reply.V4.Destination));
        Assert.Equal(1, host.Icmp.EchoReplies);
    }

    [Fact]
    public void An_echo_request_in_fragments_is_answered_in_fragments()
    {
        using TestHost host = new();
        byte[] request = Packets.Icmp(8, 0, 1, Packets.Bytes(3992));
        for (int at = 0; at < 4000; at += 1000) host.Inject(Packets.V4(IpProtocol.Icmp, request.AsSpan(at, 1000), offset: at, more: at < 3000));
        byte[] reply = [.. host.Nic.TakeAll().SelectMany(p => p.Payload)];
        Assert.Equal(request[8..], reply[8..]);
        Assert.Equal(0, InternetChecksum.Compute(reply));
    }

    [Fact]
    public void A_message_with_a_wrong_checksum_or_too_short_is_dropped()
    {
        using TestHost host = new();
        byte[] request = Packets.Icmp(8, 0, 1, [1]);
        request[8]++;
        host.Inject(Packets.V4(IpProtocol.Icmp, request));
        host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(8, 0, 1, []).AsSpan(0, 7)));
        byte[] six = Packets.Icmp(128, 0, 1, [1], TestHost.Peer6, TestHost.Us6);
        six[3] ^= 1;
        host.Inject(Packets.V6(IpProtocol.Icmpv6, six));
        Assert.Equal((2, 1), (host.Icmp.Drops[IcmpDropReason.BadChecksum], host.Icmp.Drops[IcmpDropReason.Truncated]));
        Assert.Empty(host.Nic.Sent);
    }

    [Fact]
    public void Echo_to_a_group_is_answered_as_the_settings_say_and_from_a_unicast_address()
    {
        IpAddress all6 = IpAddress.Parse("ff02::1");
        byte[] four = Packets.V4(IpProtocol.Icmp, Packets.Icmp(8, 0, 1, []), destination: IpAddress.Parse("192.0.2.255"));
        byte[] six = Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(128, 0, 1, [], TestHost.PeerLink, all6), TestHost.PeerLink, all6);
        using TestHost host = new();
        host.Inject(four, isLinkGroup: true);
        Assert.Empty(host.Nic.Sent);
        host.Inject(six, isLinkGroup: true);
        Assert.Equal(TestHost.OurLink, host.Nic.TakeOne().V6.Source);
        using TestHost open = new(new IpSuiteOptions { Icmp = new IcmpOptions { AnswerGroupEchoV4 = true, AnswerGroupEchoV6 = false } });
        open.Inject(four, isLinkGroup: true);
        Assert.Equal(TestHost.Us4, open.Nic.TakeOne().V4.Source);
        open.Inject(six, isLinkGroup: true);
        Assert.Empty(open.Nic.Sent);
        using TestHost silent = new(new IpSuiteOptions { Icmp = new IcmpOptions { AnswerEcho = false } });
        silent.Inject(Echo(false, 1, []));
        Assert.Equal(1, silent.Icmp.Drops[IcmpDropReason.EchoNotAnswered]);
    }

    [Fact]
    public void Echo_replies_can_be_limited()
    {
        using TestHost host = new(new IpSuiteOptions { Icmp = new IcmpOptions { EchoRepliesPerSecond = 10 } });
        for (int i = 0; i < 50; i++) host.Inject(Echo(false, 1, []));
        Assert.Equal(10, host.Nic.TakeAll().Count);
        Assert.Equal(40, host.Icmp.Drops[IcmpDropReason.EchoRateLimited]);
        host.Now += TimeSpan.FromMilliseconds(500);
        for (int i = 0; i < 50; i++) host.Inject(Echo(false, 1, []));
        Assert.Equal(5, host.Nic.TakeAll().Count);
    }

    [Theory, Rfc(9293, "3.9.2.2", "MUST-55")]
    [InlineData(13, IcmpDropReason.Timestamp)]
    [InlineData(4, IcmpDropReason.SourceQuench)]
    [InlineData(5, IcmpDropReason.Redirect)]
    [InlineData(99, IcmpDropReason.UnknownType)]
    [InlineData(15, IcmpDropReason.UnknownType)]
    public void Types_of_no_use_are_counted_and_not_answered(byte type, IcmpDropReason reason)
    {
        using TestHost host = new();
        host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(type, 0, 0, new byte[12])));
        Assert.Equal((1, 1), (host.Icmp.Drops[reason], host.Icmp.Drops.Total));
        Assert.Empty(host.Nic.Sent);
    }

    [Fact]
    public void Neighbour_messages_are_handed_on_only_from_the_link()
    {
        using TestHost host = new();
        byte[] message = Packets.Icmp(135, 0, 0, TestHostBytes(TestHost.OurLink), TestHost.PeerLink, TestHost.OurLink);
        byte[] coded = Packets.Icmp(135, 1, 0, TestHostBytes(TestHost.OurLink), TestHost.PeerLink, TestHost.OurLink);
        host.Inject(Packets.V6(IpProtocol.Icmpv6, message, TestHost.PeerLink, TestHost.OurLink, 254));
        host.Inject(Packets.V6(IpProtocol.Icmpv6, coded, TestHost.PeerLink, TestHost.OurLink, 255));
        Assert.Empty(host.NdpMessages);
        Assert.Equal(2, host.Icmp.Drops[IcmpDropReason.NotFromLink]);
        host.Inject(Packets.V6(IpProtocol.Icmpv6, message, TestHost.PeerLink, TestHost.OurLink, 255));
        Assert.Equal(message, Assert.Single(host.NdpMessages));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_echo_socket_sends_requests_and_receives_replies_and_errors(bool isV6)
    {
        using TestHost host = new();
        IpAddress peer = isV6 ? TestHost.Peer6 : TestHost.Peer4;
        IpAddress us = isV6 ? TestHost.Us6 : TestHost.Us4;
        EchoSocket socket = host.Icmp.OpenEcho(isV6, 0x55)!;
        Assert.Null(host.Icmp.OpenEcho(isV6, 0x55));
        byte[] data = Packets.Bytes(500);
        Assert.Equal(DatagramSendResult.Sent, socket.Send(peer, 3, data, host.Now));
        SentPacket request = host.Nic.TakeOne();
        Packets.AssertIcmp(request, isV6 ? (byte)128 : (byte)8, 0);
        Assert.Equal([0, 0x55, 0, 3, .. data], request.Payload[4..]);

        IpProtocol protocol = isV6 ? IpProtocol.Icmpv6 : IpProtocol.Icmp;
        host.Inject(Packets.Of(protocol, Packets.Icmp(isV6 ? (byte)129 : (byte)0, 0, 0x55_0003, data, peer.IsV6 ? peer : default, us), peer, us));
        Assert.True(host.Icmp.TryReadEvent(out EchoEvent readable));
        Assert.Equal((socket, SocketEvents.Readable), (readable.Socket, readable.What));
        byte[] read = new byte[100];
        Assert.True(socket.TryReceive(read, out EchoReplyInfo info));
        Assert.Equal((peer, us, 0x55, 3, 500, 100, true), (info.From, info.To, info.Identifier, info.Sequence, info.Length, info.Copied, info.IsTruncated));
        Assert.Equal(data[..100], read);
        Assert.False(socket.TryReceive(read, out _));

        host.Inject(Packets.Of(protocol, Packets.Icmp(isV6 ? (byte)3 : (byte)11, 0, 0, request.Bytes, peer.IsV6 ? peer : default, us), peer, us));
        Assert.True(host.Icmp.TryReadEvent(out EchoEvent failed));
        Assert.Equal(SocketEvents.Error, failed.What);
        Assert.True(socket.TryTakeError(out DatagramError error));
        Assert.Equal((DatagramErrorKind.TimeExceeded, peer, peer), (error.Kind, error.Reporter, error.Destination));
        Assert.False(socket.TryTakeError(out _));
        socket.Close(host.Now);
        Assert.Equal(DatagramSendResult.Closed, socket.Send(peer, 3, data, host.Now));
        Assert.NotNull(host.Icmp.OpenEcho(isV6, 0x55));
    }

    [Fact]
    public void Replies_beyond_the_receive_queue_are_dropped_and_counted()
    {
        using TestHost host = new(new IpSuiteOptions { Icmp = new IcmpOptions { ReceiveBufferSize = 1024 } });
        EchoSocket socket = host.Icmp.OpenEcho(false, 9)!;
        for (int i = 0; i < 10; i++) host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(0, 0, 9 << 16, new byte[100])));
        Assert.Equal((4, 6, 6), (socket.Count, socket.Dropped, host.Icmp.Drops[IcmpDropReason.QueueFull]));
        host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(0, 0, 10 << 16, new byte[100])));
        Assert.Equal(1, host.Icmp.Drops[IcmpDropReason.NoSocket]);
    }

    public static TheoryData<string> Unanswerable => ["error", "group", "broadcast", "link group", "later fragment", "unspecified source", "class E source"];

    [Theory, MemberData(nameof(Unanswerable))]
    public void No_error_is_sent_about_what_rfc_1122_forbids(string what)
    {
        using TestHost host = new();
        byte[] udp = Packets.Udp(1, 99, [1]);
        switch (what)
        {
            case "error":
                host.Ip.Register(IpProtocol.Icmp, new Unreachable());
                host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(3, 1, 0, Packets.V4(Protocol, new byte[8]))));
                Assert.Empty(host.Nic.Sent);
                host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(8, 0, 0, []))); // control: of an echo one is sent
                Assert.Single(host.Nic.TakeAll());
                return;
            case "group":
                host.Inject(Packets.V4(IpProtocol.Udp, udp, destination: IpAddress.Parse("224.0.0.1")));
                break;
            case "broadcast":
                host.Inject(Packets.V4((IpProtocol)99, udp, destination: IpAddress.Parse("192.0.2.255")));
                break;
            case "link group":
                host.Inject(Packets.V6((IpProtocol)99, udp), isLinkGroup: true);
                break;
            case "later fragment":
                host.Inject(Packets.V4((IpProtocol)99, udp, offset: 8, options: [148, 1, 0, 0]));
                break;
            case "unspecified source":
                host.Inject(Packets.V4((IpProtocol)99, udp, IpAddress.V4(0), IpAddress.Parse("224.0.0.1")));
                break;
            case "class E source":
                host.Inject(Packets.V4((IpProtocol)99, udp, IpAddress.Parse("250.1.1.1")));
                break;
        }
        Assert.Empty(host.Nic.Sent);
        host.Inject(Packets.V4(IpProtocol.Udp, udp)); // control
        Packets.AssertIcmp(host.Nic.TakeOne(), 3, 3);
    }

    [Fact]
    public void No_error_is_sent_about_an_icmpv6_error_or_a_redirect()
    {
        using TestHost host = new();
        host.Ip.Register(IpProtocol.Icmpv6, new Unreachable());
        foreach (byte type in new byte[] { 1, 4, 100, 137 }) host.Inject(Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(type, 0, 0, new byte[48], TestHost.Peer6, TestHost.Us6)));
        Assert.Empty(host.Nic.Sent);
        Assert.Equal(4, host.Icmp.Errors.Forbidden);
        host.Inject(Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(128, 0, 0, [], TestHost.Peer6, TestHost.Us6)));
        Assert.Single(host.Nic.TakeAll());
    }

    [Fact]
    public void Errors_are_limited_for_each_destination_and_for_all()
    {
        using TestHost host = new(new IpSuiteOptions { Ip = new IpLayerOptions { IcmpErrorsPerSecond = 100, IcmpErrorsPerSecondAndDestination = 2 } });
        byte[] one = Packets.V4(IpProtocol.Udp, Packets.Udp(1, 99, [1]));
        for (int i = 0; i < 20; i++) host.Inject(one);
        Assert.Equal(6, host.Nic.TakeAll().Count); // the burst
        Assert.Equal(14, host.Icmp.Errors.RateLimited);
        host.Now += TimeSpan.FromSeconds(1);
        for (int i = 0; i < 20; i++) host.Inject(one);
        Assert.Equal(2, host.Nic.TakeAll().Count);
        host.Now += TimeSpan.FromSeconds(60);
        for (uint i = 1; i <= 200; i++)
        {
            IpAddress source = IpAddress.V4(0xC633_6400 + i);
            host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(1, 99, [1], source), source));
        }
        Assert.Equal(50, host.Nic.TakeAll().Count);
    }

    private static byte[] Echo(bool isV6, uint rest, byte[] data) => isV6
        ? Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(128, 0, rest, data, TestHost.Peer6, TestHost.Us6))
        : Packets.V4(IpProtocol.Icmp, Packets.Icmp(8, 0, rest, data));

    private static byte[] TestHostBytes(IpAddress address)
    {
        byte[] bytes = new byte[16];
        address.Write(bytes);
        return bytes;
    }

    private sealed class Unreachable : ITransport
    {
        public TransportVerdict Receive(in InboundDatagram datagram, Instant now) => TransportVerdict.PortUnreachable;

        public void OnError(in IcmpErrorReport error, Instant now)
        {
        }

        public void OnAddressRemoved(IpAddress address, Instant now)
        {
        }
    }
}
