using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer;

internal sealed class AllFilter : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key) => Verdict.Yes;

    internal override IReadOnlyList<FlowMatch> Exact() => [new FlowMatch()];

    public override string ToString() => "all";
}

internal sealed class AndFilter(PortFilter left, PortFilter right) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key)
    {
        Verdict first = left.Evaluate(key);
        return first == Verdict.No ? first : (Verdict)Math.Min((int)first, (int)right.Evaluate(key));
    }

    internal override IReadOnlyList<FlowMatch> Exact() => FlowCompiler.Cross(left.Exact(), right.Exact());

    public override string ToString() => $"{Bracketed(left)} and {Bracketed(right)}";

    // Both bind alike, from the left: brackets wherever they are mixed, so that the text reads back as it is meant.
    private static string Bracketed(PortFilter filter) => filter is OrFilter ? $"({filter})" : filter.ToString()!;
}

internal sealed class OrFilter(PortFilter left, PortFilter right) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key)
    {
        Verdict first = left.Evaluate(key);
        return first == Verdict.Yes ? first : (Verdict)Math.Max((int)first, (int)right.Evaluate(key));
    }

    internal override IReadOnlyList<FlowMatch> Exact() => FlowCompiler.Join(left.Exact(), right.Exact());

    public override string ToString() => $"{Bracketed(left)} or {Bracketed(right)}";

    private static string Bracketed(PortFilter filter) => filter is AndFilter ? $"({filter})" : filter.ToString()!;
}

internal sealed class NotFilter(PortFilter inner) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key) => (Verdict)(Verdict.Yes - inner.Evaluate(key));

    internal override IReadOnlyList<FlowMatch> Exact() => [];

    public override string ToString() => inner is AndFilter or OrFilter ? $"not ({inner})" : $"not {inner}";
}

internal sealed class MulticastFilter : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key) => key.HasMac && key.DestinationMac.IsMulticast ? Verdict.Yes : Verdict.No;

    internal override IReadOnlyList<FlowMatch> Exact() => [];

    public override string ToString() => "multicast";
}

internal sealed class MacFilter(MacAddress mac, FilterDirection direction) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key)
    {
        bool matches = key.HasMac && ((direction != FilterDirection.Destination && key.SourceMac == mac)
            || (direction != FilterDirection.Source && key.DestinationMac == mac));
        return matches ? Verdict.Yes : Verdict.No;
    }

    internal override IReadOnlyList<FlowMatch> Exact() =>
        direction == FilterDirection.Source ? [] : [new FlowMatch { DestinationMac = mac }];

    public override string ToString() => direction switch
    {
        FilterDirection.Source => $"ether src {mac}",
        FilterDirection.Destination => $"ether dst {mac}",
        _ => $"ether host {mac}",
    };
}

/// <param name="id">The identifier, or -1 for any tag.</param>
internal sealed class VlanFilter(int id) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key) => (id < 0 ? key.Vlan >= 0 : key.Vlan == id) ? Verdict.Yes : Verdict.No;

    internal override IReadOnlyList<FlowMatch> Exact() => id < 0 ? [] : [new FlowMatch { Vlan = (ushort)id }];

    public override string ToString() => id < 0 ? "vlan" : $"vlan {id}";
}

internal sealed class EtherTypeFilter(EtherType type) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key) => key.EtherType == type ? Verdict.Yes : Verdict.No;

    internal override IReadOnlyList<FlowMatch> Exact() => [new FlowMatch { EtherType = type }];

    public override string ToString() => type switch
    {
        Wire.EtherType.Arp => "arp",
        Wire.EtherType.Ipv4 => "ip",
        Wire.EtherType.Ipv6 => "ip6",
        _ => $"ether proto 0x{(ushort)type:x4}",
    };
}

internal sealed class ProtocolFilter(IpProtocol protocol) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key) => key.IsIp && key.Protocol == protocol ? Verdict.Yes : Verdict.No;

    internal override IReadOnlyList<FlowMatch> Exact() => [new FlowMatch { Protocol = protocol }];

    public override string ToString() => protocol switch
    {
        IpProtocol.Tcp => "tcp",
        IpProtocol.Udp => "udp",
        IpProtocol.Sctp => "sctp",
        IpProtocol.Icmp => "icmp",
        IpProtocol.Icmpv6 => "icmp6",
        _ => $"proto {(byte)protocol}",
    };
}

internal sealed class AddressFilter(IpAddress prefix, UInt128 mask, int length, FilterDirection direction) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key)
    {
        bool matches = (direction != FilterDirection.Destination && Covers(key.Source))
            || (direction != FilterDirection.Source && Covers(key.Destination));
        return matches ? Verdict.Yes : Verdict.No;
    }

    internal override IReadOnlyList<FlowMatch> Exact()
    {
        if (length != prefix.Size * 8) return [];
        FlowMatch source = new() { Source = prefix };
        FlowMatch destination = new() { Destination = prefix };
        return direction switch
        {
            FilterDirection.Source => [source],
            FilterDirection.Destination => [destination],
            _ => [source, destination],
        };
    }

    public override string ToString()
    {
        string what = length == prefix.Size * 8 ? $"host {prefix}" : $"net {prefix}/{length}";
        return direction switch
        {
            FilterDirection.Source => $"src {what}",
            FilterDirection.Destination => $"dst {what}",
            _ => what,
        };
    }

    private bool Covers(IpAddress address) => address.Size == prefix.Size && (address.Value & mask) == prefix.Value;
}

internal sealed class PortsFilter(ushort first, ushort last, FilterDirection direction) : PortFilter
{
    internal override Verdict Evaluate(in FrameKey key)
    {
        if (!key.IsIp || key.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp)) return Verdict.No;
        if (!key.HasPorts) return key.IsLaterFragment ? Verdict.Unknown : Verdict.No;
        bool matches = (direction != FilterDirection.Destination && Covers(key.SourcePort))
            || (direction != FilterDirection.Source && Covers(key.DestinationPort));
        return matches ? Verdict.Yes : Verdict.No;
    }

    internal override IReadOnlyList<FlowMatch> Exact()
    {
        if (first != last) return [];
        FlowMatch source = new() { SourcePort = first };
        FlowMatch destination = new() { DestinationPort = first };
        return direction switch
        {
            FilterDirection.Source => [source],
            FilterDirection.Destination => [destination],
            _ => [source, destination],
        };
    }

    public override string ToString()
    {
        string what = first == last ? $"port {first}" : $"portrange {first}-{last}";
        return direction switch
        {
            FilterDirection.Source => $"src {what}",
            FilterDirection.Destination => $"dst {what}",
            _ => what,
        };
    }

    private bool Covers(ushort port) => port >= first && port <= last;
}
