using System.Buffers.Binary;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

/// <summary>Packets of any content: nothing throws, nothing leaks.</summary>
public sealed class HostileInputTests
{
    [Fact]
    public void Random_bytes_never_throw()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            using TestHost host = Busy(seed);
            SeededRandom random = new(seed);
            for (int i = 0; i < 1500; i++)
            {
                byte[] packet = new byte[random.Below(200)];
                random.Fill(packet);
                if (packet.Length > 0 && random.Chance(0.8)) packet[0] = (byte)(random.Chance(0.5) ? 0x45 : 0x60);
                Try(host, packet, seed, i);
            }
            Finish(host);
        }
    }

    [Fact]
    public void Mutated_packets_of_every_kind_never_throw()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            using TestHost host = Busy(seed);
            SeededRandom random = new(seed);
            byte[][] corpus = Corpus();
            for (int i = 0; i < 2000; i++)
            {
                byte[] packet = [.. corpus[random.Below(corpus.Length)]];
                for (int flips = random.Below(4); flips > 0; flips--) packet[random.Below(packet.Length)] = (byte)random.Next();
                if (random.Chance(0.2)) packet = packet[..random.Below(packet.Length + 1)];
                Mend(packet);
                host.SliceSize = random.Chance(0.5) ? 2048 : 64;
                Try(host, packet, seed, i);
                if (random.Chance(0.05)) host.RunFor(TimeSpan.FromSeconds(random.Below(20)));
                if (random.Chance(0.1)) host.Transmit();
                host.Nic.Room = random.Chance(0.1) ? 0 : int.MaxValue;
            }
            Finish(host);
        }
    }

    private static void Try(TestHost host, byte[] packet, ulong seed, int step)
    {
        try
        {
            host.Inject(packet, isLinkGroup: step % 3 == 0);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Assert.Fail($"seed {seed}, step {step}, packet {Convert.ToHexString(packet)}: {e}");
        }
        host.Nic.Sent.Clear();
    }

    private static TestHost Busy(ulong seed)
    {
        TestHost host = new(seed: seed);
        host.Udp.Open(UdpFamily.Dual).Bind(new UdpEndpoint(default, 9));
        UdpSocket group = host.Udp.Open(UdpFamily.V4);
        group.Bind(new UdpEndpoint(default, 10));
        group.Join(1, IpAddress.Parse("239.1.1.1"), host.Now);
        host.Icmp.OpenEcho(false, 5);
        host.Raw.Open(false, null);
        host.Raw.Open(true, IpProtocol.Udp);
        return host;
    }

    private static void Finish(TestHost host)
    {
        host.RunFor(TimeSpan.FromSeconds(700));
        host.Transmit();
        Assert.Equal((0, 0), host.Ip.Reassembling);
    }

    /// <summary>Makes the IPv4 header checksum right, so that more than the checksum is tried.</summary>
    private static void Mend(byte[] packet)
    {
        int length = packet.Length > 0 ? (packet[0] & 15) * 4 : 0;
        if (packet.Length < 20 || packet[0] >> 4 != 4 || length < 20 || length > packet.Length) return;
        packet[10] = packet[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), InternetChecksum.Compute(packet.AsSpan(0, length)));
    }

    private static byte[][] Corpus()
    {
        IpAddress group = IpAddress.Parse("239.1.1.1");
        byte[] quote4 = Packets.V4(IpProtocol.Udp, Packets.Udp(9, 9, [1]), TestHost.Us4, TestHost.Peer4);
        byte[] quote6 = Packets.V6(IpProtocol.Udp, Packets.Udp(9, 9, [1], TestHost.Us6, TestHost.Peer6), TestHost.Us6, TestHost.Peer6);
        byte[] mld = Packets.Icmp(130, 0, 0, new byte[20], TestHost.PeerLink, IpAddress.Parse("ff02::1"));
        return
        [
            Packets.V4(IpProtocol.Udp, Packets.Udp(1, 9, Packets.Bytes(50))),
            Packets.V6(IpProtocol.Udp, Packets.Udp(1, 9, Packets.Bytes(50), TestHost.Peer6)),
            Packets.V4(IpProtocol.Udp, Packets.Udp(1, 10, [1], default, group), destination: group),
            Packets.V4(IpProtocol.Udp, Packets.Udp(1, 99, [1])),
            Packets.V4(IpProtocol.Icmp, Packets.Icmp(8, 0, 1, Packets.Bytes(30))),
            Packets.V4(IpProtocol.Icmp, Packets.Icmp(0, 0, 0x5_0001, Packets.Bytes(30))),
            Packets.V4(IpProtocol.Icmp, Packets.Icmp(3, 4, 1000, quote4)),
            Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(2, 0, 1300, quote6, TestHost.Peer6, TestHost.Us6)),
            Packets.V6(IpProtocol.Icmpv6, Packets.Icmp(128, 0, 1, [1, 2], TestHost.Peer6, TestHost.Us6)),
            Packets.V4(IpProtocol.Udp, new byte[24], more: true),
            Packets.V4(IpProtocol.Udp, new byte[9], offset: 24),
            Packets.V4(IpProtocol.Udp, new byte[9], offset: 16, options: [131, 7, 4, 1, 2, 3, 4, 0]),
            Packets.Fragment6(new byte[24], 0, true, IpProtocol.Udp, 7, Packets.Extension(IpProtocol.Fragment, 1, 4, 0, 0, 0, 0)),
            Packets.Fragment6(new byte[9], 24, false),
            Packets.V4(IpProtocol.Igmp, [0x11, 10, 0xEE, 0xF5, 0, 0, 0, 0], destination: IpAddress.Parse("224.0.0.1"), ttl: 1),
            Packets.V6(IpProtocol.HopByHop, [.. Packets.Extension(IpProtocol.Icmpv6, 5, 2, 0, 0, 1, 0), .. mld], TestHost.PeerLink, IpAddress.Parse("ff02::1"), 1),
            Packets.V6(IpProtocol.HopByHop, [.. Packets.Extension(IpProtocol.Routing, 0xC2, 4, 0, 1, 0, 0), .. Packets.Extension(IpProtocol.Udp, 0, 1, 0, 0, 0, 0)]),
        ];
    }
}
