using System.Buffers.Binary;
using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

[Rfc(8200, "4"), Rfc(5095, "3")]
public sealed class Ipv6InputTests
{
    private const IpProtocol Protocol = (IpProtocol)253;
    private readonly RecordingTransport _transport = new();

    [Fact]
    public void A_datagram_reaches_its_transport_cut_to_its_payload_length()
    {
        using TestHost host = Host();
        host.Inject([.. Packets.V6(Protocol, [1, 2, 3], trafficClass: 0x2D), 9, 9]);
        (IpAddress source, IpAddress destination, byte[] header, byte[] bytes, bool isGroup, byte trafficClass) = Assert.Single(_transport.Received);
        Assert.Equal((TestHost.Peer6, TestHost.Us6, 40, false, 0x2D), (source, destination, header.Length, isGroup, trafficClass));
        Assert.Equal([1, 2, 3], bytes);
    }

    [Theory, Rfc(9293, "3.9.2.3", "MUST-63")]
    [InlineData("::1")]
    [InlineData("ff02::9")]
    [InlineData("::ffff:192.0.2.7")]
    [InlineData("::")]
    [InlineData("2001:db8::1")]
    public void A_source_that_can_be_no_neighbours_is_refused_silently(string source)
    {
        using TestHost host = Host();
        host.Inject(Packets.V6(Protocol, [1], IpAddress.Parse(source)));
        Assert.Equal(1, host.Drops[IpDropReason.MartianSource]);
        Assert.Empty(host.Nic.Sent);
    }

