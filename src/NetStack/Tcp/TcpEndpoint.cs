using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>An address and a port.</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port; 0 for none.</param>
public readonly record struct TcpEndpoint(IpAddress Address, ushort Port)
{
    /// <summary><c>1.2.3.4:80</c> or <c>[::1]:80</c>.</summary>
    public override string ToString() => Address.IsV6 ? $"[{Address}]:{Port}" : $"{Address}:{Port}";
}

/// <summary>What names a connection.</summary>
/// <param name="Local">Our end.</param>
/// <param name="Remote">The peer's end.</param>
/// <param name="Scope">The interface, where an address is link-local and means nothing without it; otherwise 0.</param>
internal readonly record struct FourTuple(TcpEndpoint Local, TcpEndpoint Remote, int Scope)
{
    internal static FourTuple Of(TcpEndpoint local, TcpEndpoint remote, int interfaceIndex) =>
        new(local, remote, IsLinkLocal(local.Address) || IsLinkLocal(remote.Address) ? interfaceIndex : 0);

    private static bool IsLinkLocal(IpAddress address) => address.IsV6 && address.IsLinkLocal;
}

/// <summary>Hashes four-tuples under a secret key, so that a peer cannot choose tuples that collide.</summary>
internal sealed class FourTupleComparer(ConnectionHash hash) : IEqualityComparer<FourTuple>
{
    public bool Equals(FourTuple x, FourTuple y) => x == y;

    public int GetHashCode(FourTuple tuple) => (int)Hash(tuple);

    internal ulong Hash(in FourTuple tuple) => hash.Of(tuple);
}
