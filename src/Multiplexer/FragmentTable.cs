using System.Numerics;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>
/// Remembers the first fragments of datagrams, so that later ones, which have no ports, are classified alike. Bounded: a set of
/// four places per hash; when all are taken the oldest is forgotten.
/// </summary>
internal sealed class FragmentTable
{
    private const int Ways = 4;

    private readonly Entry[] _entries;
    private readonly int _setMask;
    private readonly TimeSpan _lifetime;

    internal FragmentTable(int entries, TimeSpan lifetime)
    {
        int sets = (int)BitOperations.RoundUpToPowerOf2((uint)((entries + Ways - 1) / Ways));
        _entries = new Entry[sets * Ways];
        _setMask = sets - 1;
        _lifetime = lifetime;
    }

    private struct Entry
    {
        internal IpAddress Source;
        internal IpAddress Destination;
        internal uint Id;
        internal IpProtocol Protocol;
        internal bool HasPorts;
        internal ushort SourcePort;
        internal ushort DestinationPort;
        internal bool Used;
        internal Instant Until;
    }

    /// <summary>Notes a first fragment.</summary>
    /// <returns>Whether another datagram was forgotten before its time for it.</returns>
    internal bool Remember(in FrameKey key, Instant now)
    {
        Span<Entry> set = SetOf(key);
        int chosen = 0;
        for (int i = 0; i < Ways; i++)
        {
            if (IsOf(set[i], key))
            {
                chosen = i;
                break;
            }
            if (Age(set[i], now) < Age(set[chosen], now)) chosen = i;
        }
        bool evicts = set[chosen].Used && set[chosen].Until > now && !IsOf(set[chosen], key);
        set[chosen] = new Entry
        {
            Source = key.Source,
            Destination = key.Destination,
            Id = key.FragmentId,
            Protocol = key.Protocol,
            HasPorts = key.HasPorts,
            SourcePort = key.SourcePort,
            DestinationPort = key.DestinationPort,
            Used = true,
            Until = now + _lifetime,
        };
        return evicts;
    }

    /// <summary>Completes the key of a later fragment by what its first fragment said.</summary>
    /// <returns>False when that is not known.</returns>
    internal bool TryFollow(ref FrameKey key, Instant now)
    {
        foreach (ref readonly Entry entry in SetOf(key))
        {
            if (!IsOf(entry, key) || entry.Until <= now) continue;
            key.Protocol = entry.Protocol;
            key.HasPorts = entry.HasPorts;
            key.SourcePort = entry.SourcePort;
            key.DestinationPort = entry.DestinationPort;
            return true;
        }
        return false;
    }

    private Span<Entry> SetOf(in FrameKey key)
    {
        uint hash = (uint)HashCode.Combine(key.Source, key.Destination, key.FragmentId);
        return _entries.AsSpan((int)(hash & (uint)_setMask) * Ways, Ways);
    }

    /// <summary>What identifies a datagram: in IPv4 the protocol belongs to it (RFC 791), in IPv6 it does not (RFC 8200 section 4.5).</summary>
    private static bool IsOf(in Entry entry, in FrameKey key) =>
        entry.Used && entry.Id == key.FragmentId && entry.Source == key.Source && entry.Destination == key.Destination
        && (key.Source.IsV6 || entry.Protocol == key.Protocol);

    private static long Age(in Entry entry, Instant now) => !entry.Used || entry.Until <= now ? long.MinValue : entry.Until.Nanoseconds;
}
