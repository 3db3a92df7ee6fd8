using NetStack.Wire;

namespace NetStack.Autoconfiguration;

/// <summary>A default router that advertised itself (RFC 4861 section 6.3.4).</summary>
/// <param name="Address">Its link-local address.</param>
/// <param name="Preference">1 for high, 0 for medium, -1 for low (RFC 4191).</param>
/// <param name="ValidUntil">When it ceases to be one unless it is heard of again.</param>
public readonly record struct RouterInfo(IpAddress Address, int Preference, Instant ValidUntil);

/// <summary>A recursive DNS server that a router advertised (RFC 8106).</summary>
/// <param name="Address">Its address; a link-local one is on this interface's link.</param>
/// <param name="ValidUntil">When it ceases to be one unless it is heard of again; <see cref="Instant.MaxValue"/> for never.</param>
public readonly record struct DnsServerInfo(IpAddress Address, Instant ValidUntil);
