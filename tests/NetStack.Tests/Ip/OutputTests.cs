using System.Buffers.Binary;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

[Rfc(791, "3.2"), Rfc(8200, "4.5"), Rfc(6864, "4")]
public sealed class OutputTests
{
    private const IpProtocol Protocol = (IpProtocol)253;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_datagram_that_fits_leaves_whole_with_its_header(bool isV6)
    {
        using TestHost host = new();
        IpSend send = new(default, Peer(isV6), Protocol) { TrafficClass = 0x2E, HopLimit = 9 };
        Assert.Equal(SendOutcome.Sent, Send(host, send, [1, 2], [3, 4, 5]));
        SentPacket packet = host.Nic.TakeOne();
        Assert.Equal([1, 2, 3, 4, 5], packet.Payload);
        Assert.Equal((Peer(isV6), isV6 ? EtherType.Ipv6 : EtherType.Ipv4), (packet.NextHop, packet.Type));
        if (isV6) Assert.Equal((TestHost.Us6, Peer(true), 0x2E, 9, Protocol), (packet.V6.Source, packet.V6.Destination, packet.V6.TrafficClass, packet.V6.HopLimit, packet.V6.NextHeader));
        else Assert.Equal((TestHost.Us4, Peer(false), 0x2E, 9, Protocol), (packet.V4.Source, packet.V4.Destination, packet.V4.TypeOfService, packet.V4.Ttl, packet.V4.Protocol));
    }

