using NetStack.Ip;
using NetStack.Raw;
using NetStack.Tests.Ip;
using NetStack.Tests.Udp;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Raw;

public sealed class RawTests
{
    private const IpProtocol Protocol = (IpProtocol)253;
    private readonly byte[] _read = new byte[2000];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_raw_socket_gets_a_copy_with_the_header_of_what_its_protocol_brings(bool isV6)
    {
        using TestHost host = new() { SliceSize = 64 };
        RawSocket socket = host.Raw.Open(isV6, Protocol);
        RawSocket other = host.Raw.Open(isV6, (IpProtocol)254);
        byte[] packet = isV6 ? Packets.V6(Protocol, Packets.Bytes(700)) : Packets.V4(Protocol, Packets.Bytes(700), options: [1, 1, 1, 0]);
        host.Inject(packet);
        Assert.Empty(host.Nic.Sent); // somebody took it: no error
        Assert.True(host.Raw.TryReadEvent(out RawEvent readable));
        Assert.Equal((socket, SocketEvents.Readable), (readable.Socket, readable.What));
        Assert.True(socket.TryReceive(_read, out RawDatagramInfo info));
        Assert.Equal(packet, _read[..info.Length]);
        Assert.Equal((isV6 ? 40 : 24, packet.Length, Protocol), (info.HeaderLength, info.Copied, info.Protocol));
        Assert.Equal(0, other.Count);
        socket.Close(host.Now);
        host.Inject(packet);
        Assert.Single(host.Nic.TakeAll());
    }

    [Fact]
    public void A_transport_sees_the_same_bytes_as_the_raw_socket_and_each_is_read_once()
    {
        using TestHost host = new();
        RawSocket socket = host.Raw.Open(false, IpProtocol.Udp);
        UdpSocket udp = UdpTests.Bound(host, UdpFamily.V4, 9);
        byte[] packet = Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, Packets.Bytes(1000)));
        host.Inject(packet);
        Assert.Equal((1, 1), (socket.Count, udp.Count));
        Assert.Equal(14 + packet.Length, host.Meter.HeaderBytesFetched + host.Meter.BodyBytesRead);
        host.Inject(Packets.V4(IpProtocol.Udp, Packets.Udp(7, 10, [1])));
        Packets.AssertIcmp(host.Nic.TakeOne(), 3, 3); // a raw socket has no port
    }

    [Fact]
    public void Addresses_and_interface_narrow_what_it_takes_and_the_queue_is_bounded()
    {
        using TestHost host = new(new IpSuiteOptions { Raw = new RawOptions { ReceiveBufferSize = 2048 } });
        RawSocket socket = host.Raw.Open(false, null);
        socket.Remote = IpAddress.Parse("192.0.2.77");
        host.Inject(Packets.V4(Protocol, [1]));
        Assert.Equal(0, socket.Count);
        socket.Remote = TestHost.Peer4;
        socket.BoundInterface = 2;
        host.Inject(Packets.V4(Protocol, [1]));
        Assert.Equal(0, socket.Count);
        socket.BoundInterface = 1;
        for (int i = 0; i < 6; i++) host.Inject(Packets.V4(Protocol, [1]));
        Assert.Equal((4, 2), (socket.Count, socket.Dropped));
        socket.Close(host.Now);
        Assert.Equal(0, host.Raw.Blocks.Held);
    }

    [Fact]
    public void It_sends_a_payload_under_a_header_of_ip_with_a_checksum_where_it_says()
    {
        using TestHost host = new();
        RawSocket socket = host.Raw.Open(true, Protocol);
        socket.ChecksumOffset = 4;
        byte[] payload = Packets.Bytes(301);
        Assert.Equal(DatagramSendResult.Sent, socket.Send(TestHost.Peer6, payload, host.Now));
        SentPacket packet = host.Nic.TakeOne();
        Assert.True(PseudoHeader.IsRight(TestHost.Us6, TestHost.Peer6, Protocol, packet.Payload));
        Assert.Equal(payload[6..], packet.Payload[6..]);
        Assert.Equal(DatagramSendResult.MessageTooLong, socket.Send(TestHost.Peer6, new byte[5], host.Now));
        Assert.Equal(DatagramSendResult.InvalidDestination, socket.Send(TestHost.Peer4, payload, host.Now));
    }

    [Fact]
    public void It_sends_a_packet_under_its_own_header_whose_sums_are_filled_in()
    {
        using TestHost host = new();
        RawSocket four = host.Raw.Open(false, Protocol);
        byte[] packet = Packets.V4(Protocol, Packets.Bytes(100), IpAddress.V4(0), TestHost.Peer4, options: [148, 4, 0, 0], id: 0, ttl: 5);
        packet[2] = packet[3] = packet[10] = packet[11] = 0;
        Assert.Equal(DatagramSendResult.Sent, four.SendPacket(packet, host.Now));
        SentPacket sent = host.Nic.TakeOne();
        Assert.Equal((TestHost.Us4, 5, 124), (sent.V4.Source, sent.V4.Ttl, sent.V4.TotalLength));
        Assert.NotEqual(0, sent.V4.Identification);
        Assert.Equal(packet[20..], sent.Bytes[20..]);
        RawSocket six = host.Raw.Open(true, null);
        byte[] packet6 = Packets.V6(Protocol, [1, 2, 3], TestHost.Us6, TestHost.Peer6, 9);
        packet6[5] = 0;
        Assert.Equal(DatagramSendResult.Sent, six.SendPacket(packet6, host.Now));
        Assert.Equal((9, 3), (host.Nic.Sent[0].V6.HopLimit, host.Nic.TakeOne().V6.PayloadLength));
        Assert.Equal(DatagramSendResult.InvalidDestination, six.SendPacket(packet, host.Now));
        Assert.Equal(DatagramSendResult.InvalidDestination, four.SendPacket(packet.AsSpan(0, 22), host.Now));
        Assert.Equal(DatagramSendResult.MessageTooLong, four.SendPacket(Packets.V4(Protocol, new byte[1481], TestHost.Us4, TestHost.Peer4), host.Now));
        Assert.Equal(DatagramSendResult.AddressNotAvailable, four.SendPacket(Packets.V4(Protocol, [], TestHost.Peer4, TestHost.Peer4), host.Now));
    }

    [Fact]
    public void It_hears_of_errors_about_its_protocol()
    {
        using TestHost host = new();
        RawSocket socket = host.Raw.Open(false, Protocol);
        byte[] quoted = Packets.V4(Protocol, new byte[8], TestHost.Us4, TestHost.Peer4);
        host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(3, 2, 0, quoted)));
        Assert.True(socket.TryTakeError(out DatagramError error));
        Assert.Equal((DatagramErrorKind.ProtocolUnreachable, TestHost.Peer4), (error.Kind, error.Destination));
    }
}
