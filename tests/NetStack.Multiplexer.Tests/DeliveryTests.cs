using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

public sealed class DeliveryTests
{
    [Fact]
    public async Task A_unicast_frame_goes_to_the_port_with_its_address_only()
    {
        Rig rig = new();
        MultiplexerPort a = rig.Mux.Attach("a", o => o.Mac = Frames.Mac(1));
        MultiplexerPort b = rig.Mux.Attach("b", o => o.Mac = Frames.Mac(2));
        byte[] frame = Frames.Udp(Frames.Mac(2), Frames.PeerV4, 1, Frames.V4(2), 2, [1, 2, 3]);
        rig.Send(frame);
        Assert.Empty(Rig.Drain(a));
        Assert.Equal(frame, Assert.Single(Rig.Drain(b)).Bytes);
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public async Task A_frame_nobody_wants_is_dropped_counted_and_its_buffer_posted_again()
    {
        Rig rig = new();
        rig.Mux.Attach("a", o => o.Mac = Frames.Mac(1));
        long posted = rig.Nic.Queues[0].PostRoom;
        for (int i = 0; i < 1000; i++) rig.Send(Frames.Udp(Frames.Mac(7), Frames.PeerV4, 1, Frames.V4(2), 2, []));
        Assert.Equal(1000, rig.Mux.Counters.Drops[DropReason.NoClient]);
        Assert.Equal(posted, rig.Nic.Queues[0].PostRoom);
        Assert.Equal(0, rig.Mux.RingBuffersHeld);
        await rig.AssertAllHomeAsync();
    }

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public async Task A_broadcast_is_counted_not_copied_and_its_buffer_comes_back_after_the_last_release(int clients)
    {
        Rig rig = new();
        MultiplexerPort[] ports = [.. Enumerable.Range(1, clients).Select(i => rig.Mux.Attach($"p{i}", o => o.Mac = Frames.Mac(i)))];
        byte[] frame = Frames.Udp(MacAddress.Broadcast, Frames.PeerV4, 68, IpAddress.Parse("255.255.255.255"), 67, Frames.Payload(900, 7));
        rig.Send(frame);
        for (int i = 0; i < clients; i++)
        {
            Assert.Equal(1, rig.Mux.RingBuffersHeld);
            Assert.Equal(0, ports[i].Counters.FramesCopied);
            Assert.Equal(frame, Assert.Single(Rig.Drain(ports[i])).Bytes);
        }
        Assert.Equal(0, rig.Mux.RingBuffersHeld);
        Assert.Equal(clients > 1 ? 1 : 0, rig.Mux.Counters.FramesShared);
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void Filters_narrow_what_a_port_gets()
    {
        Rig rig = new();
        MultiplexerPort dns = rig.Mux.Attach("dns", o => o.Filter = "udp port 53");
        MultiplexerPort web = rig.Mux.Attach("web", o => o.Filter = "tcp port 80 or tcp port 443");
        MultiplexerPort rest = rig.Mux.Attach("rest", o => o.Default = true);
        rig.Mux.Attach("idle", o => o.Filter = "vlan 10");
        rig.Send(
            Frames.Udp(Frames.NicMac, Frames.PeerV4, 53, Frames.V4(1), 4000, [1]),
            Frames.Tcp(Frames.NicMac, Frames.PeerV6, 5000, Frames.V6(1), 443, [2]),
            Frames.Tcp(Frames.NicMac, Frames.PeerV4, 5000, Frames.V4(1), 22, [3]));
        Assert.Single(Rig.Drain(dns));
        Assert.Single(Rig.Drain(web));
        Assert.Equal(3, Rig.Drain(rest).Count); // it has no filter, so it wants all
    }

    [Fact]
    public void The_default_port_gets_what_no_other_wants()
    {
        Rig rig = new();
        MultiplexerPort dns = rig.Mux.Attach("dns", o => o.Filter = "udp port 53");
        MultiplexerPort rest = rig.Mux.Attach("rest", o =>
        {
            o.Default = true;
            o.Filter = "tcp";
        });
        MultiplexerPort tap = rig.Mux.Attach("tap", o => o.Promiscuous = true);
        rig.Send(
            Frames.Udp(Frames.NicMac, Frames.PeerV4, 53, Frames.V4(1), 4000, [1]),
            Frames.Udp(Frames.NicMac, Frames.PeerV4, 99, Frames.V4(1), 4000, [2]),
            Frames.Udp(Frames.Mac(55), Frames.PeerV4, 99, Frames.V4(1), 4000, [3]));
        Assert.Single(Rig.Drain(dns));
        Assert.Equal(2, Assert.Single(Rig.Drain(rest)).Bytes[^1]);
        Assert.Equal(1, rig.Mux.Counters.FramesToDefault);
        Assert.Equal(3, Rig.Drain(tap).Count);
    }

    [Fact]
    public void Ports_that_share_a_mac_are_told_apart_by_their_addresses()
    {
        Rig rig = new();
        MultiplexerPort a = rig.Mux.Attach("a", o => o.Address("10.0.0.1").Filter = "tcp port 80");
        MultiplexerPort b = rig.Mux.Attach("b", o => o.Address("10.0.0.2").Filter = "tcp port 80");
        rig.Send(Frames.Tcp(Frames.NicMac, Frames.PeerV4, 5000, Frames.V4(2), 80, [2]));
        Assert.Empty(Rig.Drain(a));
        Assert.Single(Rig.Drain(b));
        Assert.True(b.RemoveAddress(Frames.V4(2)));
        a.AddAddress(Frames.V4(2));
        rig.Send(Frames.Tcp(Frames.NicMac, Frames.PeerV4, 5000, Frames.V4(2), 80, [2]));
        Assert.Single(Rig.Drain(a));
    }

    [Fact]
    public void A_stripped_vlan_tag_is_matched_as_one_in_the_frame()
    {
        Rig rig = new();
        MultiplexerPort ten = rig.Mux.Attach("ten", o => o.Filter = "vlan 10");
        byte[] frame = Frames.Udp(Frames.NicMac, Frames.PeerV4, 1, Frames.V4(1), 2, []);
        rig.Send(frame, Frames.Tagged(frame, 10), Frames.Tagged(frame, 11));
        rig.Nic.Inject(frame, box => box.Frame.StrippedVlan = 0x600A);
        rig.Mux.Poll(rig.Now);
        Assert.Equal(2, Rig.Drain(ten).Count);
    }

    [Fact]
    public void Metadata_of_the_frame_travels_with_it_by_copy_and_by_handle()
    {
        Rig rig = new();
        MultiplexerPort copied = rig.Mux.Attach("copied", o => o.Copy = CopyStrategy.CopyAll);
        MultiplexerPort handed = rig.Mux.Attach("handed");
        rig.Nic.Inject(Frames.Udp(Frames.NicMac, Frames.PeerV4, 1, Frames.V4(1), 2, [1, 2, 3]), box =>
        {
            box.Frame.Arrival = new Timestamp(5, 0);
            box.Frame.Interface = 3;
            box.Frame.WireLength = 1514;
            box.Frame.Checksum = ChecksumVerdict.Good;
            box.Frame.RssHash = 42;
        });
        rig.Mux.Poll(rig.Now);
        foreach (MultiplexerPort port in new[] { copied, handed })
        {
            ReceivedFrame frame = Assert.Single(Rig.Take(port));
            Assert.Equal((new Timestamp(5, 0), 3, 1514, ChecksumVerdict.Good, 42u),
                (frame.Arrival, frame.Interface, frame.WireLength, frame.Checksum, frame.RssHash));
            frame.Release();
        }
    }

    [Fact]
    public void Links_without_mac_addresses_are_shared_by_ip_address()
    {
        MemoryNic nic = new(linkType: LinkType.Raw);
        PacketMultiplexer mux = new(nic, new MultiplexerOptions { RingBuffers = 8, RingReserve = 0 });
        MultiplexerPort a = mux.Attach("a", o => o.Address("10.0.0.1"));
        MultiplexerPort b = mux.Attach("b", o => o.Address("fd00::2"));
        nic.Inject(Frames.Ip(Frames.PeerV4, Frames.V4(1), IpProtocol.Udp, Frames.Segment(1, 2, 8, [])));
        nic.Inject(Frames.Ip(Frames.PeerV6, Frames.V6(2), IpProtocol.Udp, Frames.Segment(1, 2, 8, [])));
        nic.Inject(Frames.Ip(Frames.PeerV6, IpAddress.Parse("ff02::1"), IpProtocol.Udp, Frames.Segment(1, 2, 8, [])));
        mux.Poll(default);
        Assert.Equal(2, Rig.Drain(a).Count);
        Assert.Equal(2, Rig.Drain(b).Count);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(13), InlineData(14), InlineData(33), InlineData(60)]
    public void Frames_too_short_to_read_reach_only_those_who_want_everything(int length)
    {
        Rig rig = new();
        MultiplexerPort port = rig.Mux.Attach("a", o =>
        {
            o.Mac = Frames.Mac(1);
            o.Filter = "udp";
        });
        MultiplexerPort tap = rig.Mux.Attach("tap", o => o.Promiscuous = true);
        byte[] frame = Frames.Udp(Frames.Mac(1), Frames.PeerV4, 1, Frames.V4(1), 2, Frames.Payload(40, 1))[..length];
        rig.Send(frame);
        Assert.Equal(length >= 34 ? 1 : 0, Rig.Drain(port).Count);
        Assert.Equal(frame, Assert.Single(Rig.Drain(tap)).Bytes);
    }

    [Fact]
    public void To_string_shows_what_the_client_relies_on()
    {
        Rig rig = new();
        MultiplexerPort port = rig.Mux.Attach("relay", o =>
        {
            o.Filter = "udp port 53";
            o.Copy = CopyStrategy.Shadow;
            o.Trust = Trust.DataOnly;
        });
        Assert.Equal("relay: copy=Shadow trust=data placement=copied filter=udp and port 53", port.ToString());
    }
}
