using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

/// <summary>Whatever clients do, every buffer comes back and nobody gets what is not his.</summary>
public sealed class RandomisedTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory, MemberData(nameof(Seeds))]
    public async Task Every_buffer_is_back_at_the_end_whatever_clients_did(int seed)
    {
        Random random = new(seed);
        string[] kinds = [.. Clients.All.Select(k => k.Data)];
        Rig rig = new(queues: 3, flowRoom: 6, options: new MultiplexerOptions
        {
            RingBuffers = 16 + random.Next(64),
            RingBufferSize = 64 << random.Next(6),
            RingReserve = random.Next(3) == 0 ? 0 : null,
            ReceiveBatch = 1 + random.Next(20),
        });
        List<MultiplexerPort> ports = [];
        List<(MultiplexerPort Port, ReceivedFrame Frame)> held = [];
        long offered = 0;
        for (int step = 0; step < 600; step++)
        {
            switch (random.Next(12))
            {
                case 0 when ports.Count < 6:
                    ports.Add(Attach(rig, kinds[random.Next(kinds.Length)], random));
                    break;
                case 1 when ports.Count > 2:
                    MultiplexerPort gone = ports[random.Next(ports.Count)];
                    ports.Remove(gone);
                    gone.Dispose();
                    break;
                case 2 or 3 when ports.Count > 0:
                    MultiplexerPort taker = ports[random.Next(ports.Count)];
                    held.AddRange(Rig.Take(taker).Select(f => (taker, f)));
                    break;
                case 4 or 5 or 6 when held.Count > 0:
                    for (int i = random.Next(held.Count + 1); i > 0; i--) ReleaseOne(held, random.Next(held.Count));
                    break;
                default:
                    if (rig.Nic.Inject(AnyFrame(random))) offered++;
                    break;
            }
            if (random.Next(3) == 0) rig.Mux.Poll(rig.Now);
        }
        while (rig.Mux.Poll(rig.Now) > 0)
        {
        }
        Assert.Equal(offered, rig.Mux.Counters.FramesReceived);
        foreach (MultiplexerPort port in ports)
        {
            held.AddRange(Rig.Take(port).Select(f => (port, f)));
            Assert.True(port.Counters.FramesDelivered == port.Counters.Queue.FramesReceived, $"seed {seed}: {port}");
        }
        while (held.Count > 0) ReleaseOne(held, held.Count - 1);
        Assert.All(ports, p => Assert.True(p.HeldFrames == 0, $"seed {seed}: {p} holds {p.HeldFrames}"));
        Assert.True(rig.Mux.RingBuffersHeld == 0, $"seed {seed}");
        await rig.AssertAllHomeAsync();
    }

    /// <summary>What a flow table is given must be part of what the port wants, or the hardware would leak by our own order.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public void No_rule_compiled_from_a_filter_brings_a_frame_the_filter_does_not_want(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 20; round++)
        {
            PortFilter filter = AnyFilter(random, 3);
            Rig rig = new(queues: 2, flowRoom: 64);
            MultiplexerPort port = rig.Mux.Attach("steered", o =>
            {
                o.Placement = Placement.Steered;
                o.SteeredBufferCount = 64;
                o.Filter = filter;
                o.Mac = Frames.Mac(1);
                if (random.Next(2) == 0) o.Addresses.Add(Frames.V4(1));
            });
            for (int i = 0; i < 60; i++) rig.Nic.Inject(AnyFrame(random));
            while (rig.Mux.Poll(rig.Now) > 0) Rig.Drain(port);
            Assert.True(port.Counters.MissteeredFrames == 0, $"seed {seed}: {filter}: {string.Join(" | ", rig.Nic.Flows.Rules.Select(r => r.Rule.Match))}");
        }
    }

    [Theory, MemberData(nameof(Seeds))]
    public void A_filter_and_its_text_match_alike(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 20; round++)
        {
            PortFilter filter = AnyFilter(random, 4);
            PortFilter read = PortFilter.Parse(filter.ToString()!);
            Assert.Equal(filter.ToString(), read.ToString());
            for (int i = 0; i < 40; i++)
            {
                FrameKey key = FrameKey.Read(AnyFrame(random), LinkType.Ethernet);
                Assert.True(filter.Matches(key) == read.Matches(key), $"seed {seed}: {filter}");
                Assert.False(filter.Matches(key) && (!filter).Matches(key), $"seed {seed}: {filter}");
            }
        }
    }

    private static MultiplexerPort Attach(Rig rig, string kind, Random random) => rig.Mux.Attach(kind, o =>
    {
        Clients.Configure(kind, o);
        o.Mac = Frames.Mac(random.Next(3));
        o.Promiscuous = random.Next(6) == 0;
        o.Default = random.Next(4) == 0;
        o.QueueDepth = 1 + random.Next(30);
        o.HeldFrames = random.Next(20);
        o.BufferCount = random.Next(20);
        o.BufferSize = 64 << random.Next(6);
        o.SteeredBufferCount = 8 + random.Next(20);
        if (random.Next(2) == 0) o.Filter = AnyFilter(random, 2);
        if (random.Next(2) == 0) o.Addresses.Add(Frames.V4(random.Next(3)));
    });

    private static void ReleaseOne(List<(MultiplexerPort Port, ReceivedFrame Frame)> held, int index)
    {
        ReceivedFrame frame = held[index].Frame;
        held.RemoveAt(index);
        frame.Headers.Require(100);
        frame.Release();
    }

    internal static byte[] AnyFrame(Random random)
    {
        MacAddress to = random.Next(5) == 0 ? MacAddress.Broadcast : Frames.Mac(random.Next(4));
        bool v6 = random.Next(3) == 0;
        IpAddress source = v6 ? Frames.V6(random.Next(3)) : Frames.V4(random.Next(3));
        IpAddress destination = v6 ? Frames.V6(random.Next(3)) : Frames.V4(random.Next(3));
        ushort sourcePort = (ushort)(80 + random.Next(3));
        ushort destinationPort = (ushort)(80 + random.Next(3));
        byte[] payload = new byte[random.Next(4) == 0 ? random.Next(1300) : random.Next(40)];
        random.NextBytes(payload);
        byte[] frame = random.Next(9) switch
        {
            0 => Frames.ArpRequest(source.IsV4 ? source : Frames.V4(1), destination.IsV4 ? destination : Frames.V4(2)),
            1 or 2 => Frames.Tcp(to, source, sourcePort, destination, destinationPort, payload),
            3 => Frames.Unreachable(to, source, destination, Frames.Ip(destination, source, IpProtocol.Udp, Frames.Segment(destinationPort, sourcePort, 8, payload))),
            4 => Frames.Ethernet(to, EtherType.Ipv4, Frames.Ip(Frames.V4(1), Frames.V4(2), IpProtocol.Udp, Frames.Segment(sourcePort, destinationPort, 8, payload), 0x2000, 7)),
            5 => Frames.Ethernet(to, EtherType.Ipv4, Frames.Ip(Frames.V4(1), Frames.V4(2), IpProtocol.Udp, payload, random.Next(4) * 0x1001, 7)),
            6 => Frames.Neighbor((byte)random.Next(133, 138), to, Frames.V6(1), Frames.V6(2), Frames.V6(random.Next(3)), Frames.Peer),
            _ => Frames.Udp(to, source, sourcePort, destination, destinationPort, payload),
        };
        if (random.Next(5) == 0) frame = Frames.Tagged(frame, (ushort)(10 + random.Next(2)));
        if (random.Next(10) == 0) frame = frame[..random.Next(frame.Length + 1)];
        if (random.Next(10) == 0 && frame.Length > 0) frame[random.Next(frame.Length)] = (byte)random.Next(256);
        return frame;
    }

    internal static PortFilter AnyFilter(Random random, int depth)
    {
        FilterDirection direction = (FilterDirection)random.Next(3);
        return random.Next(depth > 0 ? 15 : 10) switch
        {
            0 => PortFilter.Port((ushort)(80 + random.Next(3)), direction),
            1 => PortFilter.Protocol(random.Next(2) == 0 ? IpProtocol.Tcp : IpProtocol.Udp),
            2 => PortFilter.Host(random.Next(2) == 0 ? Frames.V4(random.Next(3)) : Frames.V6(random.Next(3)), direction),
            3 => PortFilter.Net(IpAddress.Parse("10.0.0.0"), random.Next(8, 24), direction),
            4 => random.Next(3) == 0 ? PortFilter.AnyVlan : PortFilter.Vlan((ushort)(10 + random.Next(2))),
            5 => PortFilter.EtherType(random.Next(2) == 0 ? EtherType.Ipv4 : EtherType.Ipv6),
            6 => PortFilter.EtherHost(Frames.Mac(random.Next(3)), direction),
            7 => PortFilter.PortRange(80, 81, direction),
            8 => random.Next(2) == 0 ? PortFilter.Multicast : PortFilter.All,
            9 => PortFilter.EtherType(EtherType.Arp),
            10 or 11 => AnyFilter(random, depth - 1) & AnyFilter(random, depth - 1),
            12 or 13 => AnyFilter(random, depth - 1) | AnyFilter(random, depth - 1),
            _ => !AnyFilter(random, depth - 1),
        };
    }
}
