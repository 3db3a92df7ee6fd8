using System.Numerics;
using NetStack.Wire;

namespace NetStack.Autoconfiguration;

/// <summary>The low 64 bits of autoconfigured addresses.</summary>
internal static class InterfaceIdentifier
{
    private const ulong ReservedAnycast = 0xFDFF_FFFF_FFFF_FF80; // RFC 5453: the last 128

    /// <summary>The modified EUI-64 form of a MAC address (RFC 4291 appendix A).</summary>
    internal static ulong FromMac(MacAddress mac) =>
        (mac.Value >> 24 << 40 | 0xFF_FE00_0000 | mac.Value & 0xFF_FFFF) ^ 0x0200_0000_0000_0000;

    /// <summary>A stable identifier nobody can guess: a keyed hash of prefix, interface and attempt (RFC 7217 section 5).</summary>
    internal static ulong Stable(UInt128 secret, IpPrefix prefix, string interfaceName, MacAddress mac, int attempt)
    {
        ulong hash = (ulong)(secret >> 64);
        hash = Absorb(hash, (ulong)secret, (ulong)(prefix.Network.Value >> 64));
        hash = Absorb(hash, (ulong)secret, mac.Value);
        foreach (char letter in interfaceName) hash = Absorb(hash, (ulong)secret, letter);
        return Absorb(hash, (ulong)secret, (ulong)attempt);
    }

    /// <summary>Whether an identifier is set aside: 0 is the subnet-router anycast address, others RFC 5453 lists.</summary>
    internal static bool IsReserved(ulong identifier) =>
        identifier == 0 || identifier >= ReservedAnycast || identifier >> 24 == 0x0200_5EFF_FE;

    internal static IpAddress Combine(IpPrefix prefix, ulong identifier) => IpAddress.V6(prefix.Network.Value | identifier);

    private static ulong Absorb(ulong hash, ulong key, ulong value)
    {
        hash = (hash ^ value) * 0x9E37_79B9_7F4A_7C15;
        return BitOperations.RotateLeft(hash, 29) ^ key;
    }
}
