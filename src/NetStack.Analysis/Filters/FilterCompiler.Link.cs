using NetStack.Wire;

namespace NetStack.Analysis;

/// <content>What the link header says.</content>
internal sealed partial class FilterCompiler
{
    private const uint LargestLength = 1500; // in the place of an Ethertype, what is not larger is an 802.3 length
    private const uint SapIp = 0x06;
    private const uint SapSpanningTree = 0x42;
    private const uint SapIpx = 0xE0;
    private const uint SapNetBeui = 0xF0;
    private const uint SapOsi = 0xFE;
    private const uint TypeIpx = 0x8137;
    private const uint TypeAtalk = 0x809B;
    private const uint TypeAarp = 0x80F3;

    /// <summary>Whether the link carries this: an Ethertype, or an 802.2 service access point.</summary>
    private Test Carries(uint type)
    {
        if (_link.Labels > 0) return InLabels(type);
        int at = _link.TypeOffset;
        switch (_link.Type)
        {
            case LinkType.Ethernet:
                return OnEthernet(type);
            case LinkType.LinuxSll:
                return OnLinuxSll(type);
            case LinkType.Raw:
                if (type is not ((uint)EtherType.Ipv4 or (uint)EtherType.Ipv6)) return Always(false);
                return Field(Bpf.Byte, _link.Header, type == (uint)EtherType.Ipv4 ? 0x40U : 0x60U, mask: 0xF0);
            case LinkType.Ipv4 or LinkType.Ipv6:
                return Always(type == (uint)(_link.Type == LinkType.Ipv4 ? EtherType.Ipv4 : EtherType.Ipv6));
            case LinkType.Null or LinkType.Loop:
                return OnLoopback(type);
            case LinkType.Ppp or LinkType.PppHdlc or LinkType.PppEther:
                return Field(Bpf.Half, at, PppNumber(type));
            case LinkType.CiscoHdlc when type == SapOsi:
                return Field(Bpf.Half, at, SapOsi << 8 | SapOsi);
            default:
                return Field(Bpf.Half, at, type);
        }
    }

    private Test OnEthernet(uint type)
    {
        int at = _link.TypeOffset;
        int payload = _link.Payload;
        Test isLength = Not(Field(Bpf.Half, at, LargestLength, Bpf.Greater));
        return type switch
        {
            SapOsi or SapIp or SapNetBeui => All(isLength, Field(Bpf.Half, payload, type << 8 | type)),
            SapIpx => Any(
                Field(Bpf.Half, at, TypeIpx),
                All(isLength, Any(Snap(0, TypeIpx), Field(Bpf.Byte, payload, SapIpx), Field(Bpf.Half, payload, 0xFFFF)))),
            TypeAtalk or TypeAarp => Any(Field(Bpf.Half, at, type), All(isLength, Snap(type == TypeAtalk ? 0x080007U : 0, type))),
            <= LargestLength => All(isLength, Field(Bpf.Byte, at + 2, type)),
            _ => Field(Bpf.Half, at, type),
        };
    }

    private Test OnLinuxSll(uint type)
    {
        int at = _link.TypeOffset;
        int payload = _link.Payload;
        Test isLlc = Field(Bpf.Half, at, 4); // LINUX_SLL_P_802_2
        return type switch
        {
            SapOsi or SapIp or SapNetBeui => All(isLlc, Field(Bpf.Half, payload, type << 8 | type)),
            SapIpx => Any(
                Field(Bpf.Half, at, TypeIpx),
                Field(Bpf.Half, at, 1), // LINUX_SLL_P_802_3: Novell's 802.3 without 802.2
                All(isLlc, Any(Field(Bpf.Byte, payload, SapIpx), Snap(0, TypeIpx)))),
            TypeAtalk or TypeAarp => Any(Field(Bpf.Half, at, type), All(isLlc, Snap(type == TypeAtalk ? 0x080007U : 0, type))),
            <= LargestLength => All(isLlc, Field(Bpf.Byte, payload, type)),
            _ => Field(Bpf.Half, at, type),
        };
    }

    /// <summary>An 802.2 header with the SNAP extension.</summary>
    private Test Snap(uint organisation, uint type) => All(
        Field(Bpf.Word, _link.Payload + 4, (organisation & 0xFFFF) << 16 | type),
        Field(Bpf.Word, _link.Payload, 0xAAAA_0300 | organisation >> 16));

    /// <summary>An address family, in the byte order of whoever wrote the file where that is not fixed.</summary>
    private Test OnLoopback(uint type)
    {
        uint[] families = type switch
        {
            (uint)EtherType.Ipv4 => [2],
            (uint)EtherType.Ipv6 => [10, 24, 28, 30], // Linux, NetBSD and OpenBSD, FreeBSD, Darwin
            _ => [],
        };
        if (families.Length == 0) return Always(false);
        bool isFixed = _link.Type == LinkType.Loop;
        return Any([.. families.SelectMany(f => isFixed ? [f] : new[] { f, f << 24 }).Select(f => Field(Bpf.Word, _link.Header, f))]);
    }

