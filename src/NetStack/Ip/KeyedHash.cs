using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>
/// A hash that somebody without the key cannot steer: which bucket an address pair falls into. It is no signature; nothing it
/// gives leaves the host.
/// </summary>
internal readonly struct KeyedHash
{
    private readonly ulong _a;
    private readonly ulong _b;

    internal KeyedHash(ref SeededRandom random)
    {
        _a = random.Next() | 1;
        _b = random.Next() | 1;
    }

    /// <summary>Hashes two addresses and a number.</summary>
    internal uint Of(IpAddress first, IpAddress second, uint number)
    {
        ulong state = Mix((ulong)first.Value ^ _a, (ulong)(first.Value >> 64) ^ _b);
        state = Mix((ulong)second.Value ^ state, (ulong)(second.Value >> 64) ^ _b);
        return (uint)(Mix(Mix(state ^ number, _a), _b) >> 32);
    }

    private static ulong Mix(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low ^ a;
    }
}
