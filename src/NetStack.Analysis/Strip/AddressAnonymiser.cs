using System.Security.Cryptography;
using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// Gives addresses other names under a key: one to one, the same in every capture for the same key, and so that addresses of one
/// network stay addresses of one network (Crypto-PAn). Who knows the key can turn it back; who knows some addresses by other means
/// learns the prefixes they share with others.
/// </summary>
/// <remarks>
/// Kept as they are: 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 (groups and broadcast), ::, ::1, ff00::/8, of fe80::/10 the first 64 bits, and
/// Ethernet's group and zero addresses. The last 24 bits of a solicited-node group, and of its Ethernet address, are a host's: they
/// are mapped, but not to those of the host's new address. Of an Ethernet address the group and local bits stay, the manufacturer
/// does not. Not thread-safe.
/// </remarks>
public sealed class AddressAnonymiser : IDisposable
{
    private const int Iterations = 100_000;
    private const int MaxKnown = 1 << 16;

    private static readonly UInt128 SolicitedNode = new(0xFF02_0000_0000_0000, 0x0000_0001_FF00_0000);
    private static readonly UInt128 Low24 = 0xFF_FFFF;

    private readonly PrefixPreservingMap _v4;
    private readonly PrefixPreservingMap _v6;
    private readonly PrefixPreservingMap _mac;
    private readonly Dictionary<IpAddress, IpAddress> _known = [];
    private readonly Dictionary<ulong, ulong> _knownMacs = [];

    /// <summary>Makes one for a key.</summary>
    /// <param name="key">Any text but an empty one; it is stretched by PBKDF2 (SHA-256, 100,000 rounds, a fixed salt: the same key
    /// is to give the same addresses everywhere).</param>
    /// <exception cref="ArgumentException">The key is empty.</exception>
    public AddressAnonymiser(string key)
        : this(Stretch(key))
    {
    }

    /// <summary>Makes one of key bytes: 32 for IPv4, and as many for IPv6 and for Ethernet.</summary>
    internal AddressAnonymiser(ReadOnlySpan<byte> keys)
    {
        _v4 = new PrefixPreservingMap(keys[..PrefixPreservingMap.KeySize]);
        _v6 = new PrefixPreservingMap(keys.Slice(PrefixPreservingMap.KeySize, PrefixPreservingMap.KeySize));
        _mac = new PrefixPreservingMap(keys.Slice(2 * PrefixPreservingMap.KeySize, PrefixPreservingMap.KeySize));
    }

    /// <summary>The name of an IP address.</summary>
    public IpAddress Map(IpAddress address)
    {
        if (address.IsNone) return address;
        if (_known.TryGetValue(address, out IpAddress known)) return known;
        IpAddress mapped = address.IsV4 ? IpAddress.V4((uint)MapV4((uint)address.Value)) : IpAddress.V6(MapV6(address.Value));
        if (_known.Count == MaxKnown) _known.Clear(); // only a cache
        _known.Add(address, mapped);
        return mapped;
    }

    /// <summary>The name of an Ethernet address.</summary>
    public MacAddress Map(MacAddress address)
    {
        if (_knownMacs.TryGetValue(address.Value, out ulong known)) return new MacAddress(known);
        ulong mapped = MapMac(address.Value);
        if (_knownMacs.Count == MaxKnown) _knownMacs.Clear();
        _knownMacs.Add(address.Value, mapped);
        return new MacAddress(mapped);
    }

    /// <summary>Forgets the keys.</summary>
    public void Dispose()
    {
        _v4.Dispose();
        _v6.Dispose();
        _mac.Dispose();
    }

    private static byte[] Stretch(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return Rfc2898DeriveBytes.Pbkdf2(key, "NetStack addresses 1"u8.ToArray(), Iterations, HashAlgorithmName.SHA256, 3 * PrefixPreservingMap.KeySize);
    }

    // What is kept is kept one to one by going on until the result is not one of those: addresses of one network go on together.
    private UInt128 MapV4(uint address)
    {
        if (IsKeptV4(address)) return address;
        do address ^= (uint)_v4.Flips(address, 32);
        while (IsKeptV4(address));
        return address;
    }

    private static bool IsKeptV4(uint address) => address >> 24 is 0 or 127 || address >> 29 == 7;

    private UInt128 MapV6(UInt128 address)
    {
        if ((address & ~Low24) == SolicitedNode) return SolicitedNode | MapLow24((uint)(address & Low24));
        if (IsLinkLocal(address)) return address ^ (_v6.Flips(address, 128) & ulong.MaxValue);
        if (IsKeptV6(address)) return address;
        do address ^= _v6.Flips(address, 128);
        while (IsKeptV6(address) || IsLinkLocal(address));
        return address;
    }

    private static bool IsKeptV6(UInt128 address) => address <= 1 || address >> 120 == 0xFF;

    private static bool IsLinkLocal(UInt128 address) => address >> 118 == 0x3FA;

    private ulong MapMac(ulong address)
    {
        const ulong GroupAndLocal = 0x0300_0000_0000;
        const ulong Group = 0x0100_0000_0000;
        if (address >> 24 == 0x3333FF) return 0x3333FF00_0000UL | MapLow24((uint)(address & Low24));
        if (address == 0 || (address & Group) != 0) return address;
        do address ^= (ulong)_mac.Flips(address, 48) & ~GroupAndLocal;
        while (address == 0);
        return address;
    }

    private uint MapLow24(uint low) => low ^ (uint)(_mac.Flips(SolicitedNode | low, 128) & Low24);
}
