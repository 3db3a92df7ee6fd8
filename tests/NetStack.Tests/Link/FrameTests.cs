using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Link;

/// <summary>What happens to a frame before IP has it, and on the way down.</summary>
public sealed class FrameTests
{
    private static readonly MacAddress Peer = Packets.Peer;

    [Theory]
    [InlineData("own", true)]
    [InlineData("ff:ff:ff:ff:ff:ff", true)]
    [InlineData("01:00:5e:00:00:01", true)] // all hosts
    [InlineData("33:33:00:00:00:01", true)] // all nodes
    [InlineData("33:33:ff:00:00:01", true)] // the solicited-node group of fd00::1
    [InlineData("01:00:5e:01:02:03", false)] // a group nobody joined
    [InlineData("02:bb:00:00:00:02", false)] // another's
    public void A_frame_is_taken_by_its_destination(string destination, bool taken)
    {
        LinkRig rig = new();
        MacAddress to = destination == "own" ? rig.Nic.Mac : MacAddress.Parse(destination);
        rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, LinkRig.OwnV4, to: to));
        Assert.Equal(taken ? 1 : 0, rig.Sent.Count);
        Assert.Equal(taken ? 0 : 1, rig.Nic.Drops[LinkDropReason.NotForUs]);
    }

    [Fact]
    public void Frames_from_groups_and_from_ourselves_are_refused()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Ethernet(rig.Nic.Mac, MacAddress.Parse("01:00:5e:00:00:01"), EtherType.Ipv4, [1]));
        rig.Hand(Packets.Ethernet(MacAddress.Broadcast, rig.Nic.Mac, EtherType.Arp, [1]));
        Assert.Equal("BadSource 1, OwnFrame 1", rig.Nic.Drops.ToString());
    }

    [Theory]
    [InlineData(0, true)] // a priority tag
    [InlineData(0xE000, true)]
    [InlineData(7, false)]
    public void A_priority_tag_is_looked_through_and_a_vlan_refused(ushort tag, bool taken)
    {
        LinkRig rig = new();
        byte[] arp = Packets.Arp(1, Peer, "10.0.0.9", default, LinkRig.OwnV4);
        byte[] tagged = [.. arp[..12], 0x81, 0x00, (byte)(tag >> 8), (byte)tag, .. arp[12..]];
        rig.Hand(tagged);
        Assert.Equal(taken ? 1 : 0, rig.Sent.Count);
        Assert.Equal(taken ? 0 : 1, rig.Nic.Drops[LinkDropReason.Vlan]);
    }

    [Fact]
    public void Unknown_types_and_lengths_are_counted()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Ethernet(rig.Nic.Mac, Peer, (EtherType)0x88CC, [1, 2]));
        rig.Hand(Packets.Ethernet(rig.Nic.Mac, Peer, (EtherType)46, [1, 2])); // an 802.3 length
        for (int length = 1; length < 14; length++) rig.Hand(Packets.Ethernet(rig.Nic.Mac, Peer, EtherType.Ipv4)[..length]);
        rig.Hand(Packets.Ethernet(rig.Nic.Mac, Peer, EtherType.Ipv4)); // nothing in it
        Assert.Equal("TooShort 14, UnknownEtherType 2", rig.Nic.Drops.ToString());
    }

    [Fact]
    public void An_interface_that_is_down_takes_and_gives_nothing()
    {
        LinkRig rig = new();
        rig.Nic.SetEnabled(false, rig.Now);
        rig.Hand(Packets.Arp(1, Peer, "10.0.0.9", default, LinkRig.OwnV4));
        Assert.Empty(rig.Sent);
        Assert.Equal(SendOutcome.Unreachable, rig.Output("10.0.0.9"));
        Assert.Equal("InterfaceDown 2", rig.Nic.Drops.ToString());
        Assert.Equal(RouteOutcome.Unreachable, rig.Stack.FindRoute(IpAddress.Parse("10.0.0.9"), default, null, out _));
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void A_full_queue_is_told_of_and_nothing_leaks()
    {
        LinkRig rig = new(configure: o => o.TransmitQueueLength = 8);
        rig.Nic.SetNeighbour(IpAddress.Parse("10.0.0.9"), Peer, rig.Now);
        SendOutcome[] outcomes = [.. Enumerable.Range(0, 10).Select(_ => rig.Output("10.0.0.9"))];
        Assert.Equal(8, outcomes.Count(o => o == SendOutcome.Sent));
        Assert.Equal(2, outcomes.Count(o => o == SendOutcome.NoRoom));
        Assert.Equal(2, rig.Nic.Drops[LinkDropReason.QueueFull]);
        Assert.Equal(8, rig.Sent.Count);
        rig.World.AssertNoLeaks();
    }

    [Fact]
    public void A_raw_link_carries_packets_without_a_header_and_asks_for_no_neighbour()
    {
        World world = new();
        Hub hub = world.Hub();
        StackHost[] hosts = [.. new[] { "10.0.0.1", "10.0.0.2" }.Select(address =>
        {
            StackHost host = world.Host(address);
            host.Plug(hub, o => o.LinkType = LinkType.Raw).AddAddress(IpAddress.Parse(address), 24, world.Now);
            return host;
        })];
        NetStack.Icmp.EchoSocket echo = hosts[0].Stack.Icmp.OpenEcho(isV6: false)!;
        echo.Send(IpAddress.Parse("10.0.0.2"), 1, [1], world.Now);
        world.RunUntil(() => echo.Count > 0, TimeSpan.FromSeconds(1), "an echo reply");
        Assert.All(hub.Log, f => Assert.Equal(0x45, f.Bytes[0]));
        world.AssertNoLeaks();
    }

    [Fact]
    public void An_untrusted_verdict_on_a_checksum_is_not_believed()
    {
        foreach (bool trusts in new[] { false, true })
        {
            LinkRig rig = new(configureInterface: o =>
            {
                LinkRig.Quiet(o);
                o.TrustsReceiveChecksum = trusts;
            });
            rig.Stack.Ip.Register(IpProtocol.Udp, rig.Stack.Udp);
            NetStack.Udp.UdpSocket socket = rig.Stack.Udp.Open(NetStack.Udp.UdpFamily.V4);
            socket.Bind(new NetStack.Udp.UdpEndpoint(IpAddress.Parse(LinkRig.OwnV4), 9));
            byte[] bad = Packets.Ipv4(rig.Nic.Mac, Peer, "10.0.0.9", LinkRig.OwnV4, IpProtocol.Udp, [0, 9, 0, 9, 0, 9, 0xBA, 0xD0, 1]);
            rig.Host.Receive(rig.Nic, bad, rig.Now, isChecksumGood: true);
            Assert.Equal(trusts ? 1 : 0, socket.Count);
        }
    }

    [Fact]
    public void Interfaces_are_refused_that_cannot_be()
    {
        World world = new();
        StackHost host = world.Host("host");
        host.Plug(world.Hub());
        Assert.Throws<ArgumentException>(() => host.Stack.AddInterface(new InterfaceOptions { Name = "eth0", Mac = Peer }, world.Now));
        Assert.Throws<ArgumentException>(() => host.Stack.AddInterface(new InterfaceOptions { Name = "eth9" }, world.Now));
        Assert.Throws<ArgumentException>(() => host.Stack.AddInterface(new InterfaceOptions { Name = "eth9", Mac = MacAddress.Broadcast }, world.Now));
        Assert.Throws<ArgumentException>(() => host.Stack.AddInterface(new InterfaceOptions { Name = "eth9", Mac = Peer, LinkType = LinkType.Ppp }, world.Now));
        Assert.Throws<ArgumentOutOfRangeException>(() => host.Stack.AddInterface(new InterfaceOptions { Name = "eth9", Mac = Peer, Mtu = 67 }, world.Now));
        Assert.Throws<ArgumentException>(() => host.Nic.AddAddress(IpAddress.Parse("224.0.0.1"), 24, world.Now));
        Assert.Throws<ArgumentException>(() => host.Nic.AddAddress(IpAddress.Parse("0.0.0.0"), 24, world.Now));
        Assert.Throws<ArgumentOutOfRangeException>(() => host.Nic.AddAddress(IpAddress.Parse("10.0.0.1"), 33, world.Now));
    }

    [Fact]
    public void Loopback_is_always_there()
    {
        StackHost host = new World().Host("host");
        Assert.Equal("1: lo up mtu 65535 [127.0.0.1/8 Preferred, ::1/128 Preferred]", host.Stack.Loopback.ToString());
        Assert.Same(host.Stack.Loopback, host.Stack.Interfaces[0]);
    }
}
