using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>What fragments of one datagram have in common (RFC 791 section 3.2, RFC 8200 section 4.5).</summary>
/// <param name="Source">Source address.</param>
/// <param name="Destination">Destination address.</param>
/// <param name="Identification">Identification.</param>
/// <param name="Protocol">The protocol, which counts in IPv4 only; 0 in IPv6.</param>
/// <param name="Interface">The interface where the addresses mean something on their link only; else 0.</param>
internal readonly record struct FragmentKey(IpAddress Source, IpAddress Destination, uint Identification, IpProtocol Protocol, int Interface);

/// <summary>What a fragment says of itself and of its datagram.</summary>
/// <param name="Key">Which datagram.</param>
/// <param name="Offset">Where in the datagram its bytes begin.</param>
/// <param name="MoreFragments">Whether it is not the last.</param>
internal readonly record struct FragmentInfo(FragmentKey Key, int Offset, bool MoreFragments)
{
    /// <summary>TOS or traffic class, for ECN.</summary>
    internal byte TrafficClass { get; init; }

    /// <summary>The interface it came in on.</summary>
    internal int Interface { get; init; }

    /// <summary>Whether its destination is not a unicast address of ours.</summary>
    internal bool IsGroupAddressed { get; init; }

    /// <summary>What follows its fragment header; IPv6 only.</summary>
    internal IpProtocol NextHeader { get; init; }
}
