using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>Orders destinations, as a resolver gives them, by RFC 6724 section 6: the best first.</summary>
internal static class DestinationOrder
{
    /// <summary>Sorts in place; destinations of equal rank keep their order (rule 10).</summary>
    internal static void Sort(NetworkStack stack, Span<IpAddress> destinations)
    {
        Span<IpAddress> sources = destinations.Length <= 64 ? stackalloc IpAddress[destinations.Length] : new IpAddress[destinations.Length];
        for (int i = 0; i < destinations.Length; i++) sources[i] = SourceFor(stack, destinations[i]);
        for (int i = 1; i < destinations.Length; i++)
        {
            for (int j = i; j > 0 && IsBetter(stack, destinations[j], sources[j], destinations[j - 1], sources[j - 1]); j--)
            {
                (destinations[j], destinations[j - 1]) = (destinations[j - 1], destinations[j]);
                (sources[j], sources[j - 1]) = (sources[j - 1], sources[j]);
            }
        }
    }

    private static IpAddress SourceFor(NetworkStack stack, IpAddress destination) =>
        stack.FindRoute(destination, default, null, out RouteDecision decision) == RouteOutcome.Found ? decision.Source : default;

    private static bool IsBetter(NetworkStack stack, IpAddress a, IpAddress sourceA, IpAddress b, IpAddress sourceB)
    {
        if (sourceA.IsNone || sourceB.IsNone) return !sourceA.IsNone && sourceB.IsNone; // rule 1: avoid unusable destinations
        bool scopeA = AddressScope.Of(a) == AddressScope.Of(sourceA);
        bool scopeB = AddressScope.Of(b) == AddressScope.Of(sourceB);
        if (scopeA != scopeB) return scopeA; // rule 2
        bool deprecatedA = stack.FindLocal(sourceA)?.State == AddressState.Deprecated;
        bool deprecatedB = stack.FindLocal(sourceB)?.State == AddressState.Deprecated;
        if (deprecatedA != deprecatedB) return deprecatedB; // rule 3; 4 and 7 (home addresses, tunnels) have no case here
        bool labelA = PolicyTable.LabelOf(a) == PolicyTable.LabelOf(sourceA);
        bool labelB = PolicyTable.LabelOf(b) == PolicyTable.LabelOf(sourceB);
        if (labelA != labelB) return labelA; // rule 5
        int precedence = PolicyTable.PrecedenceOf(a) - PolicyTable.PrecedenceOf(b);
        if (precedence != 0) return precedence > 0; // rule 6
        int scope = AddressScope.Of(a) - AddressScope.Of(b);
        if (scope != 0) return scope < 0; // rule 8
        return a.IsV6 && b.IsV6 && AddressScope.CommonPrefixLength(a, sourceA) > AddressScope.CommonPrefixLength(b, sourceB); // rule 9
    }
}
