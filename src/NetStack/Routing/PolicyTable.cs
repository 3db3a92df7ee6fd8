using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>The default policy table of RFC 6724 section 2.1. IPv4 addresses count as IPv4-mapped ones.</summary>
internal static class PolicyTable
{
    private static readonly (IpPrefix Prefix, int Precedence, int Label)[] Rows =
    [
        (IpPrefix.Parse("::1/128"), 50, 0),
        (IpPrefix.Parse("::ffff:0:0/96"), 35, 4),
        (IpPrefix.Parse("::/96"), 1, 3),
        (IpPrefix.Parse("2001::/32"), 5, 5),
        (IpPrefix.Parse("2002::/16"), 30, 2),
        (IpPrefix.Parse("3ffe::/16"), 1, 12),
        (IpPrefix.Parse("fec0::/10"), 1, 11),
        (IpPrefix.Parse("fc00::/7"), 3, 13),
        (IpPrefix.Parse("::/0"), 40, 1),
    ];

    internal static int PrecedenceOf(IpAddress address) => RowOf(address).Precedence;

    internal static int LabelOf(IpAddress address) => RowOf(address).Label;

    private static (IpPrefix Prefix, int Precedence, int Label) RowOf(IpAddress address)
    {
        if (address.IsV4) return Rows[1];
        foreach ((IpPrefix Prefix, int Precedence, int Label) row in Rows) // longest prefixes first
        {
            if (row.Prefix.Contains(address)) return row;
        }
        return Rows[^1];
    }
}
