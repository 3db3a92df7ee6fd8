using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Link;

/// <summary>No frame, whatever its content, makes a whole stack throw, leak, or remember without bound.</summary>
public sealed class RandomFrameTests
{
    private static readonly MacAddress Peer = Packets.Peer;

    [Theory, InlineData(1, false), InlineData(2, false), InlineData(3, true), InlineData(4, true)]
    public void Random_and_mutated_frames_do_no_harm(ulong seed, bool forwarding)
    {
        StackPair pair = new(seed, configure: o =>
        {
            o.Neighbours.Capacity = 32;
            o.Protocols = new() { Ip = new() { Forwarding = forwarding } };
        }, configureInterface: o => o.Ipv6.TemporaryAddresses = true);
        StackHost host = pair.Alice;
        SeededRandom random = new(seed * 31);
        byte[][] corpus = Corpus(host.Nic.Mac);
        for (int i = 0; i < 6_000; i++)
        {
            byte[] frame = random.Chance(0.1) ? Noise(ref random) : Mutate(corpus[random.Below(corpus.Length)], ref random);
            try
            {
                host.Receive(host.Nic, frame, pair.World.Now);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, frame {i}: {Convert.ToHexString(frame)}: {e}");
            }
            if (i % 50 == 0) pair.World.Run(TimeSpan.FromMilliseconds(random.Below(3_000)));
        }
        Assert.InRange(host.Nic.Neighbours.Count, 0, 32);
        Assert.InRange(host.Nic.Addresses.Count, 0, 20);
        Assert.InRange(host.Stack.Routes.Routes.Count, 0, 64);
        pair.World.Run(TimeSpan.FromMinutes(10));
        pair.World.AssertNoLeaks();
    }

    /// <summary>The outcome is that of the bytes that were fetched, and of no others: a second stack that gets just these, from memory
    /// that nobody writes, says and counts the same.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_frame_that_is_overwritten_whole_after_each_fetch_is_taken_for_what_was_fetched(ulong seed)
    {
        TestDevice.NeedsPlainRing();
        StackPair live = new(seed);
        StackPair frozen = new(seed);
        SeededRandom random = new(seed * 53);
        SeededRandom others = new(seed * 59);
        byte[][] corpus = Corpus(live.Alice.Nic.Mac);
        RewritingDevice device = new(live.Alice.ReceiveBuffers, bytes =>
        {
            byte[] other = others.Chance(0.3) ? Noise(ref others) : Mutate(corpus[others.Below(corpus.Length)], ref others);
            other.AsSpan(0, Math.Min(other.Length, bytes.Length)).CopyTo(bytes);
        });
        for (int i = 0; i < 3_000; i++)
        {
            byte[] frame = random.Chance(0.1) ? Noise(ref random) : Mutate(corpus[random.Below(corpus.Length)], ref random);
            byte[] seen = device.Around(frame, () => live.Alice.Receive(live.Alice.Nic, frame, live.World.Now));
            frozen.Alice.Receive(frozen.Alice.Nic, seen, frozen.World.Now);
            if (i % 50 > 0) continue;
            TimeSpan time = TimeSpan.FromMilliseconds(random.Below(3_000));
            live.World.Run(time);
            frozen.World.Run(time);
            Assert.Equal(Describe(frozen), Describe(live));
        }
        Assert.True(device.Rewrites > 3_000, $"{device.Rewrites} fetches were followed by a rewrite");
    }

    /// <summary>What a stack said since it was last asked, and what it counted.</summary>
    private static string Describe(StackPair pair)
    {
        string said = string.Join('\n', pair.Hub.Log.Select(f => $"{f.At} {f.From} {Convert.ToHexString(f.Bytes)}"));
        pair.Hub.Log.Clear();
        return $"{said}\n{pair.Alice.Nic}, {pair.Alice.Nic.Drops}, {pair.Alice.Nic.NdpDrops}, {pair.Alice.Stack.Ip.Counters.Drops}, {pair.Alice.Nic.Neighbours.Count} neighbours";
    }

