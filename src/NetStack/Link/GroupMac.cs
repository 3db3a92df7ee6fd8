using NetStack.Wire;

namespace NetStack.Link;

/// <summary>The MAC addresses that IP groups map to.</summary>
internal static class GroupMac
{
    /// <summary>33:33 and the low 32 bits for IPv6 (RFC 2464 section 7); 01:00:5e and the low 23 bits for IPv4 (RFC 1112 section 6.4).</summary>
    internal static MacAddress Of(IpAddress group) => group.IsV6
        ? new MacAddress(0x3333_0000_0000 | (ulong)(group.Value & 0xFFFF_FFFF))
        : new MacAddress(0x0100_5E00_0000 | (ulong)(group.Value & 0x7F_FFFF));
}
