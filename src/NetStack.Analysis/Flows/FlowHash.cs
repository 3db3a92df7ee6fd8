using System.Runtime.CompilerServices;

namespace NetStack.Analysis;

/// <summary>
/// Hashes the ends of a conversation, the same whichever of them sent. Keyed: who does not know the key cannot make addresses and
/// ports that collide, so a hostile capture does not slow the table down.
/// </summary>
internal readonly struct FlowHash
{
    private readonly ulong _k0;
    private readonly ulong _k1;
    private readonly ulong _k2;
    private readonly ulong _k3;

    /// <summary>A hash with a key of one's own.</summary>
    internal FlowHash(ulong k0, ulong k1, ulong k2, ulong k3)
    {
        _k0 = k0;
        _k1 = k1;
        _k2 = k2;
        _k3 = k3 | 1;
    }

    /// <summary>A key that nobody outside the process can foresee: the framework's string hash has one.</summary>
    internal static FlowHash OfProcess() => new(Word("flow source"), Word("flow destination"), Word("flow ports"), Word("flow protocol"));

    /// <summary>The hash of a packet's conversation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Of(in FlowFacts facts)
    {
        ulong source = Mix(Mix(facts.SourceHigh ^ _k0, facts.SourceLow ^ _k1) ^ facts.Ports >> 16, _k2);
        ulong destination = Mix(Mix(facts.DestinationHigh ^ _k0, facts.DestinationLow ^ _k1) ^ facts.Ports & 0xFFFF, _k2);
        return Mix(source + destination ^ facts.Protocol, _k3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }

    private static ulong Word(string name) =>
        (ulong)(uint)string.GetHashCode(name, StringComparison.Ordinal) << 32 | (uint)string.GetHashCode(name + "'", StringComparison.Ordinal);
}
