using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

[Rfc(791, "3.1"), Rfc(1122, "3.2.1")]
public sealed class Ipv4InputTests
{
    private const IpProtocol Protocol = (IpProtocol)253;
    private readonly RecordingTransport _transport = new();

    [Fact]
    public void A_datagram_reaches_its_transport_cut_to_its_total_length()
    {
        using TestHost host = Host();
        byte[] packet = Packets.V4(Protocol, [1, 2, 3, 4, 5], tos: 0x2E);
        host.Inject([.. packet, .. new byte[21]]); // Ethernet's padding
        (IpAddress source, IpAddress destination, byte[] header, byte[] bytes, bool isGroup, byte tos) = Assert.Single(_transport.Received);
        Assert.Equal((TestHost.Peer4, TestHost.Us4, false, 0x2E), (source, destination, isGroup, tos));
        Assert.Equal([1, 2, 3, 4, 5], bytes);
        Assert.Equal(packet[..20], header);
    }

    public static TheoryData<string, IpDropReason> BadHeaders => new()
    {
        { "empty", IpDropReason.Truncated },
        { "19 bytes", IpDropReason.Truncated },
        { "version", IpDropReason.BadVersion },
        { "header length", IpDropReason.BadHeaderLength },
        { "header past the end", IpDropReason.Truncated },
        { "total length", IpDropReason.BadTotalLength },
        { "total past the end", IpDropReason.Truncated },
        { "checksum", IpDropReason.BadHeaderChecksum },
    };

    [Theory, MemberData(nameof(BadHeaders))]
    public void A_header_that_cannot_be_is_dropped_with_its_reason(string what, IpDropReason reason)
    {
        using TestHost host = Host();
        byte[] packet = Packets.V4(Protocol, new byte[8]);
        switch (what)
        {
            case "empty": packet = []; break;
            case "19 bytes": packet = packet[..19]; break;
            case "version": packet[0] = 0x55; break;
            case "header length": packet[0] = 0x44; break;
            case "header past the end": packet[0] = 0x4F; break;
            case "total length": packet = WithLength(packet, 19); break;
            case "total past the end": packet = WithLength(packet, 29); break;
            case "checksum": packet[8]--; break;
        }
        host.Inject(packet);
        Assert.Empty(_transport.Received);
        Assert.Equal((1, 1), (host.Drops[reason], host.Drops.Total));
        Assert.Empty(host.Nic.Sent);
    }

