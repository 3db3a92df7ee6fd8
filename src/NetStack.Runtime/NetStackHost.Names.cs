using System.Net;
using System.Net.Sockets;
using NetStack.Runtime;

namespace NetStack;

/// <remarks>Names.</remarks>
public sealed partial class NetStackHost
{
    /// <summary>Finds the addresses of a name, in the order in which they should be tried.</summary>
    /// <param name="name">A name, or an address in text.</param>
    /// <param name="family">Which family is wanted; <see cref="AddressFamily.Unspecified"/> for both.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException"><see cref="SocketError.HostNotFound"/> and others, as <see cref="Dns"/> has it.</exception>
    public ValueTask<IPAddress[]> ResolveAsync(string name, AddressFamily family = AddressFamily.Unspecified, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (IPAddress.TryParse(name, out IPAddress? address)) return new ValueTask<IPAddress[]>([address]);
        throw SocketErrors.Exception(SocketError.HostNotFound);
    }
}
