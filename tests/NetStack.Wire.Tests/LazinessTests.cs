using NetStack.Memory;
using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>The decoder fetches the lines that hold headers and no other: counted in bytes.</summary>
public sealed class LazinessTests
{
    private static readonly byte[] Body = new byte[1000];

    public static TheoryData<string, int, byte[]> Packets { get; } = new()
    {
        { "TCP without options: 54 bytes of headers", 64, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp(Body))) },
        { "TCP with 8 bytes of options: 62", 64, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp(Body, new byte[8]))) },
        { "TCP with timestamps: 66", 128, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp(Body, new byte[12]))) },
        { "TCP with all the options there can be: 94", 128, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp(Body, new byte[40]))) },
        { "TCP and 40 bytes of each kind of option: 134", 192, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp(Body, new byte[40]), new byte[40])) },
        { "UDP: 42", 64, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Udp, Udp(53, Body))) },
        { "UDP over IPv6: 62", 64, Ethernet(EtherType.Ipv6, Ipv6(IpProtocol.Udp, Udp(53, Body))) },
        { "TCP over IPv6: 74", 128, Ethernet(EtherType.Ipv6, Ipv6(IpProtocol.Tcp, Tcp(Body))) },
        { "a later fragment: 34", 64, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Body, offset: 1480)) },
        { "ICMP echo: 42", 64, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Icmp, [8, 0, 0, 0, 0, 1, 0, 1, .. Body])) },
        { "ICMP error with the packet it quotes: 70", 128, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Icmp, [3, 3, 0, 0, 0, 0, 0, 0, .. Ipv4(IpProtocol.Udp, Udp(53, Body))])) },
        { "neighbour solicitation with its target: 78", 128, Ethernet(EtherType.Ipv6, Ipv6(IpProtocol.Icmpv6, [135, 0, 0, 0, 0, 0, 0, 0, .. Body])) },
        { "VXLAN with TCP inside: 104", 128, Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Udp, Vxlan(Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp(Body)))))) },
        { "a protocol that is not decoded: 14", 64, Ethernet((EtherType)0x88CC, Body) },
    };

    [Theory, MemberData(nameof(Packets))]
    public void Only_header_lines_are_fetched_each_once_and_never_the_body(string what, int bytes, byte[] packet)
    {
        Decoding decoding = new();
        PacketHeaders headers = decoding.Decode(packet);
        Assert.True(decoding.Meter.HeaderBytesFetched == bytes, $"{what}: fetched {decoding.Meter.HeaderBytesFetched}, layers {Decoding.Kinds(headers)}");
        Assert.Equal(bytes / HeaderLine.Size, decoding.Meter.HeaderFetches);
        Assert.Equal((0, 0), (decoding.Meter.BodyBytesRead, decoding.Meter.BodyBytesCopied));
    }

    [Fact]
    public void Nothing_behind_the_last_header_is_fetched_over_random_packets()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            Decoding decoding = new(65536);
            byte[] packet = [.. new RandomPackets(seed).Mutated(out LinkType linkType), .. new byte[512]];
            PacketHeaders headers = decoding.Decode(packet, linkType);
            int end = headers.Layers.IsEmpty ? 0 : headers.Layers[^1].PayloadOffset;
            // The views of ICMP, IGMP and their kin read up to 56 bytes behind the eight that count as header, and the reason why a walk
            // ends may lie in the first bytes of the header that was not added.
            int walked = linkType == LinkType.Nflog ? 512 : 0; // its attributes, before one of them turns out to be broken
            Assert.True(headers.Bytes.Length < end + walked + 2 * HeaderLine.Size + 60, $"seed {seed}: {headers.Bytes.Length} fetched, headers end at {end}: {Decoding.Kinds(headers)}");
        }
    }
}
