using System.Globalization;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Whose address or port a filter means.</summary>
internal enum FilterSide
{
    Either,
    Source,
    Destination,
    Both,
}

/// <summary>
/// A packet filter as it was read: every word is resolved, so it means the same to whoever compiles it. Its text is the filter
/// again, in full, as libpcap reads it.
/// </summary>
/// <param name="Column">Where it stands in the expression, from 1.</param>
internal abstract record FilterNode(int Column)
{
    private protected static string SideWord(FilterSide side) => side switch
    {
        FilterSide.Source => "src ",
        FilterSide.Destination => "dst ",
        FilterSide.Both => "src and dst ",
        _ => "",
    };

    private protected static string Prefix(string? word) => word is null ? "" : word + " ";

    private protected static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Matches where both do. Or and And bind alike, from the left.</summary>
internal sealed record AndNode(FilterNode Left, FilterNode Right) : FilterNode(Left.Column)
{
    public override string ToString() => $"{Left} and {OrNode.Bracketed(Right)}";
}

/// <summary>Matches where either does.</summary>
internal sealed record OrNode(FilterNode Left, FilterNode Right) : FilterNode(Left.Column)
{
    internal static string Bracketed(FilterNode node) => node is AndNode or OrNode ? $"({node})" : node.ToString();

    public override string ToString() => $"{Left} or {Bracketed(Right)}";
}

/// <summary>Matches where the other does not.</summary>
internal sealed record NotNode(int Column, FilterNode Inner) : FilterNode(Column)
{
    public override string ToString() => $"not {OrNode.Bracketed(Inner)}";
}

/// <summary>An IPv4 address or network, in IPv4, ARP or RARP.</summary>
/// <param name="Column">See <see cref="FilterNode"/>.</param>
/// <param name="Protocol">ip, arp or rarp; all three where null.</param>
/// <param name="Side">Whose.</param>
/// <param name="Address">The bits to compare.</param>
/// <param name="Mask">Which bits count.</param>
internal sealed record HostNode(int Column, string? Protocol, FilterSide Side, uint Address, uint Mask) : FilterNode(Column)
{
    public override string ToString() => Mask == uint.MaxValue
        ? $"{Prefix(Protocol)}{SideWord(Side)}host {IpAddress.V4(Address)}"
        : $"{Prefix(Protocol)}{SideWord(Side)}net {IpAddress.V4(Address)} mask {IpAddress.V4(Mask)}";
}

/// <summary>An IPv6 address or network.</summary>
internal sealed record Host6Node(int Column, FilterSide Side, IpAddress Address, int PrefixLength) : FilterNode(Column)
{
    public override string ToString() => $"ip6 {SideWord(Side)}net {Address}/{PrefixLength}";
}

/// <summary>A MAC address.</summary>
internal sealed record EtherHostNode(int Column, FilterSide Side, MacAddress Address) : FilterNode(Column)
{
    public override string ToString() => $"ether {SideWord(Side)}host {Address}";
}

/// <summary>A range of ports of TCP, UDP and SCTP, or of one of them.</summary>
internal sealed record PortNode(int Column, IpProtocol? Protocol, FilterSide Side, ushort First, ushort Last) : FilterNode(Column)
{
    private string ProtocolWord => Protocol switch
    {
        IpProtocol.Tcp => "tcp ",
        IpProtocol.Udp => "udp ",
        null => "",
        _ => "sctp ",
    };

    public override string ToString() => First == Last
        ? Text($"{ProtocolWord}{SideWord(Side)}port {First}")
        : Text($"{ProtocolWord}{SideWord(Side)}portrange {First}-{Last}");
}

/// <summary>What a layer carries.</summary>
/// <param name="Column">See <see cref="FilterNode"/>.</param>
/// <param name="Layer">ether, ip, ip6 or iso; IPv4 or IPv6 where null.</param>
/// <param name="Number">The protocol's number there.</param>
internal sealed record ProtoNode(int Column, string? Layer, uint Number) : FilterNode(Column)
{
    public override string ToString() => Text($"{Prefix(Layer)}proto {Number}");
}

/// <summary>A protocol by its word.</summary>
internal sealed record ProtocolNode(int Column, string Name) : FilterNode(Column)
{
    public override string ToString() => Name;
}

/// <summary>Group addresses: of the link, or of ip or ip6.</summary>
internal sealed record GroupNode(int Column, string? Protocol, bool IsBroadcast) : FilterNode(Column)
{
    public override string ToString() => Prefix(Protocol) + (IsBroadcast ? "broadcast" : "multicast");
}

/// <summary>The length on the wire, at least or at most.</summary>
internal sealed record LengthNode(int Column, bool AtLeast, uint Length) : FilterNode(Column)
{
    public override string ToString() => Text($"{(AtLeast ? "greater" : "less")} {Length}");
}

/// <summary>A byte of the link layer; <paramref name="Relation"/> is &lt;, = or &gt;.</summary>
internal sealed record ByteNode(int Column, uint Index, string Relation, uint Value) : FilterNode(Column)
{
    public override string ToString() => Text($"byte {Index} {Relation} {Value}");
}

/// <summary>Which way a packet went, where the link header tells.</summary>
internal sealed record DirectionNode(int Column, bool IsOutbound) : FilterNode(Column)
{
    public override string ToString() => IsOutbound ? "outbound" : "inbound";
}

/// <summary>A tag that also moves what is behind it, for all of the expression that follows: vlan, mpls, pppoes.</summary>
/// <param name="Column">See <see cref="FilterNode"/>.</param>
/// <param name="Word">The word.</param>
/// <param name="Number">The identifier or label that is wanted; any where null.</param>
internal sealed record TagNode(int Column, string Word, uint? Number) : FilterNode(Column)
{
    public override string ToString() => Number is { } number ? Text($"{Word} {number}") : Word;
}

/// <summary>Two numbers compared; <paramref name="Operator"/> is =, !=, &lt;, &lt;=, &gt; or &gt;=.</summary>
internal sealed record RelationNode(int Column, string Operator, NumberNode Left, NumberNode Right) : FilterNode(Column)
{
    public override string ToString() => $"{Left} {Operator} {Right}";
}

/// <summary>What only libpcap compiles, in its own words.</summary>
internal sealed record NativeNode(int Column, string Words) : FilterNode(Column)
{
    public override string ToString() => Words;
}

/// <summary>A number to compare: 32 bits, no sign.</summary>
/// <param name="Column">Where it stands in the expression, from 1.</param>
internal abstract record NumberNode(int Column);

/// <summary>A number that was written.</summary>
internal sealed record ConstantNode(int Column, uint Value) : NumberNode(Column)
{
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The packet's length on the wire.</summary>
internal sealed record WireLengthNode(int Column) : NumberNode(Column)
{
    public override string ToString() => "len";
}

/// <summary>One, two or four bytes of a header.</summary>
internal sealed record FieldNode(int Column, string Protocol, NumberNode Offset, int Size) : NumberNode(Column)
{
    public override string ToString() => $"{Protocol}[{Offset}:{Size}]";
}

/// <summary>Two numbers put together.</summary>
internal sealed record ArithmeticNode(int Column, char Operator, NumberNode Left, NumberNode Right) : NumberNode(Column)
{
    private string Sign => Operator is '<' or '>' ? $"{Operator}{Operator}" : Operator.ToString();

    public override string ToString() => $"({Left} {Sign} {Right})";
}

/// <summary>A number from zero downwards, modulo 2^32.</summary>
internal sealed record NegationNode(int Column, NumberNode Inner) : NumberNode(Column)
{
    public override string ToString() => $"(- {Inner})";
}
