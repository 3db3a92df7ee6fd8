using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// Where the numbers of TCP connections began, so that they can be told relative, as tcpdump does: the first packet with ACK of a
/// connection, or a SYN with ACK, is told in full and sets the origins. Memory is bounded: of more than <see cref="Capacity"/>
/// connections those are forgotten that began long ago, and begin anew.
/// </summary>
internal sealed class TcpSequences
{
    /// <summary>How many connections are known at most.</summary>
    internal const int Capacity = Sets * Ways;

    private const int Sets = 16_384;
    private const int Ways = 4;

    private Connection[]? _connections; // a set's are beside each other, the newest first

    /// <summary>What a packet's numbers are counted from.</summary>
    internal TcpOrigins Of(IpAddress source, IpAddress destination, in TcpView tcp)
    {
        if ((tcp.Flags & TcpFlags.Ack) == 0) return default;
        bool isReverse = tcp.SourcePort > tcp.DestinationPort || (tcp.SourcePort == tcp.DestinationPort && source.Value > destination.Value);
        Key key = isReverse
            ? new Key(destination, source, (uint)tcp.DestinationPort << 16 | tcp.SourcePort)
            : new Key(source, destination, (uint)tcp.SourcePort << 16 | tcp.DestinationPort);
        Span<Connection> set = SetOf(key);
        int at = 0;
        while (at < Ways && set[at].Key != key) at++;
        if (at < Ways && (tcp.Flags & TcpFlags.Syn) == 0)
        {
            Connection known = set[at];
            return isReverse ? new TcpOrigins(known.Second, known.First, known.First) : new TcpOrigins(known.First, known.Second, known.Second);
        }
        uint ours = tcp.Sequence, theirs = tcp.Acknowledgement - 1;
        for (int i = Math.Min(at, Ways - 1); i > 0; i--) set[i] = set[i - 1];
        set[0] = isReverse ? new Connection(key, theirs, ours) : new Connection(key, ours, theirs);
        return new TcpOrigins(0, 0, theirs);
    }

    private Span<Connection> SetOf(in Key key)
    {
        _connections ??= new Connection[Capacity];
        ulong low = (ulong)key.Source.Value ^ (ulong)(key.Source.Value >> 64), high = (ulong)key.Destination.Value ^ (ulong)(key.Destination.Value >> 64);
        ulong hash = (low * 0x9E3779B97F4A7C15 ^ high ^ (ulong)key.Ports << 17) * 0xD6E8FEB86659FD93;
        return _connections.AsSpan((int)(hash >> 50) * Ways, Ways);
    }

    private readonly record struct Key(IpAddress Source, IpAddress Destination, uint Ports);

    /// <summary>A connection, its two origins by the key's order.</summary>
    private readonly record struct Connection(Key Key, uint First, uint Second);
}
