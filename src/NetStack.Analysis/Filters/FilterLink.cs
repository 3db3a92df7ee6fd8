using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Where a filter's compiler finds things in a packet. It moves on as tags are met: vlan, mpls, pppoes.</summary>
internal sealed class FilterLink
{
    private FilterLink(LinkType type, int typeOffset, int payload)
    {
        Type = type;
        TypeOffset = typeOffset;
        Payload = payload;
    }

    /// <summary>How the link header is to be read.</summary>
    internal LinkType Type { get; private set; }

    /// <summary>Where the link header begins.</summary>
    internal int Header { get; private set; }

    /// <summary>Where the number of what it carries is.</summary>
    internal int TypeOffset { get; private set; }

    /// <summary>Where its payload begins.</summary>
    internal int Payload { get; private set; }

    /// <summary>How much lies between the payload and the network header: MPLS labels.</summary>
    internal int Labels { get; private set; }

    /// <summary>Where the network header begins.</summary>
    internal int Network => Payload + Labels;

    /// <summary>Where it all is at the start of a packet; null for a link type that the built-in compiler does not know.</summary>
    internal static FilterLink? Of(LinkType type) => type switch
    {
        LinkType.Ethernet => new FilterLink(type, 12, 14),
        LinkType.Null or LinkType.Loop => new FilterLink(type, 0, 4),
        LinkType.Raw or LinkType.Ipv4 or LinkType.Ipv6 => new FilterLink(type, 0, 0),
        LinkType.LinuxSll => new FilterLink(type, 14, 16),
        LinkType.LinuxSll2 => new FilterLink(type, 0, 20),
        LinkType.Ppp or LinkType.PppHdlc or LinkType.CiscoHdlc => new FilterLink(type, 2, 4),
        LinkType.PppEther => new FilterLink(type, 6, 8),
        _ => null,
    };

    /// <summary>Behind an 802.1Q tag.</summary>
    internal void SkipVlan()
    {
        TypeOffset += 4;
        Payload += 4;
    }

    /// <summary>Behind an MPLS label.</summary>
    internal void SkipLabel() => Labels += 4;

    /// <summary>In the PPP packet behind a PPPoE header.</summary>
    internal void EnterPppoe()
    {
        Header = Network + 6;
        TypeOffset = Header;
        Payload = Header + 2;
        Labels = 0;
        Type = LinkType.Ppp;
    }
}
