using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>The published verification vectors of receive side scaling.</summary>
public sealed class ToeplitzTests
{
    public static TheoryData<string, int, string, int, uint, uint> Vectors => new()
    {
        { "66.9.149.187", 2794, "161.142.100.80", 1766, 0x323e8fc2, 0x51ccc178 },
        { "199.92.111.2", 14230, "65.69.140.83", 4739, 0xd718262a, 0xc626b0ea },
        { "24.19.198.95", 12898, "12.22.207.184", 38024, 0xd2d0a5de, 0x5c2b394a },
        { "38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xafc7327f },
        { "153.39.163.191", 44251, "202.188.127.2", 1303, 0x5d1809c5, 0x10e828a2 },
        { "3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc18cd5, 0x40207d3d },
        { "3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c461c, 0xdde51bbf },
        { "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf", 38024, 0x4b61e985, 0x02d1feef },
    };

    [Theory, MemberData(nameof(Vectors))]
    public void The_published_vectors_hold_with_and_without_ports(string source, int sourcePort, string destination, int destinationPort, uint addresses, uint ports)
    {
        Toeplitz toeplitz = new(Toeplitz.DefaultKey);
        IpAddress from = IpAddress.Parse(source);
        IpAddress to = IpAddress.Parse(destination);
        Assert.Equal(addresses, toeplitz.Hash(from, to));
        Assert.Equal(ports, toeplitz.Hash(from, to, (ushort)sourcePort, (ushort)destinationPort));
    }

    [Theory, MemberData(nameof(Vectors))]
    public void The_device_reports_the_hash_and_places_the_frame_by_it(string source, int sourcePort, string destination, int destinationPort, uint addresses, uint ports)
    {
        IpAddress from = IpAddress.Parse(source);
        IpAddress to = IpAddress.Parse(destination);
        using Rig rig = new(new VirtualNicOptions { Queues = 4, RssTableSize = 128 });
        byte[] udp = Frames.Udp(from, to, (ushort)sourcePort, (ushort)destinationPort, [1]);
        Assert.Equal(ports, rig.PassOne(udp, queue: (int)(ports & 127) % 4).Meta.RssHash);
        byte[] other = Frames.Wrap(from, to, IpProtocol.Gre, Frames.Payload(16));
        Assert.Equal(addresses, rig.PassOne(other, queue: (int)(addresses & 127) % 4).Meta.RssHash);
    }

    [Fact]
    public void Every_fragment_of_a_datagram_goes_to_the_same_queue()
    {
        using Rig rig = new(new VirtualNicOptions { Queues = 8 });
        for (int i = 0; i < 8; i++) rig.Fill(queue: i);
        for (int i = 0; i < 16; i++)
        {
            byte[] frame = Frames.Udp(Frames.A4, Frames.B4, (ushort)(1000 + i), 2000, Frames.Payload(64, i));
            frame[20] = 0x20; // more fragments
            Assert.True(rig.Deliver(frame));
        }
        int[] counts = [.. Enumerable.Range(0, 8).Select(q => rig.Receive(q).Count)];
        Assert.Equal(16, Assert.Single(counts, c => c > 0));
    }

    [Fact]
    public void Queues_beyond_the_spread_ones_get_only_what_a_rule_places_there()
    {
        using Rig rig = new(new VirtualNicOptions { Queues = 4, RssQueues = 2 }, buffers: 64);
        for (int i = 0; i < 4; i++) rig.Fill(queue: i);
        rig.Nic.Steering!.TryAdd(new FlowRule(new FlowMatch { DestinationPort = 99 }, FlowAction.Queue, Queue: 3), out _);
        for (int i = 0; i < 32; i++) rig.Deliver(Frames.Udp(Frames.A4, Frames.B4, (ushort)i, 2000, [1]));
        rig.Deliver(Frames.Udp(Frames.A4, Frames.B4, 1, 99, [1]));
        int[] counts = [.. Enumerable.Range(0, 4).Select(q => rig.Receive(q).Count)];
        Assert.True(counts[0] > 0 && counts[1] > 0, string.Join(' ', counts));
        Assert.Equal((32, 0, 1), (counts[0] + counts[1], counts[2], counts[3]));
    }

    [Fact]
    public void A_key_has_forty_bytes() => Assert.Throws<ArgumentException>(() => new Toeplitz(new byte[39]));
}
