using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>What an address's bits say of it.</summary>
internal static class AddressScope
{
    internal const int LinkLocal = 2;
    internal const int SiteLocal = 5;
    internal const int Global = 14;

    /// <summary>::1.</summary>
    internal static IpAddress LoopbackV6 => IpAddress.V6(1);

    /// <summary>127.0.0.1.</summary>
    internal static IpAddress LoopbackV4 => IpAddress.V4(0x7F00_0001);

    /// <summary>ff02::1.</summary>
    internal static IpAddress AllNodes => IpAddress.V6((UInt128)0xFF02 << 112 | 1);

    /// <summary>ff02::2.</summary>
    internal static IpAddress AllRouters => IpAddress.V6((UInt128)0xFF02 << 112 | 2);

    /// <summary>224.0.0.1.</summary>
    internal static IpAddress AllHosts => IpAddress.V4(0xE000_0001);

    /// <summary>The solicited-node group of an address (RFC 4291 section 2.7.1).</summary>
    internal static IpAddress SolicitedNode(IpAddress address) =>
        IpAddress.V6((UInt128)0xFF02 << 112 | 0x1_FF00_0000 | address.Value & 0xFF_FFFF);

    /// <summary>Whether this is 127/8 or ::1.</summary>
    internal static bool IsLoopback(IpAddress address) => address.IsLoopback;

    /// <summary>Whether this is 169.254/16 or fe80::/10.</summary>
    internal static bool IsLinkLocal(IpAddress address) => address.IsLinkLocal;

    /// <summary>The scope by RFC 6724 sections 3.1 and 3.2: multicast by its scope field; loopback counts as link-local; private
    /// IPv4 and unique local addresses count as global.</summary>
    internal static int Of(IpAddress address)
    {
        if (address.IsV6 && address.IsMulticast) return (int)(address.Value >> 112) & 15;
        if (IsLoopback(address) || IsLinkLocal(address)) return LinkLocal;
        if (address.IsV4 && address.IsMulticast) return address.Value >> 8 == 0xE0_0000 ? LinkLocal : Global;
        return address.IsV6 && address.Value >> 118 == 0x3FB ? SiteLocal : Global; // fec0::/10, deprecated
    }

    /// <summary>How many leading bits two addresses of a family share (RFC 6724 section 2.2).</summary>
    internal static int CommonPrefixLength(IpAddress a, IpAddress b)
    {
        UInt128 difference = a.Value ^ b.Value;
        int leading = (int)UInt128.LeadingZeroCount(difference);
        return a.IsV4 ? Math.Min(leading - 96, 32) : leading;
    }
}
