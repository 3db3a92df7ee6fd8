using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>Packets that look real: any stack of headers the library writes, sometimes snapped, padded or with bytes changed.</summary>
internal sealed class RandomPackets(int seed)
{
    internal static readonly LinkType[] LinkTypes =
    [
        LinkType.Null, LinkType.Ethernet, LinkType.Ppp, LinkType.PppHdlc, LinkType.PppEther, LinkType.Raw, LinkType.CiscoHdlc, LinkType.Ieee80211,
        LinkType.Loop, LinkType.LinuxSll, LinkType.Ieee80211Radiotap, LinkType.Ipv4, LinkType.Ipv6, LinkType.LinuxSll2, LinkType.Nflog, (LinkType)9999,
    ];

    private readonly Random _random = new(seed);

    private readonly HashSet<IpProtocol> _randomProtocols = [];

    internal Random Random => _random;

    /// <summary>Whether random bytes were announced by this protocol number.</summary>
    internal bool IsRandom(IpProtocol protocol) => _randomProtocols.Contains(protocol);

    /// <summary>A well-formed packet and how it begins.</summary>
    internal byte[] WellFormed(out LinkType linkType)
    {
        linkType = LinkTypes[_random.Next(LinkTypes.Length)];
        switch (linkType)
        {
            case LinkType.Ethernet:
                return Frame(0);
            case LinkType.Null or LinkType.Loop:
                bool isV6 = _random.Next(2) == 0;
                return Head(new NullLoopbackHeader(isV6 ? 30u : 2u).Write, isV6 ? Ip6(0) : Ip4(0));
            case LinkType.Ppp or LinkType.PppHdlc:
                return [.. _random.Next(2) == 0 ? Hex("ff03") : [], .. Ppp(0)];
            case LinkType.PppEther:
                byte[] ppp = Ppp(0);
                return Head(new PppoeHeader(0, 1, (ushort)ppp.Length).Write, ppp);
            case LinkType.LinuxSll or LinkType.LinuxSll2:
                byte[] payload = AfterEtherType(0, out EtherType type);
                return Head(new LinuxSllHeader(linkType == LinkType.LinuxSll2 ? 2 : 1, 4, 1, (ushort)type, 3, MacA).Write, payload);
            case LinkType.CiscoHdlc:
                byte[] content = AfterEtherType(0, out EtherType protocol);
                return [0x0F, 0, (byte)((int)protocol >> 8), (byte)protocol, .. content];
            case LinkType.Nflog:
                return Nflog(_random.Next(2) == 0);
            case LinkType.Ipv4:
                return Ip4(0);
            case LinkType.Ipv6:
                return Ip6(0);
            case LinkType.Raw:
                return _random.Next(2) == 0 ? Ip4(0) : Ip6(0);
            default:
                return Bytes(_random.Next(100));
        }
    }

