using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>The key of a frame and its decoded headers agree on the outermost network and transport header.</summary>
public sealed class FrameKeyTests
{
    private readonly Decoding _decoding = new(65536);

    [Fact]
    public void Key_and_headers_agree_over_random_packets_well_formed_or_not()
    {
        int compared = 0, withPorts = 0, later = 0;
        for (int seed = 0; seed < 13_000; seed++)
        {
            RandomPackets packets = new(seed);
            byte[] packet = seed % 2 == 0 ? packets.WellFormed(out LinkType linkType) : packets.Mutated(out linkType);
            PacketHeaders headers = _decoding.Decode(packet, linkType);
            FrameKey key = FrameKey.Read(packet, linkType);
            if (!TryOutermost(headers, out int network, out int transport)) continue;
            compared++;
            Compare(key, headers, network, transport, $"seed {seed}, {linkType}, {Decoding.Kinds(headers)}: {Convert.ToHexString(packet)}");
            if (key.HasPorts) withPorts++;
            if (key.IsLaterFragment) later++;
        }
        Assert.True(compared > 4_000 && withPorts > 2_000 && later > 200, $"{compared} {withPorts} {later}");
    }

    [Fact]
    public void A_key_read_through_a_snapshot_is_the_key_of_the_whole_packet()
    {
        for (int seed = 0; seed < 3_000; seed++)
        {
            byte[] packet = new RandomPackets(seed).Mutated(out LinkType linkType);
            Assert.Equal(FrameKey.Read(packet, linkType), _decoding.Key(packet, linkType));
        }
    }

    [Fact]
    public void Ports_are_never_read_from_the_padding_behind_the_packet()
    {
        byte[] ports = [0, 1, 0, 2, .. new byte[40]];
        FrameKey v4 = FrameKey.Read([.. Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Tcp, [])), .. ports], LinkType.Ethernet);
        FrameKey v6 = FrameKey.Read([.. Ethernet(EtherType.Ipv6, Ipv6(IpProtocol.Udp)), .. ports], LinkType.Ethernet);
        Assert.True(v4.IsIp && !v4.HasPorts && v6.IsIp && !v6.HasPorts);
    }

    [Fact]
    public void The_packet_an_error_quotes_is_read_but_not_from_the_padding()
    {
        byte[] quoted = Ipv4(IpProtocol.Udp, Udp(53, 1, 2, 3));
        byte[] error = Head(IcmpHeader.Unreachable(3).Write, quoted);
        byte[] frame = Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Icmp, error));
        FrameKey key = FrameKey.Read(frame, LinkType.Ethernet);
        Assert.True(key.IsIcmpError && key.TryReadQuoted(frame, out FrameKey inner) && inner.HasPorts && inner.DestinationPort == 53);
        byte[] empty = [.. Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Icmp, error[..8])), .. quoted];
        Assert.False(FrameKey.Read(empty, LinkType.Ethernet).TryReadQuoted(empty, out _));
    }

    [Fact]
    public void Authentication_headers_are_stepped_over()
    {
        byte[] frame = Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Ah, Authentication(IpProtocol.Tcp, Tcp([]))));
        FrameKey key = FrameKey.Read(frame, LinkType.Ethernet);
        Assert.Equal((IpProtocol.Tcp, true, (ushort)80), (key.Protocol, key.HasPorts, key.DestinationPort));
    }

    /// <summary>The outermost IP header right behind the link header and its tags, and the transport header it carries.</summary>
    private static bool TryOutermost(in PacketHeaders headers, out int network, out int transport)
    {
        network = transport = -1;
        int i = 0;
        while (i < headers.Layers.Length && headers.Layers[i].Kind is LayerKind.Ethernet or LayerKind.Vlan or LayerKind.LinuxSll or LayerKind.LinuxSll2 or LayerKind.NullLoopback or LayerKind.Loop) i++;
        if (i > 5 || i >= headers.Layers.Length || headers.Layers[i].Kind is not (LayerKind.Ipv4 or LayerKind.Ipv6) || !headers.Layers[i].IsWhole) return false;
        network = i++;
        int extensions = 0;
        while (i < headers.Layers.Length && headers.Layers[i].Kind is LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions or LayerKind.Ipv6Routing or LayerKind.Ipv6Fragment or LayerKind.Authentication)
        {
            i++;
            extensions++;
        }
        if (extensions > 7) return false;
        if (i < headers.Layers.Length && headers.Layers[i].IsWhole) transport = i;
        return true;
    }

    private static void Compare(in FrameKey key, in PacketHeaders headers, int network, int transport, string what)
    {
        Layer ip = headers.Layers[network];
        Assert.True(key.IsIp && key.NetworkOffset == ip.Offset, what);
        if (ip.Kind == LayerKind.Ipv4 && Ipv4View.TryRead(headers.BytesOf(ip), out Ipv4View v4))
        {
            Assert.True((key.Source, key.Destination, key.IsFragment) == (v4.Source, v4.Destination, v4.MoreFragments || v4.FragmentOffset > 0), what);
        }
        else if (Ipv6View.TryRead(headers.BytesOf(ip), out Ipv6View v6))
        {
            Assert.True((key.Source, key.Destination) == (v6.Source, v6.Destination), what);
        }
        if (transport < 0) return;
        Layer layer = headers.Layers[transport];
        if (layer.Kind is LayerKind.Tcp or LayerKind.Udp)
        {
            ReadOnlySpan<byte> bytes = headers.BytesOf(layer);
            Assert.True(key.HasPorts && key.TransportOffset == layer.Offset, what);
            Assert.True(UdpView.TryRead(bytes, out UdpView ports) && (key.SourcePort, key.DestinationPort) == (ports.SourcePort, ports.DestinationPort), what);
        }
        else
        {
            Assert.False(key.HasPorts, what);
        }
        if (layer.Kind is LayerKind.Icmp or LayerKind.Icmpv6) Assert.True(key.TransportOffset == layer.Offset, what);
    }
}
