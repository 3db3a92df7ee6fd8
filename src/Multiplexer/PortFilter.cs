using System.Diagnostics.CodeAnalysis;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>
/// What frames a port wants, as an expression over the key of a frame: addresses, protocol, ports, VLAN. Combine with
/// <c>&amp;</c>, <c>|</c> and <c>!</c>, or read from text with <see cref="Parse"/>.
/// </summary>
/// <remarks>Immutable and thread-safe. Matching allocates nothing. A frame whose ports cannot be known, a later fragment, matches
/// only where the answer does not depend on them.</remarks>
public abstract class PortFilter
{
    private protected PortFilter()
    {
    }

    /// <summary>Every frame.</summary>
    public static PortFilter All { get; } = new AllFilter();

    /// <summary>Frames with any VLAN tag.</summary>
    public static PortFilter AnyVlan { get; } = new VlanFilter(-1);

    /// <summary>Frames to a group address of the link, broadcast included.</summary>
    public static PortFilter Multicast { get; } = new MulticastFilter();

    /// <summary>Frames whose outermost tag has this identifier, 0 to 4095.</summary>
    public static PortFilter Vlan(ushort id)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id, (ushort)4095);
        return new VlanFilter(id);
    }

    /// <summary>Frames from or to a MAC address.</summary>
    public static PortFilter EtherHost(MacAddress mac, FilterDirection direction = FilterDirection.Either) => new MacFilter(mac, direction);

    /// <summary>Frames that carry this after the link header and its tags.</summary>
    public static PortFilter EtherType(EtherType type) => new EtherTypeFilter(type);

    /// <summary>IP packets of a protocol, as it stands after the extension headers.</summary>
    public static PortFilter Protocol(IpProtocol protocol) => new ProtocolFilter(protocol);

    /// <summary>IP packets from or to an address, and ARP that names it as sender or target.</summary>
    public static PortFilter Host(IpAddress address, FilterDirection direction = FilterDirection.Either) =>
        Net(address, address.Size * 8, direction);

    /// <summary>As <see cref="Host"/>, for all addresses of a prefix.</summary>
    /// <param name="prefix">The prefix, further bits 0.</param>
    /// <param name="length">Its length in bits, 0 to 32 or 128.</param>
    /// <param name="direction">Whether the source, the destination or either is meant.</param>
    /// <exception cref="ArgumentException">The length is out of range, or bits past it are set.</exception>
    public static PortFilter Net(IpAddress prefix, int length, FilterDirection direction = FilterDirection.Either)
    {
        if (prefix.IsNone || length < 0 || length > prefix.Size * 8) throw new ArgumentException($"{prefix}/{length} is no prefix.", nameof(prefix));
        UInt128 mask = PrefixMask(prefix.Size * 8, length);
        if ((prefix.Value & ~mask) != 0) throw new ArgumentException($"{prefix}/{length} has bits set past the prefix.", nameof(prefix));
        return new AddressFilter(prefix, mask, length, direction);
    }

    /// <summary>TCP and UDP packets from or to a port.</summary>
    public static PortFilter Port(ushort port, FilterDirection direction = FilterDirection.Either) => new PortsFilter(port, port, direction);

    /// <summary>TCP and UDP packets from or to a port in a range, both ends included.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="last"/> is before <paramref name="first"/>.</exception>
    public static PortFilter PortRange(ushort first, ushort last, FilterDirection direction = FilterDirection.Either)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        return new PortsFilter(first, last, direction);
    }

    /// <summary>
    /// Reads a filter as people write it for captures: <c>udp port 53</c>, <c>host 10.0.0.1 and tcp dst port 80</c>,
    /// <c>net 10.0.0.0/8</c>, <c>vlan 10</c>, <c>arp</c>, <c>ether host 02:00:00:00:00:01</c>, <c>not (icmp or icmp6)</c>.
    /// As in pcap-filter(7), <c>and</c> and <c>or</c> bind alike, from the left: <c>tcp or udp and port 53</c> wants port 53 of both.
    /// </summary>
    /// <exception cref="FormatException">The text cannot be read; the message names the column.</exception>
    public static PortFilter Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new PortFilterParser(text).Parse();
    }

    /// <summary>Reads a filter from text, see <see cref="Parse"/>.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "Parse is the named form.")]
    public static implicit operator PortFilter(string text) => Parse(text);

    /// <summary>Frames that match both.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The operators are the usual names of these.")]
    public static PortFilter operator &(PortFilter left, PortFilter right) => new AndFilter(left, right);

    /// <summary>Frames that match either.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The operators are the usual names of these.")]
    public static PortFilter operator |(PortFilter left, PortFilter right) => new OrFilter(left, right);

    /// <summary>Frames that do not match.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The operators are the usual names of these.")]
    public static PortFilter operator !(PortFilter filter) => new NotFilter(filter);

    /// <summary>Whether a frame matches for certain.</summary>
    public bool Matches(in FrameKey key) => Evaluate(key) == Verdict.Yes;

    internal abstract Verdict Evaluate(in FrameKey key);

    /// <summary>
    /// Matches of an exact flow table that together admit a part of what the filter does, and nothing else; empty where no part
    /// can be said exactly.
    /// </summary>
    internal abstract IReadOnlyList<FlowMatch> Exact();

    private static UInt128 PrefixMask(int bits, int length)
    {
        UInt128 all = bits == 32 ? uint.MaxValue : UInt128.MaxValue;
        return length == 0 ? 0 : all & (all << (bits - length));
    }
}

/// <summary>Whose address or port a filter means.</summary>
public enum FilterDirection
{
    /// <summary>The source's or the destination's.</summary>
    Either = 0,

    /// <summary>The source's.</summary>
    Source = 1,

    /// <summary>The destination's.</summary>
    Destination = 2,
}

/// <summary>An answer that may have to wait for what is not known. Ordered, so that "and" is the lesser and "or" the greater.</summary>
internal enum Verdict
{
    No = 0,
    Unknown = 1,
    Yes = 2,
}
