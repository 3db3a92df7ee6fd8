using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Says which ports may be taken.</summary>
internal interface IPortUse
{
    /// <summary>Whether a port is free for the connection at hand.</summary>
    bool IsFree(ushort port);
}

/// <summary>
/// Chooses ephemeral ports (RFC 6056 section 3.3.4, double hash): a sequence for each peer, which others cannot foresee, with
/// random steps so that the peer itself does not see how many connections there were.
/// </summary>
internal sealed class PortAllocator
{
    private const int TableLength = 256;
    private const int MaxStep = 8;

    private readonly uint[] _counters = new uint[TableLength];
    private readonly ConnectionHash _offset;
    private readonly ConnectionHash _index;
    private readonly ushort _first;
    private readonly int _count;
    private SeededRandom _random;

    /// <summary>An allocator with secrets of its own.</summary>
    /// <param name="first">The lowest port, at least 1.</param>
    /// <param name="last">The highest port, not below <paramref name="first"/>.</param>
    /// <param name="secrets">Where secrets and steps come from.</param>
    internal PortAllocator(ushort first, ushort last, ref SeededRandom secrets)
    {
        ArgumentOutOfRangeException.ThrowIfZero(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        _first = first;
        _count = last - first + 1;
        _offset = ConnectionHash.From(ref secrets);
        _index = ConnectionHash.From(ref secrets);
        _random = new SeededRandom(secrets.Next());
        for (int i = 0; i < TableLength; i++) _counters[i] = (uint)_random.Next();
    }

    /// <summary>Takes the next free port for a peer. Every port of the range is asked for before it fails.</summary>
    /// <param name="local">Our address.</param>
    /// <param name="remote">The peer's address; none when a port is bound and the peer not known.</param>
    /// <param name="remotePort">The peer's port; 0 when not known.</param>
    /// <param name="use">Says which ports are free.</param>
    /// <param name="port">The port.</param>
    /// <returns>False when none is free.</returns>
    internal bool TryAllocate<T>(IpAddress local, IpAddress remote, ushort remotePort, T use, out ushort port) where T : IPortUse
    {
        uint offset = (uint)_offset.Of(local, 0, remote, remotePort);
        ref uint counter = ref _counters[_index.Of(local, 0, remote, remotePort) % TableLength];
        for (uint tried = 0; tried < (uint)_count; tried++)
        {
            port = (ushort)(_first + (offset + (ulong)counter + tried) % (uint)_count);
            if (!use.IsFree(port)) continue;
            counter = unchecked(counter + tried + 1 + (uint)_random.Below(MaxStep));
            return true;
        }
        port = 0;
        return false;
    }
}
