using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Autoconfiguration;

/// <remarks>What a router advertisement does (RFC 4861 section 6.3.4).</remarks>
public sealed partial class Ipv6Autoconfiguration
{
    internal const int MaxAdvertisedRoutes = 32;
    internal const int MaxAddresses = 16;
    private const int DefaultMetric = 1024; // as Linux gives advertised routes: an added one goes first

    private static readonly TimeSpan TwoHours = TimeSpan.FromHours(2);

    /// <summary>Takes a valid advertisement.</summary>
    /// <param name="router">Its source, a link-local address.</param>
    /// <param name="bytes">The whole ICMPv6 message.</param>
    /// <param name="message">The same, as a view.</param>
    /// <param name="now">The present.</param>
    /// <returns>Why a part of it was not taken, if one was not.</returns>
    internal NdpDropReason? OnAdvertisement(IpAddress router, ReadOnlySpan<byte> bytes, NdpView message, Instant now)
    {
        byte flags = bytes[5];
        IsManaged = (flags & 0x80) != 0;
        HasOtherConfiguration = (flags & 0x40) != 0;
        if (message.CurrentHopLimit != 0) HopLimit = message.CurrentHopLimit;
        TakeTimers(BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]));
        bool fits = TakeRouter(router, message.RouterLifetime, PreferenceOf(flags), now);
        for (NdpOptions options = new(message.Options); options.MoveNext();)
        {
            fits &= options.Type switch
            {
                NdpOptions.PrefixInformation => TakePrefix(options, router, now),
                NdpOptions.Mtu => TakeMtu(options),
                NdpOptions.RouteInformation => TakeRoute(options, router, now),
                NdpOptions.RecursiveDnsServer => TakeDnsServers(options, now),
                _ => true,
            };
        }
        if (message.RouterLifetime > 0) _nextSolicitation = null; // RFC 7559 section 2: one router is enough
        UpdateExpiry();
        return fits ? null : NdpDropReason.TooMany;
    }

    private void TakeTimers(uint reachableMilliseconds, uint retransMilliseconds)
    {
        // RFC 4861 section 6.2.1: no more than an hour is advertised; 0 means unspecified
        if (reachableMilliseconds is > 0 and <= 3_600_000 && TimeSpan.FromMilliseconds(reachableMilliseconds) is var reachable && reachable != _baseReachable)
        {
            _baseReachable = reachable;
            _nic.Neighbours.SetBaseReachableTime(reachable);
        }
        // A router that tells us to hammer, or to sleep, is not obeyed beyond reason.
        if (retransMilliseconds > 0) _nic.RetransTimer = TimeSpan.FromMilliseconds(Math.Clamp(retransMilliseconds, 10, 60_000));
    }

    private bool TakeRouter(IpAddress router, ushort lifetimeSeconds, int preference, Instant now)
    {
        bool isKnown = _routers.Exists(r => r.Address == router);
        if (lifetimeSeconds == 0)
        {
            if (isKnown) RemoveRouter(router);
            return true;
        }
        if (!isKnown && _routers.Count == MaxRouters) return false;
        RouterInfo taken = new(router, preference, now + TimeSpan.FromSeconds(lifetimeSeconds));
        int at = _routers.FindIndex(r => r.Address == router);
        if (at >= 0 && _routers[at].Preference == preference)
        {
            _routers[at] = taken;
            return true;
        }
        if (at >= 0) RemoveRouter(router);
        _routers.Add(taken);
        _nic.Stack.Routes.Add(new Route(IpPrefix.DefaultV6)
        {
            Interface = _nic,
            Gateway = router,
            Metric = DefaultMetric - preference,
            Origin = RouteOrigin.RouterAdvertisement,
        });
        return true;
    }

    private bool TakeMtu(in NdpOptions option)
    {
        uint mtu = option.U32(4);
        if (mtu >= NetInterface.MinIpv6Mtu && mtu <= _nic.Mtu) Mtu = (int)mtu;
        return true;
    }

    /// <summary>RFC 4861 section 6.3.4 for the L flag, RFC 4862 section 5.5.3 for the A flag.</summary>
    private bool TakePrefix(in NdpOptions option, IpAddress router, Instant now)
    {
        if (option.Bytes.Length < 32 || option.Bytes[2] > 128) return true;
        IpPrefix prefix = new(option.AddressAt(16), option.Bytes[2]);
        if (AddressScope.IsLinkLocal(prefix.Network) || prefix.Network.IsMulticast) return true;
        bool isOnLink = (option.Bytes[3] & 0x80) != 0;
        bool isAutonomous = (option.Bytes[3] & 0x40) != 0;
        uint validSeconds = option.U32(4);
        uint preferredSeconds = option.U32(8);
        bool fits = !isOnLink || SetRoute(prefix, default, DefaultMetric, validSeconds, now);
        if (!isAutonomous || !_nic.Options.Ipv6.Autoconfigure || preferredSeconds > validSeconds || prefix.Length != 64) return fits;
        return TakeAutonomous(prefix, router, preferredSeconds, validSeconds, now) && fits;
    }

    private bool TakeRoute(in NdpOptions option, IpAddress router, Instant now)
    {
        int length = option.Bytes[2];
        int carried = option.Bytes.Length - 8;
        if (length > 128 || carried > 16 || length > carried * 8 || (option.Bytes[3] & 0x18) == 0x10) return true; // RFC 4191 section 2.3
        Span<byte> prefix = stackalloc byte[16];
        prefix.Clear();
        option.Bytes[8..].CopyTo(prefix);
        if (length == 0) return TakeRouter(router, (ushort)Math.Min(option.U32(4), ushort.MaxValue), PreferenceOf(option.Bytes[3]), now);
        return SetRoute(new IpPrefix(IpAddress.ReadV6(prefix), length), router, DefaultMetric - PreferenceOf(option.Bytes[3]), option.U32(4), now);
    }

    private bool TakeDnsServers(in NdpOptions option, Instant now)
    {
        if (option.Bytes.Length < 24) return true;
        Instant until = Until(option.U32(4), now);
        for (int at = 8; at + 16 <= option.Bytes.Length; at += 16)
        {
            IpAddress server = option.AddressAt(at);
            if (server.IsMulticast || server.IsUnspecified) continue;
            _dnsServers.RemoveAll(s => s.Address == server);
            if (until <= now) continue;
            if (_dnsServers.Count == MaxDnsServers) return false;
            _dnsServers.Add(new DnsServerInfo(server, until));
        }
        return true;
    }

    /// <summary>Sets, refreshes or, with a lifetime of 0, removes a route that a router advertised.</summary>
    private bool SetRoute(IpPrefix prefix, IpAddress gateway, int metric, uint lifetimeSeconds, Instant now)
    {
        Route? known = null;
        int advertised = 0;
        foreach (Route route in _nic.Stack.Routes.Routes)
        {
            if (route.Interface != _nic || route.Origin != RouteOrigin.RouterAdvertisement) continue;
            advertised++;
            if (route.Destination == prefix && route.Gateway == gateway) known = route;
        }
        if (lifetimeSeconds == 0)
        {
            if (known is not null) _nic.Stack.Routes.Remove(known);
            return true;
        }
        if (known is not null && known.Metric == metric)
        {
            known.ValidUntil = Until(lifetimeSeconds, now);
            return true;
        }
        if (known is not null) _nic.Stack.Routes.Remove(known);
        else if (advertised >= MaxAdvertisedRoutes) return false;
        _nic.Stack.Routes.Add(new Route(prefix)
        {
            Interface = _nic,
            Gateway = gateway,
            Metric = metric,
            Origin = RouteOrigin.RouterAdvertisement,
            ValidUntil = Until(lifetimeSeconds, now),
        });
        return true;
    }

    private static Instant Until(uint seconds, Instant now) => seconds == uint.MaxValue ? Instant.MaxValue : now + TimeSpan.FromSeconds(seconds);

    /// <summary>RFC 4191 section 2.1: 01 high, 00 medium, 11 low; 10 is reserved and counts as medium.</summary>
    private static int PreferenceOf(byte flags) => (flags >> 3 & 3) switch { 1 => 1, 3 => -1, _ => 0 };
}