    [Theory]
    [InlineData(false, 1500)]
    [InlineData(true, 1500)]
    [InlineData(false, 68)]
    [InlineData(false, 577)]
    [InlineData(true, 1283)]
    public void Fragments_fit_the_mtu_and_come_together_at_another_host_whatever_their_order(bool isV6, int mtu)
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            SeededRandom random = new(seed);
            using TestHost host = new(new IpSuiteOptions { Ip = new IpLayerOptions { MaxFragments = 8192 } });
            RecordingTransport transport = new();
            host.Ip.Register(Protocol, transport);
            host.Nic.Mtu = mtu;
            byte[] front = Packets.Bytes(random.Below(41), 5);
            byte[] data = Packets.Bytes(mtu + random.Below(mtu < 100 ? 3000 : 20_000), 6);
            Assert.Equal(SendOutcome.Sent, Send(host, new IpSend(default, Peer(isV6), Protocol), front, data));
            List<SentPacket> fragments = host.Nic.TakeAll();
            Assert.True(fragments.Count > 1);
            Assert.Equal(fragments.Count, host.Ip.Counters.FragmentsSent);
            Assert.All(fragments, f => Assert.InRange(f.Bytes.Length, 1, mtu));
            while (fragments.Count > 0)
            {
                SentPacket fragment = fragments[random.Below(fragments.Count)];
                fragments.Remove(fragment);
                host.Inject(Turn(fragment.Bytes));
            }
            Assert.True(transport.Received.Count == 1, $"seed {seed}: {host.Drops}");
            Assert.Equal([.. front, .. data], transport.Received[0].Bytes);
        }
    }

    [Fact]
    public void What_must_not_be_fragmented_or_is_longer_than_a_datagram_is_too_long()
    {
        using TestHost host = new();
        foreach (bool isV6 in new[] { false, true })
        {
            IpSend send = new(default, Peer(isV6), Protocol);
            Assert.Equal(SendOutcome.TooLong, Send(host, send with { DontFragment = true }, [], new byte[1500]));
            Assert.Equal(SendOutcome.TooLong, Send(host, send, [], new byte[isV6 ? 65536 : 65516]));
            Assert.Empty(host.Nic.Sent);
            Assert.Equal(SendOutcome.Sent, Send(host, send, [], new byte[isV6 ? 65535 : 65515]));
            host.Nic.Sent.Clear();
        }
    }

    [Fact]
    public void Identifications_are_zero_for_atomic_datagrams_and_differ_for_all_others()
    {
        using TestHost host = new();
        IpSend send = new(default, TestHost.Peer4, Protocol);
        HashSet<ushort> seen = [];
        for (int i = 0; i < 1000; i++)
        {
            Send(host, send, [1], []);
            Assert.True(seen.Add(host.Nic.TakeOne().V4.Identification));
        }
        Assert.DoesNotContain((ushort)0, seen);
        Send(host, send with { DontFragment = true }, [1], []);
        SentPacket atomic = host.Nic.TakeOne();
        Assert.Equal((0, true), (atomic.V4.Identification, atomic.V4.DontFragment));
    }

    [Theory, Rfc(9293, "3.1", "MUST-2")]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_transport_checksum_is_filled_in_or_left_to_the_device_with_the_pseudo_headers_sum(bool isV6, bool offload)
    {
        using TestHost host = new();
        host.Nic.HasChecksumOffload = offload;
        IpSend send = new(default, Peer(isV6), IpProtocol.Udp) { ChecksumOffset = 6 };
        Send(host, send, [0, 7, 0, 9, 0, 11, 0, 0], [1, 2, 3]);
        SentPacket packet = host.Nic.TakeOne();
        (IpAddress source, IpAddress destination) = isV6 ? (packet.V6.Source, packet.V6.Destination) : (packet.V4.Source, packet.V4.Destination);
        byte[] segment = packet.Payload;
        Assert.Equal(offload, packet.Offload.WantsChecksum);
        if (offload)
        {
            Assert.Equal((14 + (isV6 ? 40 : 20), 6), (packet.Offload.ChecksumStart, packet.Offload.ChecksumOffset));
            BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(6), InternetChecksum.Compute(segment)); // what the device does
        }
        Assert.True(PseudoHeader.IsRight(source, destination, IpProtocol.Udp, segment));
    }

    [Fact]
    public void A_udp_checksum_that_comes_out_0_is_sent_as_all_ones()
    {
        using TestHost host = new();
        byte[] header = [0, 7, 0, 9, 0, 10, 0, 0];
        ushort without = PseudoHeader.Checksum(TestHost.Us4, TestHost.Peer4, IpProtocol.Udp, [.. header, 0, 0]);
        byte[] data = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(data, without); // makes the sum all ones, the checksum 0
        Send(host, new IpSend(default, TestHost.Peer4, IpProtocol.Udp) { ChecksumOffset = 6 }, header, data);
        Assert.Equal([0xFF, 0xFF], host.Nic.TakeOne().Payload[6..8]);
    }

    [Fact]
    public void Fragments_carry_a_checksum_over_the_whole_even_where_the_device_could()
    {
        using TestHost host = new();
        host.Nic.HasChecksumOffload = true;
        byte[] data = Packets.Bytes(4000);
        byte[] header = [0, 7, 0, 9, 0x0F, 0xA8, 0, 0];
        Send(host, new IpSend(default, TestHost.Peer4, IpProtocol.Udp) { ChecksumOffset = 6 }, header, data);
        List<SentPacket> fragments = host.Nic.TakeAll();
        Assert.All(fragments, f => Assert.Equal(default, f.Offload));
        byte[] segment = [.. fragments.SelectMany(f => f.Payload)];
        Assert.True(PseudoHeader.IsRight(TestHost.Us4, TestHost.Peer4, IpProtocol.Udp, segment));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_super_segment_is_cut_into_segments_that_say_what_it_said(bool isV6)
    {
        foreach (bool offload in new[] { false, true })
        {
            using TestHost host = new();
            host.Nic.HasChecksumOffload = offload;
            byte[] data = Packets.Bytes(1000 * 7 + 123);
            TcpFlags flags = TcpFlags.Ack | TcpFlags.Psh | TcpFlags.Fin | TcpFlags.Cwr | TcpFlags.Ece;
            byte[] tcp = new byte[32];
            new TcpHeader(1, 2, 0xFFFF_F000, 5, flags, 6).Write(tcp, [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
            IpSend send = new(default, Peer(isV6), IpProtocol.Tcp) { ChecksumOffset = 16, SegmentSize = 1000, DontFragment = true };
            Assert.Equal(SendOutcome.Sent, Send(host, send, tcp, data));
            List<SentPacket> segments = host.Nic.TakeAll();
            Assert.Equal((8, 8), (segments.Count, host.Ip.Counters.SegmentsCut));
            byte[] joined = [];
            for (int i = 0; i < segments.Count; i++)
            {
                byte[] segment = segments[i].Payload;
                Assert.True(TcpView.TryRead(segment, out TcpView view));
                Assert.Equal(unchecked(0xFFFF_F000 + (uint)joined.Length), view.Sequence);
                TcpFlags expected = flags & ~(i > 0 ? TcpFlags.Cwr : 0) & ~(i < 7 ? TcpFlags.Fin | TcpFlags.Psh : 0);
                Assert.Equal(expected, view.Flags);
                Assert.Equal(tcp[20..32], view.Options.ToArray());
                if (!isV6) Assert.Equal(i, segments[i].V4.Identification);
                if (offload) BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), InternetChecksum.Compute(segment));
                Assert.True(PseudoHeader.IsRight(isV6 ? TestHost.Us6 : TestHost.Us4, Peer(isV6), IpProtocol.Tcp, segment));
                joined = [.. joined, .. segment[32..]];
            }
            Assert.Equal(data, joined);
        }
    }

    [Fact]
    public void Cutting_copies_no_payload()
    {
        using TestHost host = new();
        host.Nic.Discards = true;
        host.Nic.HasChecksumOffload = true;
        byte[] tcp = new byte[20];
        new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5).Write(tcp);
        Send(host, new IpSend(default, TestHost.Peer4, IpProtocol.Tcp) { ChecksumOffset = 16, SegmentSize = 1000 }, tcp, new byte[20_000]);
        Assert.Equal((0, 0), (host.Meter.BodyBytesCopied, host.Meter.BodyBytesRead));
    }

    [Fact]
    public void A_device_that_cuts_gets_the_super_segment_whole_with_what_it_needs()
    {
        using TestHost host = new();
        host.Nic.HasChecksumOffload = true;
        host.Nic.MaxSegmentationBytes = 65535;
        byte[] tcp = new byte[20];
        new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5).Write(tcp);
        Send(host, new IpSend(default, TestHost.Peer4, IpProtocol.Tcp) { ChecksumOffset = 16, SegmentSize = 1448 }, tcp, new byte[30_000]);
        SentPacket packet = host.Nic.TakeOne();
        Assert.Equal(new TransmitOffload(34, 16, 1448, 54), packet.Offload);
        Assert.Equal(30_040, packet.V4.TotalLength);
    }

    [Fact]
    public void A_train_that_finds_no_room_at_its_front_is_refused_and_one_cut_later_is_lost_like_any_segment()
    {
        using TestHost host = new();
        byte[] tcp = new byte[20];
        new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5).Write(tcp);
        IpSend send = new(default, TestHost.Peer4, IpProtocol.Tcp) { ChecksumOffset = 16, SegmentSize = 1000 };
        host.Nic.Room = 0;
        Assert.Equal(SendOutcome.NoRoom, Send(host, send, tcp, new byte[3000]));
        host.Nic.Room = 2;
        Assert.Equal(SendOutcome.Sent, Send(host, send, tcp, new byte[3000]));
        Assert.Equal(2, host.Nic.Sent.Count);
    }

    [Fact]
    public void Without_a_route_an_interface_or_an_address_nothing_is_sent_and_nothing_leaks()
    {
        using TestHost host = new();
        IpSend send = new(default, TestHost.Peer4, Protocol);
        Assert.Equal(SendOutcome.BadSource, Send(host, send with { Source = TestHost.Peer4 }, [1], [2]));
        Assert.Equal(SendOutcome.BroadcastDenied, Send(host, send with { Destination = IpAddress.Parse("192.0.2.255") }, [1], [2]));
        host.Nic.IsUp = false;
        Assert.Equal(SendOutcome.Unreachable, Send(host, send, [1], [2]));
        host.Nic.IsUp = true;
        host.Tables.HasRoute = false;
        Assert.Equal(SendOutcome.Unreachable, Send(host, send, [1], [2]));
        Assert.False(host.Ip.TryFindPath(TestHost.Peer4, default, null, out _));
        Assert.Empty(host.Nic.Sent);
    }

    [Fact]
    public void Who_has_no_address_yet_may_shout_from_none()
    {
        using TestHost host = new();
        host.Tables.Addresses.Clear();
        IpSend send = new(default, IpAddress.V4(uint.MaxValue), Protocol) { AllowBroadcast = true, Interface = 1 };
        Assert.Equal(SendOutcome.Sent, Send(host, send, [1], []));
        Assert.True(host.Nic.TakeOne().V4.Source.IsUnspecified);
        Assert.Equal(SendOutcome.BadSource, Send(host, send with { Destination = TestHost.Peer4 }, [1], []));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_router_alert_is_carried(bool isV6)
    {
        using TestHost host = new();
        Send(host, new IpSend(default, Peer(isV6), Protocol) { HasRouterAlert = true }, [1], []);
        byte[] bytes = host.Nic.TakeOne().Bytes;
        Assert.Equal(isV6 ? [253, 0, 5, 2, 0, 0, 1, 0, 1] : new byte[] { 148, 4, 0, 0, 1 }, bytes[(isV6 ? 40 : 20)..]);
    }

    [Fact]
    public void A_flow_keeps_its_label_and_others_have_other_ones()
    {
        using TestHost host = new();
        HashSet<uint> labels = [];
        for (byte port = 1; port <= 50; port++)
        {
            IpSend send = new(default, TestHost.Peer6, IpProtocol.Udp) { ChecksumOffset = 6 };
            Send(host, send, [0, port, 0, 9, 0, 8, 0, 0], []);
            Send(host, send, [0, port, 0, 9, 0, 9, 0, 0], [1]);
            List<SentPacket> both = host.Nic.TakeAll();
            Assert.Equal(both[0].V6.FlowLabel, both[1].V6.FlowLabel);
            labels.Add(both[0].V6.FlowLabel);
        }
        Assert.Equal(50, labels.Count);
    }

    private static IpAddress Peer(bool isV6) => isV6 ? TestHost.Peer6 : TestHost.Peer4;

    internal static SendOutcome Send(TestHost host, in IpSend send, byte[] header, byte[] data)
    {
        PacketBody body = default;
        Assert.True(host.Ip.Bodies.TryAppend(ref body, data));
        return host.Ip.Send(send, header, body, host.Now);
    }

    /// <summary>The packet as its receiver would send it: addresses change places.</summary>
    private static byte[] Turn(byte[] packet)
    {
        bool isV4 = packet[0] >> 4 == 4;
        (int at, int size) = isV4 ? (12, 4) : (8, 16);
        byte[] turned = [.. packet[..at], .. packet[(at + size)..(at + 2 * size)], .. packet[at..(at + size)], .. packet[(at + 2 * size)..]];
        return turned; // the header checksum does not mind
    }
}
