using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>Addresses that cannot stand where they stand (RFC 1122 section 3.2.1.3, RFC 1812 section 5.3.7, RFC 4291 section 2).</summary>
internal static class Martians
{
    /// <summary>Whether an address cannot be the source of a packet that came in; what is a broadcast or an own address is for the
    /// tables to say.</summary>
    internal static bool IsBadSource(IpAddress source, bool isLoopback)
    {
        if (source.IsMulticast || (AddressScope.IsLoopback(source) && !isLoopback)) return true;
        if (source.IsV6) return IsMapped(source);
        uint value = (uint)source.Value;
        return value >= 0xF000_0000 || (value >> 24 == 0 && value != 0);
    }

    /// <summary>Whether an address cannot be the destination of a packet that came in.</summary>
    internal static bool IsBadDestination(IpAddress destination, bool isLoopback)
    {
        if (destination.IsUnspecified || (AddressScope.IsLoopback(destination) && !isLoopback)) return true;
        if (destination.IsV6)
        {
            // Groups of scope 0 do not exist, those of scope 1 stay on their host.
            int scope = destination.IsMulticast ? (int)(destination.Value >> 112) & 15 : 2;
            return IsMapped(destination) || scope == 0 || (scope == 1 && !isLoopback);
        }
        uint value = (uint)destination.Value;
        return (value >= 0xF000_0000 && value != uint.MaxValue) || value >> 24 == 0;
    }

    /// <summary>Whether this is in fe80::/10.</summary>
    internal static bool IsLinkLocalV6(IpAddress address) => address.IsV6 && AddressScope.IsLinkLocal(address);

    /// <summary>Whether this is an IPv4 address in IPv6 clothes, which never is on a wire.</summary>
    internal static bool IsMapped(IpAddress address) => address.IsV6 && address.Value >> 32 == 0xFFFF;
}