    /// <summary>Behind MPLS labels nothing says what follows: it is IP by its version, behind the last label.</summary>
    private Test InLabels(uint type)
    {
        uint version = type switch
        {
            (uint)EtherType.Ipv4 => 0x40,
            (uint)EtherType.Ipv6 => 0x60,
            _ => throw Fail("only IPv4 and IPv6 are told apart behind MPLS labels"),
        };
        return All(Field(Bpf.Byte, _link.Network - 2, 1, mask: 1), Field(Bpf.Byte, _link.Network, version, mask: 0xF0));
    }

    /// <summary>The PPP protocol number of an Ethertype (RFC 1661's registry).</summary>
    private static uint PppNumber(uint type) => type switch
    {
        (uint)EtherType.Ipv4 => 0x0021,
        (uint)EtherType.Ipv6 => 0x0057,
        0x6003 => 0x0027, // DECnet
        TypeAtalk => 0x0029,
        0x0600 => 0x0025, // XNS
        SapOsi => 0x0023,
        SapSpanningTree => 0x0031,
        SapIpx => 0x002B,
        _ => type,
    };

    private Test EtherHost(EtherHostNode host)
    {
        if (_link.Type != LinkType.Ethernet) throw Fail("MAC addresses are tested on Ethernet only");
        return Sides(host.Side, EtherAddress(_link.Header + 6, host.Address), EtherAddress(_link.Header, host.Address));
    }

    private Test EtherAddress(int offset, MacAddress address) => All(
        Field(Bpf.Word, offset + 2, (uint)address.Value),
        Field(Bpf.Half, offset, (uint)(address.Value >> 32)));

    private Test Sides(FilterSide side, Test source, Test destination) => side switch
    {
        FilterSide.Source => source,
        FilterSide.Destination => destination,
        FilterSide.Both => All(source, destination),
        _ => Any(source, destination),
    };

    private Test Group(GroupNode group)
    {
        int network = _link.Network;
        if (group.Protocol is null or "ether")
        {
            if (_link.Type != LinkType.Ethernet) throw Fail($"\"{group}\" is tested on Ethernet only");
            return group.IsBroadcast ? EtherAddress(_link.Header, MacAddress.Broadcast) : Field(Bpf.Byte, _link.Header, 1, Bpf.AnySet);
        }
        if (group.Protocol == "ip6") return All(Carries((uint)EtherType.Ipv6), Field(Bpf.Byte, network + 24, 255));
        if (!group.IsBroadcast) return All(Carries((uint)EtherType.Ipv4), Field(Bpf.Byte, network + 16, 224, Bpf.GreaterOrEqual));

        // No netmask is known of a capture: what is broadcast in every network is left.
        return All(Carries((uint)EtherType.Ipv4), Any(Field(Bpf.Word, network + 16, 0), Field(Bpf.Word, network + 16, uint.MaxValue)));
    }

    private Test Direction(DirectionNode direction)
    {
        const uint outgoing = 4; // PACKET_OUTGOING, linux/if_packet.h
        Test isOutgoing = _link.Type switch
        {
            LinkType.LinuxSll => Field(Bpf.Half, _link.Header, outgoing),
            LinkType.LinuxSll2 => Field(Bpf.Byte, _link.Header + 10, outgoing),
            _ => throw Fail($"\"{direction}\" is tested on Linux cooked captures only: no other link header of a file tells"),
        };
        return direction.IsOutbound ? isOutgoing : Not(isOutgoing);
    }

    private Test Tag(TagNode tag) => tag.Word switch
    {
        "vlan" => Vlan(tag),
        "mpls" => Mpls(tag),
        _ => PppoeSession(tag),
    };

    private Test Vlan(TagNode tag)
    {
        if (_link.Labels > 0) throw Fail("\"vlan\" is not tested behind MPLS labels");
        if (_link.Type != LinkType.Ethernet) throw Fail("\"vlan\" is tested on Ethernet only");
        Test test = Any(Carries((uint)EtherType.Vlan), Carries((uint)EtherType.ServiceVlan), Carries((uint)EtherType.VlanDoubleOld));
        if (tag.Number is { } id) test = All(test, Field(Bpf.Half, _link.Network, id, mask: 0xFFF));
        _link.SkipVlan();
        return test;
    }

    private Test Mpls(TagNode tag)
    {
        Test test;
        if (_link.Labels > 0) test = Field(Bpf.Byte, _link.Network - 2, 0, mask: 1); // the label before is not the last
        else if (_link.Type is LinkType.Ethernet or LinkType.CiscoHdlc) test = Carries((uint)EtherType.Mpls);
        else if (_link.Type == LinkType.Ppp) test = Carries(0x0281); // MPLS unicast, RFC 3032 section 4.2
        else throw Fail("\"mpls\" is tested on Ethernet, PPP and Cisco HDLC only");
        if (tag.Number is { } label) test = All(test, Field(Bpf.Word, _link.Network, label << 12, mask: 0xFFFF_F000));
        _link.SkipLabel();
        return test;
    }

    private Test PppoeSession(TagNode tag)
    {
        Test test = Carries((uint)EtherType.PppoeSession);
        if (tag.Number is { } number) test = All(test, Field(Bpf.Word, _link.Network, number, mask: 0xFFFF));
        _link.EnterPppoe();
        return test;
    }
}