    private static byte[][] Corpus(MacAddress own)
    {
        string v4 = StackPair.AliceV4.ToString();
        string v6 = StackPair.AliceV6.ToString();
        MacAddress all = MacAddress.Parse("33:33:00:00:00:01");
        byte[] udp = [0, 9, 0, 9, 0, 12, 0, 0, 1, 2, 3, 4];
        byte[] tcp = [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 0, 0x80, 2, 0xFF, 0xFF, 0, 0, 0, 0, 2, 4, 5, 0xB4, 4, 2, 0, 0];
        return
        [
            Packets.Arp(1, Peer, "10.0.0.9", default, v4),
            Packets.Arp(2, Peer, "10.0.0.9", own, v4, to: own),
            Packets.Arp(1, Peer, v4, default, v4),
            Packets.Icmpv6(own, Peer, "fd00::9", v6, Packets.NeighborSolicitation(v6, Peer)),
            Packets.Icmpv6(own, Peer, "fd00::9", v6, Packets.NeighborAdvertisement("fd00::9", Peer)),
            Packets.Icmpv6(all, Peer, "fe80::9", "ff02::1", Packets.RouterAdvertisement(1800, options:
                [Packets.PrefixOption("2001:db8:1::", 64, 7200, 3600), Packets.MtuOption(1400), Packets.DnsOption(60, "fd00::53"), Packets.RouteOption("2001:db9::", 32, 0, 60)])),
            Packets.Icmpv6(own, Peer, "fe80::9", v6, Packets.Redirect("fe80::8", "2001:db8::1", Packets.LinkAddressOption(2, Peer))),
            Packets.Ipv4(own, Peer, "10.0.0.9", v4, IpProtocol.Udp, udp),
            Packets.Ipv4(own, Peer, "10.0.0.9", "192.0.2.1", IpProtocol.Udp, udp),
            Packets.Ipv4(own, Peer, "10.0.0.9", v4, IpProtocol.Tcp, tcp),
            Packets.Ipv4(own, Peer, "10.0.0.9", v4, IpProtocol.Icmp, [8, 0, 0xF7, 0xFF, 0, 0, 0, 0]),
            Packets.Ipv6(own, Peer, "fd00::9", v6, IpProtocol.Tcp, tcp),
            Packets.Ipv6(own, Peer, "fd00::9", "2001:db8:9::9", IpProtocol.Udp, udp),
            Packets.Ipv6(own, Peer, "fd00::9", v6, IpProtocol.Fragment, [17, 0, 0, 1, 0, 0, 0, 1, 0, 9, 0, 9, 0, 24, 0, 0]),
            Packets.Ipv6(own, Peer, "fd00::9", v6, IpProtocol.HopByHop, [58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 0]),
        ];
    }

    /// <summary>A few bytes changed, cut, or grown; the ICMPv6 checksum is made right half the time, so that what is behind it is reached.</summary>
    private static byte[] Mutate(byte[] original, ref SeededRandom random)
    {
        byte[] frame = [.. original];
        for (int changes = random.Below(4); changes > 0; changes--)
        {
            int at = 12 + random.Below(frame.Length - 12);
            frame[at] = random.Below(3) switch { 0 => (byte)random.Next(), 1 => (byte)(frame[at] ^ 1 << random.Below(8)), _ => random.Chance(0.5) ? (byte)0 : (byte)255 };
        }
        if (random.Chance(0.5) && frame.Length > 58 && frame[20] == (byte)IpProtocol.Icmpv6 && Packets.TypeOf(frame) == EtherType.Ipv6) MakeRight(frame);
        if (random.Chance(0.1)) frame = frame[..random.Below(frame.Length + 1)];
        if (random.Chance(0.1)) frame = [.. frame, .. new byte[random.Below(64)]];
        return frame;
    }

    private static void MakeRight(byte[] frame)
    {
        int length = Math.Min(frame[18] << 8 | frame[19], frame.Length - 54);
        if (length < 4) return;
        frame[56] = frame[57] = 0;
        ushort sum = PseudoHeader.Checksum(IpAddress.ReadV6(frame.AsSpan(22)), IpAddress.ReadV6(frame.AsSpan(38)), IpProtocol.Icmpv6, frame.AsSpan(54, length));
        frame[56] = (byte)(sum >> 8);
        frame[57] = (byte)sum;
    }

    private static byte[] Noise(ref SeededRandom random)
    {
        byte[] frame = new byte[random.Below(200)];
        random.Fill(frame);
        return frame;
    }
}
