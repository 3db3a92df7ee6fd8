using System.Net;
using NetStack.Tcp;

namespace NetStack.Runtime;

/// <summary>Addresses of the framework and of the stack.</summary>
internal static class EndPoints
{
    /// <summary>The stack's form of an address: IPv4 under an IPv4-mapped address becomes IPv4.</summary>
    internal static IpAddress ToWire(IPAddress address) => IpAddress.From(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    /// <summary>The interface that a link-local address names by its scope; null for none.</summary>
    internal static int? ScopeOf(IPAddress address) =>
        address.IsIPv6LinkLocal && address.ScopeId != 0 ? (int)Math.Min(int.MaxValue, address.ScopeId) : null;

    internal static TcpEndpoint ToWire(IPEndPoint endPoint) => new(ToWire(endPoint.Address), (ushort)endPoint.Port);

    internal static IPEndPoint FromWire(TcpEndpoint endpoint) => new(endpoint.Address.IsNone ? IPAddress.IPv6Any : endpoint.Address.ToIPAddress(), endpoint.Port);
}
