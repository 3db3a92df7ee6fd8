using NetStack.Memory;
using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>Decoding a packet and telling it in a line allocates nothing; counted to the byte.</summary>
public sealed class AllocationTests
{
    private readonly Decoding _decoding = new();
    private readonly byte[] _text = new byte[4096];
    private int _written;

    public static TheoryData<string, byte[]> Kinds => new()
    {
        { "TCP", Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp([1], new byte[12]))) },
        { "UDP", Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Udp, Udp(53, 1, 2))) },
        { "IPv6 with extension headers", Ethernet(EtherType.Ipv6, Ipv6(IpProtocol.HopByHop, Extension(IpProtocol.Fragment, [5, 2, 0, 0, 1, 0], Fragment(IpProtocol.Tcp, 0, true, Tcp([]))))) },
        { "VXLAN", Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Udp, Vxlan(Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, Tcp([])))))) },
        { "GRE", Ethernet(EtherType.Vlan, Vlan(EtherType.Ipv4, Ipv4(IpProtocol.Gre, Gre(EtherType.TransparentEthernet, Ethernet(EtherType.Arp, new byte[28]))))) },
        { "ICMP error", Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Icmp, [3, 3, 0, 0, 0, 0, 0, 0, .. Ipv4(IpProtocol.Udp, Udp(53))])) },
        { "MPLS, cut", Ethernet(EtherType.Mpls, Mpls(false, Mpls(true, 0x45, 0, 0))) },
        { "PPPoE", Ethernet(EtherType.PppoeSession, Pppoe(PppView.Ipv6, Ipv6(IpProtocol.Icmpv6, [.. new byte[] { 135, 0, 0, 0, 0, 0, 0, 0 }, .. new byte[24]]))) },
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Ten_thousand_packets_decoded_keyed_and_told_allocate_nothing(string kind, byte[] packet)
    {
        for (int i = 0; i < 200; i++) Round(packet);
        // A collection that another thread's test sets off may charge this thread with the unused rest of its allocation buffer, once;
        // what a packet allocates would show in every attempt.
        long allocated = Measure(packet);
        for (int attempt = 0; attempt < 2 && allocated > 0; attempt++) allocated = Measure(packet);
        Assert.True(allocated == 0, $"{kind}: {allocated} bytes");
        Assert.True(_written > 10_000 * 10, kind);
    }

    private long Measure(byte[] packet)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++) Round(packet);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private void Round(byte[] packet)
    {
        PacketHeaders headers = _decoding.Decode(packet, LinkType.Ethernet, packet.Length);
        LineWriter line = new(_text);
        foreach (Layer layer in headers.Layers) ViewSweep.All(headers.BytesOf(layer), ref line);
        FrameKey key = FrameKey.Read(_decoding.Snapshot, LinkType.Ethernet);
        if (key.HasPorts) line.Append(key.Source);
        _written += line.Length;
    }
}