    [Theory]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("ff01::1")]
    [InlineData("ff00::1")]
    [InlineData("::ffff:192.0.2.1")]
    public void A_destination_that_cannot_be_on_a_wire_is_refused(string destination)
    {
        using TestHost host = Host();
        host.Inject(Packets.V6(Protocol, [1], destination: IpAddress.Parse(destination)));
        Assert.Equal(1, host.Drops[IpDropReason.MartianDestination]);
    }

    [Fact]
    public void Extension_headers_are_walked_in_any_order()
    {
        using TestHost host = Host();
        byte[] chain =
        [
            .. Packets.Extension(IpProtocol.DestinationOptions, 1, 4, 0, 0, 0, 0),
            .. Packets.Extension(IpProtocol.Routing, 0x1E, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), // 00: skip
            .. Packets.Extension(IpProtocol.DestinationOptions, 2, 0, 0, 0, 0, 0), // segments left 0
            .. Packets.Extension(Protocol, 0, 0, 0, 0, 0, 0),
            5, 6,
        ];
        host.Inject(Packets.V6(IpProtocol.HopByHop, chain));
        (_, _, byte[] header, byte[] bytes, _, _) = Assert.Single(_transport.Received);
        Assert.Equal([5, 6], bytes);
        Assert.Equal(40 + 40, header.Length);
    }

    [Theory]
    [InlineData(0x1E, false, false)] // 00: skip
    [InlineData(0x5E, false, false)] // 01: discard
    [InlineData(0x9E, true, true)] // 10: report always
    [InlineData(0xDE, true, false)] // 11: report unless multicast
    public void Unknown_options_are_treated_as_their_type_says(byte type, bool isReported, bool isReportedOfGroup)
    {
        foreach (IpProtocol where in new[] { IpProtocol.HopByHop, IpProtocol.DestinationOptions })
        {
            foreach (bool toGroup in new[] { false, true })
            {
                using TestHost host = Host();
                byte[] packet = Packets.V6(where, [.. Packets.Extension(Protocol, 1, 0, type, 2, 0, 0), 1], destination: toGroup ? IpAddress.Parse("ff02::1") : default);
                host.Inject(packet);
                bool isSkipped = type >> 6 == 0;
                Assert.Equal(isSkipped, host.Drops[IpDropReason.UnknownOption] == 0);
                if (!(toGroup ? isReportedOfGroup : isReported))
                {
                    Assert.Empty(host.Nic.Sent);
                    continue;
                }
                SentPacket error = host.Nic.TakeOne();
                Packets.AssertIcmp(error, 4, 2);
                Assert.Equal(44u, BinaryPrimitives.ReadUInt32BigEndian(error.Payload.AsSpan(4)));
                Assert.Equal(packet, error.Payload[8..]);
                Assert.Equal(toGroup ? Wire.IpAddress.Parse("2001:db8::1") : TestHost.Us6, error.V6.Source);
            }
        }
    }

    [Fact]
    public void Hop_by_hop_options_stand_first_or_not_at_all()
    {
        using TestHost host = Host();
        host.Inject(Packets.V6(IpProtocol.DestinationOptions,
            [.. Packets.Extension(IpProtocol.HopByHop, 1, 4, 0, 0, 0, 0), .. Packets.Extension(Protocol, 1, 4, 0, 0, 0, 0), 1]));
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, 4, 1);
        Assert.Equal(40, error.Payload[7]);
        Assert.Equal(1, host.Drops[IpDropReason.BadExtensionHeader]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_routing_header_with_segments_left_is_refused_with_a_pointer_to_its_type(byte type)
    {
        using TestHost host = Host();
        byte[] routing = Packets.Extension(Protocol, [type, 1, 0, 0, 0, 0, .. new byte[16]]);
        host.Inject(Packets.V6(IpProtocol.Routing, [.. routing, 1]));
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, 4, 0);
        Assert.Equal(42, error.Payload[7]);
        Assert.Equal(1, host.Drops[IpDropReason.RoutingHeader]);
    }

    [Fact]
    public void A_jumbogram_is_refused_as_an_unknown_option()
    {
        using TestHost host = Host();
        byte[] packet = Packets.V6(IpProtocol.HopByHop, [.. Packets.Extension(Protocol, 0xC2, 4, 0, 1, 0, 0), .. new byte[100]]);
        packet[4] = packet[5] = 0;
        host.Inject(packet);
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, 4, 2);
        Assert.Equal(42, error.Payload[7]);
        Assert.Equal(1, host.Drops[IpDropReason.Jumbogram]);
    }

    [Fact]
    public void More_extension_headers_than_allowed_are_refused()
    {
        using TestHost host = Host();
        List<byte> chain = [];
        for (int i = 0; i < 9; i++) chain.AddRange(Packets.Extension(i < 8 ? IpProtocol.DestinationOptions : Protocol, 1, 4, 0, 0, 0, 0));
        host.Inject(Packets.V6(IpProtocol.DestinationOptions, chain.ToArray()));
        host.Inject(Packets.V6(IpProtocol.DestinationOptions, [(byte)Protocol, 255, .. new byte[2046]]));
        Assert.Equal(2, host.Drops[IpDropReason.TooManyExtensionHeaders]);
        Assert.Empty(_transport.Received);
    }

    [Fact]
    public void An_unknown_next_header_is_reported_with_a_pointer_to_its_number()
    {
        using TestHost host = Host();
        host.Inject(Packets.V6((IpProtocol)99, new byte[8]));
        SentPacket first = host.Nic.TakeOne();
        Packets.AssertIcmp(first, 4, 1);
        Assert.Equal(6, first.Payload[7]);
        host.Inject(Packets.V6(IpProtocol.DestinationOptions, [.. Packets.Extension((IpProtocol)99, 1, 4, 0, 0, 0, 0), 1]));
        Assert.Equal(40, host.Nic.TakeOne().Payload[7]);
    }

    [Theory]
    [InlineData(59)]
    [InlineData(253)]
    public void No_next_header_ends_a_packet_silently_and_one_without_payload_is_delivered_empty(byte next)
    {
        using TestHost host = Host();
        host.Inject(Packets.V6((IpProtocol)next, default));
        Assert.Equal(next == 59 ? 1 : 0, host.Drops[IpDropReason.NoPayload]);
        Assert.Equal(next == 59 ? 0 : 1, _transport.Received.Count);
        Assert.Empty(host.Nic.Sent);
    }

    [Theory]
    [InlineData(39)]
    [InlineData(47)]
    public void A_packet_cut_short_is_dropped(int length)
    {
        using TestHost host = Host();
        host.Inject(Packets.V6(Protocol, new byte[8]).AsSpan(0, length));
        Assert.Equal(1, host.Drops[IpDropReason.Truncated]);
    }

    [Fact]
    public void An_error_quotes_as_much_as_fits_into_1280_bytes()
    {
        using TestHost host = Host();
        byte[] packet = Packets.V6((IpProtocol)99, Packets.Bytes(1400));
        host.Inject(packet);
        SentPacket error = host.Nic.TakeOne();
        Assert.Equal(1280, error.Bytes.Length);
        Assert.Equal(packet[..1232], error.Payload[8..]);
    }

    private TestHost Host()
    {
        TestHost host = new();
        host.Ip.Register(Protocol, _transport);
        return host;
    }
}
