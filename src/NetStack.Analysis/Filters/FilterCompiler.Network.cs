using NetStack.Wire;

namespace NetStack.Analysis;

/// <content>Addresses, protocols and ports.</content>
internal sealed partial class FilterCompiler
{
    private static readonly IpProtocol[] WithPorts = [IpProtocol.Sctp, IpProtocol.Tcp, IpProtocol.Udp];

    private Test Host(HostNode host)
    {
        if (host.Protocol is not null) return HostIn(host, FilterWords.EtherTypes[host.Protocol]);
        if (_link.Labels > 0) return HostIn(host, (uint)EtherType.Ipv4);
        return Any(HostIn(host, (uint)EtherType.Ipv4), HostIn(host, (uint)EtherType.Arp), HostIn(host, (uint)EtherType.Rarp));
    }

    private Test HostIn(HostNode host, uint type)
    {
        bool isIp = type == (uint)EtherType.Ipv4;
        return Sides(host.Side, Address(isIp ? 12 : 14), Address(isIp ? 16 : 24));

        Test Address(int offset) => All(Carries(type), Field(Bpf.Word, _link.Network + offset, host.Address, mask: host.Mask));
    }

    private Test Host6(Host6Node host)
    {
        return Sides(host.Side, Address(8), Address(24));

        Test Address(int offset)
        {
            Test[] words = new Test[5];
            words[0] = Carries((uint)EtherType.Ipv6);
            for (int i = 0; i < 4; i++)
            {
                int bits = Math.Clamp(host.PrefixLength - (32 * i), 0, 32);
                uint mask = bits == 0 ? 0 : uint.MaxValue << (32 - bits);
                words[i + 1] = Field(Bpf.Word, _link.Network + offset + (4 * i), (uint)(host.Address.Value >> (96 - (32 * i))), mask: mask);
            }
            return All(words);
        }
    }

    /// <summary>What a layer carries; IPv6 also behind a fragment header.</summary>
    private Test Proto(string? layer, uint number)
    {
        int network = _link.Network;
        return layer switch
        {
            null => Any(Proto("ip", number), Proto("ip6", number)),
            "ip" => All(Carries((uint)EtherType.Ipv4), Field(Bpf.Byte, network + 9, number)),
            "ip6" => All(
                Carries((uint)EtherType.Ipv6),
                Any(Field(Bpf.Byte, network + 6, number), All(Field(Bpf.Byte, network + 6, (uint)IpProtocol.Fragment), Field(Bpf.Byte, network + 40, number)))),
            _ => Carries(number),
        };
    }

    private Test Protocol(string name) => name switch
    {
        "tcp" => Proto(null, (uint)IpProtocol.Tcp),
        "udp" => Proto(null, (uint)IpProtocol.Udp),
        "sctp" => Proto(null, (uint)IpProtocol.Sctp),
        "ah" => Proto(null, (uint)IpProtocol.Ah),
        "esp" => Proto(null, (uint)IpProtocol.Esp),
        "pim" => Proto(null, 103),
        "icmp" => Proto("ip", (uint)IpProtocol.Icmp),
        "igmp" => Proto("ip", (uint)IpProtocol.Igmp),
        "igrp" => Proto("ip", 9),
        "vrrp" or "carp" => Proto("ip", 112),
        "icmp6" => Proto("ip6", (uint)IpProtocol.Icmpv6),
        "pppoed" => Carries((uint)EtherType.PppoeDiscovery),
        "iso" => Carries(SapOsi),
        _ => FilterWords.EtherTypes.TryGetValue(name, out uint type) ? Carries(type) : throw Fail($"\"{name}\" is compiled by libpcap only"),
    };

    /// <summary>Ports, of IPv6 first as libpcap has it: straight behind the IPv6 header, and in IPv4 behind the header's options
    /// where the packet is no later fragment.</summary>
    private Test Ports(PortNode port)
    {
        int network = _link.Network;
        Test inIpv6 = All(
            Carries((uint)EtherType.Ipv6),
            HasProtocol(network + 6),
            Sides(port.Side, In6(network + 40), In6(network + 42)));
        Test inIpv4 = All(
            Carries((uint)EtherType.Ipv4),
            HasProtocol(network + 9),
            NoLaterFragment(),
            Sides(port.Side, In4(0), In4(2)));
        return Any(inIpv6, inIpv4);

        Test HasProtocol(int offset) => port.Protocol is { } one
            ? Field(Bpf.Byte, offset, (uint)one)
            : Any([.. WithPorts.Select(p => Field(Bpf.Byte, offset, (uint)p))]);

        Test In6(int offset) => port.First == port.Last
            ? Field(Bpf.Half, offset, port.First)
            : All(Field(Bpf.Half, offset, port.First, Bpf.GreaterOrEqual), Not(Field(Bpf.Half, offset, port.Last, Bpf.Greater)));

        Test In4(int offset) => port.First == port.Last
            ? BehindIpv4(network, offset, port.First, Bpf.Equal)
            : All(BehindIpv4(network, offset, port.First, Bpf.GreaterOrEqual), Not(BehindIpv4(network, offset, port.Last, Bpf.Greater)));
    }

    private Test NoLaterFragment() => Not(Field(Bpf.Half, _link.Network + 6, 0x1FFF, Bpf.AnySet));

    /// <summary>Two bytes behind an IPv4 header, compared.</summary>
    private Test BehindIpv4(int network, int offset, uint value, int comparison) => (yes, no) =>
    {
        _code.Add(Bpf.LoadX | Bpf.HeaderLength | Bpf.Byte, (uint)network);
        _code.Add(Bpf.Load | Bpf.Indirect | Bpf.Half, (uint)(network + offset));
        _code.Test(comparison, value, yes, no);
    };

    private Test Length(LengthNode length)
    {
        Test test = (yes, no) =>
        {
            _code.Add(Bpf.Load | Bpf.Length);
            _code.Test(length.AtLeast ? Bpf.GreaterOrEqual : Bpf.Greater, length.Length, yes, no);
        };
        return length.AtLeast ? test : Not(test);
    }

    private Test Byte(ByteNode single) => single.Relation switch
    {
        "=" => Field(Bpf.Byte, _link.Header + (int)single.Index, single.Value),
        ">" => Field(Bpf.Byte, _link.Header + (int)single.Index, single.Value, Bpf.Greater),
        _ => Not(Field(Bpf.Byte, _link.Header + (int)single.Index, single.Value, Bpf.GreaterOrEqual)),
    };
}
