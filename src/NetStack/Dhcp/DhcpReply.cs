using System.Numerics;
using System.Text;
using NetStack.Wire;

namespace NetStack.Dhcp;

/// <summary>What a server's message grants. Anybody on the link can send one: lists are bounded, and what cannot be is left out.</summary>
internal static class DhcpReply
{
    private const int MaxEntries = 16;
    private const int MaxOption = 1024;

    /// <summary>Reads an offer or a grant.</summary>
    /// <param name="message">The message.</param>
    /// <param name="server">Its server.</param>
    /// <param name="asked">When the client asked: lifetimes count from then (RFC 2131 section 4.4.1).</param>
    /// <param name="lease">What it grants.</param>
    /// <returns>Why it grants nothing, or null.</returns>
    internal static DhcpDropReason? Read(Dhcpv4View message, IpAddress server, Instant asked, out DhcpLease? lease)
    {
        lease = null;
        IpAddress address = message.YourAddress;
        if (!IsHost(address)) return DhcpDropReason.BadAddress;
        if (!message.TryFindNumber(Dhcpv4Option.LeaseTime, out uint seconds) || seconds == 0) return DhcpDropReason.NoLeaseTime;
        (Instant renew, Instant rebind, Instant end) = TimesOf(message, seconds, asked);
        lease = new DhcpLease
        {
            Address = address,
            PrefixLength = PrefixLengthOf(message, address),
            Server = server,
            Routes = RoutesOf(message),
            DnsServers = AddressesOf(message, Dhcpv4Option.DnsServers),
            DomainName = DomainOf(message),
            SearchDomains = SearchDomainsOf(message),
            Mtu = MtuOf(message),
            BroadcastAddress = message.TryFindAddress(Dhcpv4Option.BroadcastAddress, out IpAddress broadcast) ? broadcast : default,
            RenewAt = renew,
            RebindAt = rebind,
            ExpiresAt = end,
        };
        return null;
    }

    /// <summary>Whether an address may be a host's.</summary>
    internal static bool IsHost(IpAddress address) => (uint)address.Value >> 24 is > 0 and < 0xE0 && !address.IsLoopback;

    /// <summary>T1 and T2 as told, where they lie in order; else half and seven eighths of the lease (RFC 2131 section 4.4.5).</summary>
    private static (Instant Renew, Instant Rebind, Instant End) TimesOf(Dhcpv4View message, uint seconds, Instant asked)
    {
        if (seconds == uint.MaxValue) return (Instant.MaxValue, Instant.MaxValue, Instant.MaxValue);
        uint rebind = message.TryFindNumber(Dhcpv4Option.RebindingTime, out uint t2) && t2 < seconds && t2 > 0 ? t2 : (uint)(seconds * 7L / 8);
        uint renew = message.TryFindNumber(Dhcpv4Option.RenewalTime, out uint t1) && t1 <= rebind && t1 > 0 ? t1 : Math.Min(seconds / 2, rebind);
        return (asked + TimeSpan.FromSeconds(renew), asked + TimeSpan.FromSeconds(rebind), asked + TimeSpan.FromSeconds(seconds));
    }

    private static int PrefixLengthOf(Dhcpv4View message, IpAddress address)
    {
        if (message.TryFindNumber(Dhcpv4Option.SubnetMask, out uint mask) && mask != 0 && (~mask & (~mask + 1)) == 0) return BitOperations.PopCount(mask);
        return ((uint)address.Value >> 30) switch { 0 or 1 => 8, 2 => 16, _ => 24 };
    }

    private static DhcpRoute[] RoutesOf(Dhcpv4View message)
    {
        Span<byte> scratch = stackalloc byte[MaxOption];
        if (!message.TryFind(Dhcpv4Option.ClasslessRoutes, scratch, out ReadOnlySpan<byte> data))
            return [.. AddressesOf(message, Dhcpv4Option.Routers).Select(r => new DhcpRoute(IpPrefix.DefaultV4, r))];
        List<DhcpRoute> routes = [];
        for (Dhcpv4RouteReader reader = new(data); reader.MoveNext() && routes.Count < MaxEntries;)
        {
            if (reader.Destination.IsMulticast || reader.Destination.IsLoopback || (!reader.Router.IsUnspecified && !IsHost(reader.Router))) continue;
            routes.Add(new DhcpRoute(new IpPrefix(reader.Destination, reader.PrefixLength), reader.Router.IsUnspecified ? default : reader.Router));
        }
        return [.. routes];
    }

    private static IpAddress[] AddressesOf(Dhcpv4View message, Dhcpv4Option option)
    {
        Span<byte> scratch = stackalloc byte[MaxOption];
        if (!message.TryFind(option, scratch, out ReadOnlySpan<byte> data)) return [];
        List<IpAddress> addresses = [];
        for (; data.Length >= 4 && addresses.Count < MaxEntries; data = data[4..])
        {
            IpAddress address = IpAddress.ReadV4(data);
            if (IsHost(address) && !addresses.Contains(address)) addresses.Add(address);
        }
        return [.. addresses];
    }

    private static string? DomainOf(Dhcpv4View message)
    {
        Span<byte> scratch = stackalloc byte[DnsName.MaxSize];
        if (!message.TryFind(Dhcpv4Option.DomainName, scratch, out ReadOnlySpan<byte> data)) return null;
        string text = Encoding.ASCII.GetString(data).TrimEnd('\0', '.');
        Span<byte> name = stackalloc byte[DnsName.MaxSize];
        return text.Length > 0 && DnsName.TryEncode(text, name, out _) ? text : null;
    }

    private static string[] SearchDomainsOf(Dhcpv4View message)
    {
        Span<byte> scratch = stackalloc byte[MaxOption];
        if (!message.TryFind(Dhcpv4Option.DomainSearch, scratch, out ReadOnlySpan<byte> data)) return [];
        List<string> domains = [];
        for (int at = 0; at < data.Length && domains.Count < MaxEntries && DnsName.TryRead(data, at, out DnsName name, out at);)
        {
            if (!name.IsRoot) domains.Add(name.ToString());
        }
        return [.. domains];
    }

    private static int MtuOf(Dhcpv4View message)
    {
        Span<byte> scratch = stackalloc byte[8];
        bool isThere = message.TryFind(Dhcpv4Option.InterfaceMtu, scratch, out ReadOnlySpan<byte> data) && data.Length == 2;
        return isThere && (data[0] << 8 | data[1]) is >= 68 and int mtu ? mtu : 0;
    }
}
