using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>
/// Which of our addresses a packet gets: RFC 6724 section 5 for IPv6; for IPv4 an address of the next hop's subnet, else the first
/// of the right scope. Candidates are the addresses of the interface it leaves by; IPv4, and only it, falls back to those of other
/// interfaces (an unnumbered link).
/// </summary>
internal static class SourceSelection
{
    /// <summary>The source for a destination; none when there is no usable one.</summary>
    internal static IpAddress Select(NetInterface nic, IpAddress destination, IpAddress nextHop, bool preferTemporary)
    {
        if (destination.IsV4) return SelectV4(nic, destination, nextHop);
        InterfaceAddress? best = null;
        foreach (InterfaceAddress candidate in nic.AddressTable)
        {
            if (!candidate.Address.IsV6 || !candidate.IsUsable) continue;
            if (best is null || IsBetter(candidate, best, destination, nextHop, preferTemporary)) best = candidate;
        }
        return best?.Address ?? default;
    }

    /// <summary>Rules 1 to 8 of RFC 6724 section 5. Rule 4 (home addresses) has no case here; rule 5 holds by the choice of candidates.</summary>
    private static bool IsBetter(InterfaceAddress a, InterfaceAddress b, IpAddress destination, IpAddress nextHop, bool preferTemporary)
    {
        if (a.Address == destination || b.Address == destination) return a.Address == destination;
        int scopeA = AddressScope.Of(a.Address);
        int scopeB = AddressScope.Of(b.Address);
        if (scopeA != scopeB)
        {
            int wanted = AddressScope.Of(destination);
            return scopeA < scopeB ? scopeA >= wanted : scopeB < wanted;
        }
        if (a.State != b.State) return a.State == AddressState.Preferred;
        bool routedA = !a.AdvertisedBy.IsNone && a.AdvertisedBy == nextHop; // rule 5.5
        bool routedB = !b.AdvertisedBy.IsNone && b.AdvertisedBy == nextHop;
        if (routedA != routedB) return routedA;
        int label = PolicyTable.LabelOf(destination);
        bool labelA = PolicyTable.LabelOf(a.Address) == label;
        bool labelB = PolicyTable.LabelOf(b.Address) == label;
        if (labelA != labelB) return labelA;
        bool temporaryA = a.Origin == AddressOrigin.Temporary;
        bool temporaryB = b.Origin == AddressOrigin.Temporary;
        if (temporaryA != temporaryB) return temporaryA == preferTemporary;
        return MatchLength(a, destination) > MatchLength(b, destination);
    }

    /// <summary>Bits shared, up to the source's prefix length (RFC 6724 section 2.2).</summary>
    private static int MatchLength(InterfaceAddress source, IpAddress destination) =>
        Math.Min(AddressScope.CommonPrefixLength(source.Address, destination), source.Prefix.Length);

    private static IpAddress SelectV4(NetInterface nic, IpAddress destination, IpAddress nextHop)
    {
        InterfaceAddress? best = null;
        int bestRank = 0;
        foreach (InterfaceAddress candidate in nic.AddressTable) Consider(candidate, ref best, ref bestRank);
        if (best is not null) return best.Address;
        foreach (NetInterface other in nic.Stack.InterfaceList)
        {
            if (other == nic || other.IsLoopback) continue;
            foreach (InterfaceAddress candidate in other.AddressTable) Consider(candidate, ref best, ref bestRank);
        }
        return best?.Address ?? default;

        void Consider(InterfaceAddress candidate, ref InterfaceAddress? found, ref int rank)
        {
            if (!candidate.Address.IsV4 || !candidate.IsUsable) return;
            int own = candidate.Prefix.Contains(nextHop) ? 4 : AddressScope.Of(candidate.Address) >= AddressScope.Of(destination) ? 2 : 1;
            if (candidate.State == AddressState.Preferred) own += 4;
            if (own <= rank) return;
            rank = own;
            found = candidate;
        }
    }
}
