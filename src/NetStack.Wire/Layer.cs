using System.Runtime.CompilerServices;

namespace NetStack.Wire;

/// <summary>What a header is.</summary>
public enum LayerKind : byte
{
    /// <summary>No header.</summary>
    None,

    /// <summary>Ethernet II or 802.3.</summary>
    Ethernet,

    /// <summary>802.2 LLC, SNAP included.</summary>
    Llc,

    /// <summary>An 802.1Q or 802.1ad tag.</summary>
    Vlan,

    /// <summary>One MPLS label stack entry.</summary>
    Mpls,

    /// <summary>PPPoE.</summary>
    Pppoe,

    /// <summary>PPP.</summary>
    Ppp,

    /// <summary>Linux cooked capture v1.</summary>
    LinuxSll,

    /// <summary>Linux cooked capture v2.</summary>
    LinuxSll2,

    /// <summary>BSD loopback, family in the writer's byte order.</summary>
    NullLoopback,

    /// <summary>BSD loopback, family in network order.</summary>
    Loop,

    /// <summary>ARP or RARP.</summary>
    Arp,

    /// <summary>IPv4.</summary>
    Ipv4,

    /// <summary>IPv6.</summary>
    Ipv6,

    /// <summary>IPv6 hop-by-hop options.</summary>
    Ipv6HopByHop,

    /// <summary>IPv6 destination options.</summary>
    Ipv6DestinationOptions,

    /// <summary>IPv6 routing header.</summary>
    Ipv6Routing,

    /// <summary>IPv6 fragment header.</summary>
    Ipv6Fragment,

    /// <summary>IP authentication header.</summary>
    Authentication,

    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,

    /// <summary>ICMP.</summary>
    Icmp,

    /// <summary>ICMPv6.</summary>
    Icmpv6,

    /// <summary>IGMP.</summary>
    Igmp,

    /// <summary>GRE.</summary>
    Gre,

    /// <summary>VXLAN.</summary>
    Vxlan,

    /// <summary>Geneve.</summary>
    Geneve,

    /// <summary>GTP-U.</summary>
    Gtp,

    /// <summary>ERSPAN of type II or III.</summary>
    Erspan,

    /// <summary>Cisco HDLC.</summary>
    CiscoHdlc,

    /// <summary>The header of Linux's NFLOG.</summary>
    Nflog,

    /// <summary>The redirect header of WCCP.</summary>
    Wccp,
}

/// <summary>One header of a packet.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="IsWhole">Whether all of it was captured and nothing in it forbids to go on.</param>
/// <param name="Offset">Where it begins, in bytes from the packet's start.</param>
/// <param name="Length">Its bytes, as it claims. Where it is not whole, those of its fixed part; only TCP's stay as claimed, so that
/// its payload can be told in a snapped packet.</param>
/// <param name="End">Where what it carries ends by the length fields so far, in bytes from the packet's start.</param>
public readonly record struct Layer(LayerKind Kind, bool IsWhole, int Offset, int Length, int End)
{
    /// <summary>Where what it carries begins.</summary>
    public int PayloadOffset => Offset + Length;

    /// <summary>Bytes it carries by the length fields, captured or not; never negative.</summary>
    public int PayloadLength => Math.Max(0, End - PayloadOffset);
}

/// <summary>What is wrong, or left out.</summary>
public enum NoteCode : byte
{
    /// <summary>The captured bytes end inside a header.</summary>
    Truncated,

    /// <summary>A length field that cannot be.</summary>
    BadLength,

    /// <summary>A version field that cannot be.</summary>
    BadVersion,

    /// <summary>A wrong IPv4 header checksum.</summary>
    BadChecksum,

    /// <summary>A length field claims more than the packet or the enclosing layer has.</summary>
    LengthExceedsPacket,

    /// <summary>A link type or next protocol that is not decoded. For information.</summary>
    Unsupported,

    /// <summary>The decoder stopped at its own limit.</summary>
    DepthLimit,
}

/// <summary>A remark on a packet.</summary>
/// <param name="Code">What it is.</param>
/// <param name="Kind">The header it is about; none for a link type.</param>
/// <param name="LayerIndex">That header's index in the layers, or the next one's where it could not be added.</param>
/// <param name="Claimed">What the field claims or the header needs: bytes, a version, or the number of the next protocol.</param>
/// <param name="Available">What there is, in the same unit.</param>
public readonly record struct Note(NoteCode Code, LayerKind Kind, int LayerIndex, int Claimed, int Available);

/// <summary>What lies behind the last header.</summary>
/// <param name="Offset">Where it begins, in bytes from the packet's start.</param>
/// <param name="Length">Its bytes by the length fields, captured or not.</param>
/// <param name="Captured">How many of them were captured.</param>
public readonly record struct PayloadRange(int Offset, int Length, int Captured);

/// <summary>Layers by value.</summary>
[InlineArray(PacketHeaders.MaxLayers)]
internal struct LayerBuffer
{
    private Layer _first;
}

/// <summary>Notes by value.</summary>
[InlineArray(PacketHeaders.MaxNotes)]
internal struct NoteBuffer
{
    private Note _first;
}