    [Theory, Rfc(9293, "3.9.2.3", "MUST-63")]
    [InlineData("224.0.0.5")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.255")]
    [InlineData("240.1.2.3")]
    [InlineData("127.0.0.1")]
    [InlineData("0.1.2.3")]
    [InlineData("0.0.0.0")]
    [InlineData("192.0.2.1")]
    public void A_source_that_can_be_no_neighbours_is_refused_silently(string source)
    {
        using TestHost host = Host();
        host.Inject(Packets.V4((IpProtocol)99, new byte[8], IpAddress.Parse(source)));
        Assert.Equal(1, host.Drops[IpDropReason.MartianSource]);
        Assert.Empty(host.Nic.Sent);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("0.9.9.9")]
    [InlineData("240.0.0.1")]
    public void A_destination_that_cannot_be_on_a_wire_is_refused(string destination)
    {
        using TestHost host = Host();
        host.Inject(Packets.V4(Protocol, new byte[8], destination: IpAddress.Parse(destination)));
        Assert.Equal(1, host.Drops[IpDropReason.MartianDestination]);
    }

    [Fact]
    public void Loopback_addresses_are_taken_on_the_loopback_interface()
    {
        using TestHost host = Host();
        host.Tables.Interfaces.Add(new FakeInterface(2) { IsLoopback = true });
        IpAddress loopback = IpAddress.Parse("127.0.0.1");
        host.Inject(Packets.V4(Protocol, [1], loopback, loopback), nic: host.Tables.Interfaces[1]);
        Assert.Single(_transport.Received);
    }

    [Theory]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.255")]
    [InlineData("224.0.0.1")]
    public void Broadcasts_and_the_group_of_all_are_for_us_and_said_to_be_to_a_group(string destination)
    {
        using TestHost host = Host();
        host.Inject(Packets.V4(Protocol, [1], destination: IpAddress.Parse(destination)), isLinkGroup: true);
        Assert.True(Assert.Single(_transport.Received).IsGroup);
    }

    [Fact]
    public void What_is_for_others_goes_no_further_unless_we_forward()
    {
        IpAddress other = IpAddress.Parse("198.51.100.1");
        using TestHost host = Host();
        host.Inject(Packets.V4(Protocol, [1], destination: other));
        Assert.Equal((1, 0), (host.Drops[IpDropReason.NotForUs], host.Tables.Forwarded));
        using TestHost router = new(new IpSuiteOptions { Ip = new IpLayerOptions { Forwarding = true } });
        router.Inject(Packets.V4(Protocol, [1], destination: other));
        Assert.Equal(1, router.Tables.Forwarded);
        router.Inject(Packets.V4(Protocol, [1], destination: other), isLinkGroup: true);
        Assert.Equal(1, router.Tables.Forwarded);
    }

    [Fact]
    public void A_group_that_nobody_joined_and_a_unicast_packet_to_a_link_group_are_dropped()
    {
        using TestHost host = Host();
        host.Inject(Packets.V4(Protocol, [1], destination: IpAddress.Parse("239.1.1.1")), isLinkGroup: true);
        host.Inject(Packets.V4(Protocol, [1]), isLinkGroup: true);
        Assert.Equal((1, 1), (host.Drops[IpDropReason.NotMember], host.Drops[IpDropReason.UnicastInLinkGroup]));
    }

    [Fact, Rfc(9293, "3.9.2", "MUST-50")]
    public void Unknown_options_are_passed_over_and_a_router_alert_is_seen()
    {
        using TestHost host = Host();
        host.Inject(Packets.V4(Protocol, [1], options: [148, 4, 0, 0, 1, 30, 5, 9, 9, 9, 0, 0]));
        Assert.Single(_transport.Received);
    }

    [Theory]
    [InlineData(new byte[] { 1, 1, 148, 1 }, 22)] // length below 2
    [InlineData(new byte[] { 1, 148, 9, 0 }, 21)] // past the end
    [InlineData(new byte[] { 148, 3, 0, 0 }, 20)] // a router alert is 4 long
    [InlineData(new byte[] { 131, 4, 4, 0 }, 20)] // a route of no whole slots
    [InlineData(new byte[] { 131, 7, 2, 1, 2, 3, 4, 0 }, 20)] // a pointer below the first slot
    [InlineData(new byte[] { 1, 1, 1, 7 }, 23)] // no length
    public void A_bad_option_is_reported_with_a_pointer_to_it(byte[] options, int pointer)
    {
        using TestHost host = Host();
        byte[] packet = Packets.V4(Protocol, [1], options: options);
        host.Inject(packet);
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, 12, 0);
        Assert.Equal((pointer, 0xC0), (error.Payload[4], error.V4.TypeOfService));
        Assert.Equal(packet, error.Payload[8..]);
        Assert.Equal(1, host.Drops[IpDropReason.BadOption]);
    }

    [Theory]
    [InlineData(131, 8, false)] // loose, completed
    [InlineData(137, 8, false)] // strict, completed
    [InlineData(131, 4, true)] // one hop to go
    public void A_source_route_is_refused_and_a_completed_one_taken_only_where_wanted(byte kind, byte pointer, bool isOpen)
    {
        byte[] options = [kind, 7, pointer, 192, 0, 2, 5, 0];
        using TestHost host = Host();
        host.Inject(Packets.V4(Protocol, [1], options: options));
        Assert.Equal(1, host.Drops[IpDropReason.SourceRoute]);
        using TestHost lax = new(new IpSuiteOptions { Ip = new IpLayerOptions { AcceptSourceRouted = true } });
        lax.Ip.Register(Protocol, _transport);
        lax.Inject(Packets.V4(Protocol, [1], options: options));
        Assert.Equal(isOpen ? 0 : 1, _transport.Received.Count);
        Assert.Empty(lax.Nic.Sent);
    }

    [Fact]
    public void A_protocol_nobody_speaks_is_reported()
    {
        using TestHost host = Host();
        byte[] packet = Packets.V4((IpProtocol)99, Packets.Bytes(2000));
        host.Inject(packet);
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, 3, 2);
        Assert.Equal(576, error.Bytes.Length); // RFC 1812: as much as fits into 576 bytes
        Assert.Equal(packet[..548], error.Payload[8..]);
        Assert.Equal((TestHost.Us4, TestHost.Peer4), (error.V4.Source, error.V4.Destination));
    }

    private TestHost Host()
    {
        TestHost host = new();
        host.Ip.Register(Protocol, _transport);
        return host;
    }

    private static byte[] WithLength(byte[] packet, ushort length)
    {
        new Ipv4Header(TestHost.Peer4, TestHost.Us4, Protocol, length).Write(packet);
        return packet;
    }
}
