using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

[Rfc(1191, "3"), Rfc(8201, "4"), Rfc(5927, "7")]
public sealed class PathMtuTests
{
    private const IpProtocol Protocol = (IpProtocol)253;
    private readonly RecordingTransport _transport = new();

    [Theory]
    [InlineData(1400, 1400)]
    [InlineData(553, 553)]
    [InlineData(500, 552)] // below the floor: the floor, and fragmentation is let be
    [InlineData(1500, 1500)] // no lower than the link's
    [InlineData(0, 1492)] // a router that does not say: the next plateau below what was quoted (RFC 1191 section 7)
    public void An_ipv4_path_mtu_is_lowered_by_a_validated_message(int told, int expected)
    {
        using TestHost host = Host();
        host.Inject(TooBig4((ushort)told));
        Assert.Equal(expected, MtuTo(host, TestHost.Peer4));
        Assert.Equal((IcmpErrorKind.PacketTooBig, expected), (_transport.Errors[0].Kind, _transport.Errors[0].Mtu));
        Assert.Equal(1500, MtuTo(host, IpAddress.Parse("192.0.2.10")));
        OutputTests.Send(host, new IpSend(default, TestHost.Peer4, Protocol) { DontFragment = true }, [1], []);
        Assert.Equal(told != 500, host.Nic.TakeOne().V4.DontFragment);
    }

    [Theory]
    [InlineData(1400u, 1400)]
    [InlineData(1280u, 1280)]
    [InlineData(1279u, 1500)] // no IPv6 link: discarded (RFC 8201 section 4)
    [InlineData(0xFFFF_FFFFu, 1500)]
    public void An_ipv6_path_mtu_is_lowered_by_a_validated_message(uint told, int expected)
    {
        using TestHost host = Host();
        host.Inject(TooBig6(told));
        Assert.Equal(expected, MtuTo(host, TestHost.Peer6));
        Assert.Equal(told == 1279 ? 0 : 1, _transport.Errors.Count);
        Assert.Equal(told == 1279 ? 1 : 0, host.Icmp.Drops[NetStack.Icmp.IcmpDropReason.PacketTooBigIgnored]);
    }

    [Fact]
    public void A_message_that_no_transport_expects_changes_nothing()
    {
        using TestHost host = Host();
        _transport.Expects = false;
        host.Inject(TooBig4(600));
        byte[] quote = Packets.V4(Protocol, new byte[8], TestHost.Peer4, TestHost.Us4); // not from us
        host.Inject(Packets.V4(IpProtocol.Icmp, Packets.Icmp(3, 4, 600, quote), IpAddress.Parse("192.0.2.50")));
        Assert.Equal(1500, MtuTo(host, TestHost.Peer4));
        Assert.Empty(_transport.Errors);
        Assert.Equal(2, host.Icmp.Drops[NetStack.Icmp.IcmpDropReason.UnexpectedError]);
    }

    [Fact]
    public void It_can_be_ignored()
    {
        using TestHost host = Host(new IpLayerOptions { IgnorePacketTooBig = true });
        host.Inject(TooBig4(600));
        host.Inject(TooBig6(1300));
        Assert.Equal((1500, 1500), (MtuTo(host, TestHost.Peer4), MtuTo(host, TestHost.Peer6)));
    }

    [Fact]
    public void It_is_forgotten_after_its_lifetime_which_a_lower_one_begins_anew_and_a_higher_one_does_not()
    {
        using TestHost host = Host();
        host.Inject(TooBig4(1400));
        host.RunFor(TimeSpan.FromMinutes(6));
        host.Inject(TooBig4(1450));
        Assert.Equal(1400, MtuTo(host, TestHost.Peer4));
        host.Inject(TooBig4(1300));
        host.RunFor(TimeSpan.FromMinutes(10) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1300, MtuTo(host, TestHost.Peer4));
        host.RunFor(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1500, MtuTo(host, TestHost.Peer4));
        Assert.Null(((IStackPart)host.Ip).NextDeadline);
    }

    [Fact]
    public void Destinations_are_bounded_and_the_one_that_ends_first_is_forgotten()
    {
        PathMtuCache cache = new(3, TimeSpan.FromMinutes(10));
        for (uint i = 0; i < 5; i++) cache.Lower(IpAddress.V4(i), 1000, 1500, Instant.FromSeconds(i));
        Assert.Equal(3, cache.Count);
        Assert.False(cache.TryGet(IpAddress.V4(1), out _));
        Assert.True(cache.TryGet(IpAddress.V4(2), out _));
        Assert.Equal(Instant.FromSeconds(602), cache.NextDeadline);
    }

    [Fact]
    public void Datagrams_that_may_be_are_fragmented_to_the_path_mtu()
    {
        using TestHost host = Host();
        host.Inject(TooBig4(600));
        OutputTests.Send(host, new IpSend(default, TestHost.Peer4, Protocol), [], new byte[1400]);
        Assert.All(host.Nic.TakeAll(), p => Assert.InRange(p.Bytes.Length, 1, 600));
    }

    private TestHost Host(IpLayerOptions? options = null)
    {
        TestHost host = new(new IpSuiteOptions { Ip = options ?? new IpLayerOptions() });
        host.Ip.Register(Protocol, _transport);
        return host;
    }

    private static int MtuTo(TestHost host, IpAddress destination)
    {
        Assert.True(host.Ip.TryFindPath(destination, default, null, out IpPath path));
        return path.Mtu;
    }

    private static byte[] TooBig4(ushort mtu)
    {
        byte[] quoted = Packets.V4(Protocol, new byte[1480], TestHost.Us4, TestHost.Peer4)[..28];
        return Packets.V4(IpProtocol.Icmp, Packets.Icmp(3, 4, mtu, quoted), IpAddress.Parse("192.0.2.50"));
    }

    private static byte[] TooBig6(uint mtu)
    {
        byte[] quoted = Packets.V6(Protocol, new byte[1000], TestHost.Us6, TestHost.Peer6);
        IpAddress router = IpAddress.Parse("2001:db8::50");
        return Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(2, 0, mtu, quoted, router, TestHost.Us6), router);
    }
}
