using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>What the options of an IPv4 header mean to us. Those we do not know are passed over (RFC 1122 section 3.2.1.8).</summary>
internal readonly record struct Ipv4OptionCheck
{
    private const byte LooseSourceRoute = 131;
    private const byte StrictSourceRoute = 137;
    private const byte RouterAlert = 148;

    /// <summary>Where in the header the first option begins that cannot be, in bytes; 0 when all can.</summary>
    internal int BadAt { get; private init; }

    /// <summary>Whether there is a router alert (RFC 2113).</summary>
    internal bool HasRouterAlert { get; private init; }

    /// <summary>Whether there is a source route.</summary>
    internal bool HasSourceRoute { get; private init; }

    /// <summary>Whether that source route names more hops.</summary>
    internal bool IsSourceRouteOpen { get; private init; }

    /// <summary>Looks at the options of a header.</summary>
    internal static Ipv4OptionCheck Of(ReadOnlySpan<byte> options)
    {
        Ipv4OptionCheck check = default;
        OptionReader reader = new(options);
        for (int at = Ipv4View.MinSize; reader.MoveNext(); at += reader.Kind <= 1 ? 1 : 2 + reader.Data.Length)
        {
            if (reader.IsMalformed) return check with { BadAt = at };
            switch (reader.Kind)
            {
                case RouterAlert when reader.Data.Length != 2:
                    return check with { BadAt = at };
                case RouterAlert:
                    check = check with { HasRouterAlert = true };
                    break;
                case LooseSourceRoute or StrictSourceRoute:
                    // A second route, a pointer below the first slot, or slots that are no addresses cannot be (RFC 1122 3.2.1.8 c).
                    if (check.HasSourceRoute || reader.Data.Length % 4 != 1 || reader.Data[0] < 4) return check with { BadAt = at };
                    check = check with { HasSourceRoute = true, IsSourceRouteOpen = reader.Data[0] <= reader.Data.Length + 2 };
                    break;
            }
        }
        return check;
    }
}
