using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>
/// Identifications of datagrams that are or may become fragments: counters in buckets that a keyed hash of addresses and protocol
/// chooses, so that an id does not come back soon and tells little of other traffic (RFC 6864 section 4.3, RFC 7739 section 5.3).
/// </summary>
internal sealed class IdentificationCounters
{
    private const int Buckets = 1024;

    private readonly uint[] _counters = new uint[Buckets];
    private readonly ConnectionHash _hash;

    internal IdentificationCounters(ref SeededRandom random)
    {
        _hash = ConnectionHash.From(ref random);
        for (int i = 0; i < Buckets; i++) _counters[i] = (uint)random.Next();
    }

    /// <summary>The next identification; the low 16 bits serve IPv4. Never 0 there, so that it is told from an atomic datagram's.</summary>
    internal uint Next(IpAddress source, IpAddress destination, IpProtocol protocol)
    {
        ref uint counter = ref _counters[_hash.Of(source, 0, destination, 0, (uint)protocol) % Buckets];
        if ((ushort)++counter == 0) counter++;
        return counter;
    }
}