    /// <summary>A packet with a few bytes or lengths changed, cut or padded.</summary>
    internal byte[] Mutated(out LinkType linkType)
    {
        byte[] packet = WellFormed(out linkType);
        if (_random.Next(10) == 0) linkType = LinkTypes[_random.Next(LinkTypes.Length)];
        for (int i = _random.Next(4); i > 0 && packet.Length > 0; i--)
        {
            int at = _random.Next(packet.Length);
            packet[at] = _random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)_random.Next(256) };
        }
        return _random.Next(4) switch
        {
            0 => packet[.._random.Next(packet.Length + 1)],
            1 => [.. packet, .. Bytes(_random.Next(30))],
            _ => packet,
        };
    }

    internal byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    internal byte[] Frame(int depth)
    {
        byte[] payload = AfterEtherType(depth, out EtherType type);
        return Ethernet(type, payload);
    }

    private byte[] AfterEtherType(int depth, out EtherType type)
    {
        switch (_random.Next(depth > 6 ? 2 : 9))
        {
            case 0:
                type = EtherType.Arp;
                return Head(new ArpHeader((ushort)_random.Next(1, 5), MacA, A4, MacB, B4).Write);
            case 1 or 2 or 3:
                type = EtherType.Ipv4;
                return Ip4(depth);
            case 4 or 5:
                type = EtherType.Ipv6;
                return Ip6(depth);
            case 6:
                type = _random.Next(2) == 0 ? EtherType.Vlan : EtherType.ServiceVlan;
                return Vlan(depth);
            case 7:
                type = EtherType.Mpls;
                return Mpls(depth);
            default:
                type = EtherType.PppoeSession;
                byte[] ppp = Ppp(depth + 1);
                return Head(new PppoeHeader(0, 1, (ushort)ppp.Length).Write, ppp);
        }
    }

    private byte[] Vlan(int depth)
    {
        byte[] payload = AfterEtherType(depth + 1, out EtherType type);
        return Head(new VlanHeader((ushort)_random.Next(4096), (byte)_random.Next(8), _random.Next(2) == 0, type).Write, payload);
    }

    private byte[] Mpls(int depth)
    {
        bool isBottom = depth > 6 || _random.Next(2) == 0;
        byte[] payload = !isBottom ? Mpls(depth + 1) : _random.Next(3) switch { 0 => Ip4(depth + 1), 1 => Ip6(depth + 1), _ => [0, .. Bytes(20)] };
        return Packets.Mpls(isBottom, payload);
    }

    private byte[] Ppp(int depth)
    {
        bool isV6 = _random.Next(2) == 0;
        return Head(new PppHeader(isV6 ? PppView.Ipv6 : PppView.Ipv4).Write, isV6 ? Ip6(depth) : Ip4(depth));
    }

    private byte[] Nflog(bool isV6)
    {
        byte[] packet = isV6 ? Ip6(0) : Ip4(0);
        int size = packet.Length + NflogAttributes.HeadSize;
        return [isV6 ? (byte)10 : (byte)2, 0, 0, 5, 5, 0, 10, 0, 0, 0, 0, 0, (byte)size, (byte)(size >> 8), 9, 0, .. packet];
    }

    private byte[] Ip4(int depth)
    {
        byte[] payload = AfterIp(depth, isV6: false, out IpProtocol protocol);
        byte[]? options = _random.Next(4) == 0 ? [.. Ipv4Options.RouterAlert, 1, 1, 1, 0] : null;
        return _random.Next(8) == 0 ? Ipv4(protocol, Bytes(40), options, 8 * _random.Next(1, 8191), _random.Next(2) == 0)
            : Ipv4(protocol, payload, options, 0, _random.Next(10) == 0);
    }

    private byte[] Ip6(int depth)
    {
        byte[] payload = AfterIp(depth, isV6: true, out IpProtocol protocol);
        for (int i = _random.Next(4); i > 0; i--) payload = AddExtension(payload, ref protocol);
        return Ipv6(protocol, payload);
    }

    private byte[] AddExtension(byte[] payload, ref IpProtocol protocol)
    {
        IpProtocol next = protocol;
        switch (_random.Next(5))
        {
            case 0:
                protocol = IpProtocol.HopByHop;
                return Extension(next, [5, 2, 0, 0, 1, 0], payload);
            case 1:
                protocol = IpProtocol.DestinationOptions;
                return Extension(next, [1, (byte)_random.Next(12), .. new byte[12]], payload);
            case 2:
                protocol = IpProtocol.Routing;
                return Extension(next, [0, 1, 0, 0, 0, 0, .. Bytes(16)], payload);
            case 3:
                protocol = IpProtocol.Ah;
                return Authentication(next, payload);
            default:
                protocol = IpProtocol.Fragment;
                return Fragment(next, _random.Next(3) == 0 ? 8 * _random.Next(1, 8191) : 0, _random.Next(2) == 0, payload);
        }
    }

    private byte[] AfterIp(int depth, bool isV6, out IpProtocol protocol)
    {
        int choice = _random.Next(depth > 6 ? 6 : 12);
        protocol = choice switch
        {
            0 or 1 => IpProtocol.Tcp,
            2 => IpProtocol.Udp,
            3 => isV6 ? IpProtocol.Icmpv6 : IpProtocol.Icmp,
            4 => isV6 ? IpProtocol.NoNext : IpProtocol.Igmp,
            5 => RandomProtocol(),
            6 => IpProtocol.IpInIp,
            7 => IpProtocol.Ipv6,
            8 => IpProtocol.Gre,
            9 => IpProtocol.Ah,
            _ => IpProtocol.Udp,
        };
        return choice switch
        {
            0 or 1 => Tcp(Bytes(_random.Next(40)), TcpOptionBytes(), (TcpFlags)_random.Next(0x1000)),
            2 => Udp(53, Bytes(_random.Next(40))),
            3 => Icmp(isV6),
            4 => isV6 ? [] : new IgmpBytes(_random).Next(),
            5 => Bytes(_random.Next(60)),
            6 => Ip4(depth + 1),
            7 => Ip6(depth + 1),
            8 => _random.Next(4) switch
            {
                0 => Gre(EtherType.TransparentEthernet, Frame(depth + 1)),
                1 => Gre((EtherType)GreView.Erspan, [0x10, 5, 0, 7, 0, 0, 0, 9, .. Frame(depth + 1)]),
                2 => Gre((EtherType)GreView.Wccp, [0, 1, 0, 2, .. Ip4(depth + 1)]),
                _ => Gre(EtherType.Ipv4, Ip4(depth + 1)),
            },
            9 => Authentication(IpProtocol.Tcp, Tcp([1])),
            10 => _random.Next(2) == 0 ? Packets.Vxlan(Frame(depth + 1)) : Packets.Gtp(Ip6(depth + 1)),
            _ => Packets.Geneve(EtherType.TransparentEthernet, new byte[_random.Next(8) * 4], Frame(depth + 1)),
        };
    }

    private IpProtocol RandomProtocol()
    {
        IpProtocol protocol = (IpProtocol)_random.Next(256);
        _randomProtocols.Add(protocol);
        return protocol;
    }

    private byte[] TcpOptionBytes()
    {
        TcpOptionsBuilder options = new(new byte[40]);
        if (_random.Next(2) == 0) options.AddMaximumSegmentSize(1460);
        if (_random.Next(2) == 0) options.AddTimestamps((uint)_random.Next(), 1);
        if (_random.Next(3) == 0) options.AddSackBlocks([new(1, 2), new(5, 9)]);
        if (_random.Next(3) == 0) options.AddWindowScale(7);
        return options.Written.ToArray();
    }

    private byte[] Icmp(bool isV6)
    {
        if (!isV6) return [(byte)_random.Next(20), (byte)_random.Next(5), .. Bytes(6), .. Ipv4(IpProtocol.Udp, Udp(53))];
        byte type = (byte)(_random.Next(3) == 0 ? _random.Next(1, 5) : _random.Next(2) == 0 ? _random.Next(128, 145) : _random.Next(256));
        return [type, (byte)_random.Next(5), .. Bytes(6), .. Ipv6(IpProtocol.Udp, Udp(53))];
    }
}

/// <summary>IGMP messages of any version.</summary>
internal sealed class IgmpBytes(Random random)
{
    internal byte[] Next()
    {
        if (random.Next(3) > 0) return Head(new IgmpHeader((byte)random.Next(0x11, 0x18), (byte)random.Next(256), IpAddress.V4(0xE000_0001)).Write);
        return Head(destination =>
        {
            GroupReportWriter report = GroupReportWriter.Igmp(destination);
            for (int i = random.Next(3); i > 0; i--) report.TryAdd(GroupRecordType.ChangeToExclude, IpAddress.V4(0xE000_00FB), [A4, B4]);
            return report.Finish();
        });
    }
}
