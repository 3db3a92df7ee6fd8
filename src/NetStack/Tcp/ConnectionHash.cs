using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>A secret that hashes what names a connection: the pseudorandom function of RFC 6528 and RFC 6056.</summary>
/// <param name="Key0">Half of the key, random.</param>
/// <param name="Key1">The other half.</param>
internal readonly record struct ConnectionHash(ulong Key0, ulong Key1)
{
    private const int Size = 2 * 17 + 2 * 2 + 4;

    /// <summary>Takes a fresh key.</summary>
    internal static ConnectionHash From(ref SeededRandom secrets) => new(secrets.Next(), secrets.Next());

    /// <summary>The hash of what names a connection, asked for once a segment. IPv4 addresses and ports are two words.</summary>
    internal ulong Of(in FourTuple tuple)
    {
        (TcpEndpoint local, TcpEndpoint remote, int scope) = tuple;
        if (!local.Address.IsV4 || !remote.Address.IsV4) return Of(local.Address, local.Port, remote.Address, remote.Port, (uint)scope);
        ulong addresses = (ulong)local.Address.Value << 32 | (uint)remote.Address.Value;
        return SipHash.Compute(Key0, Key1, addresses, (ulong)(uint)scope << 32 | (uint)local.Port << 16 | remote.Port);
    }

    /// <summary>The hash of both ends and a number that tells uses apart; a port of 0 leaves that port out.</summary>
    internal ulong Of(IpAddress local, ushort localPort, IpAddress remote, ushort remotePort, uint salt = 0)
    {
        Span<byte> bytes = stackalloc byte[Size];
        bytes.Clear();
        bytes[0] = (byte)local.Size;
        local.Write(bytes[1..]);
        bytes[17] = (byte)remote.Size;
        remote.Write(bytes[18..]);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[34..], localPort);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[36..], remotePort);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[38..], salt);
        return SipHash.Compute(Key0, Key1, bytes);
    }
}
