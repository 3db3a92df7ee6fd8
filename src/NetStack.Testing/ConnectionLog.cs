namespace NetStack.Testing;

/// <summary>The two ends of a connection, as the client sees them.</summary>
internal readonly record struct ConnectionKey(IpAddress Client, ushort ClientPort, IpAddress Server, ushort ServerPort)
{
    internal static ConnectionKey Of(in SeenFrame seen, Side sender) => sender == Side.Client
        ? new(seen.Source, seen.SourcePort, seen.Destination, seen.DestinationPort)
        : new(seen.Destination, seen.DestinationPort, seen.Source, seen.SourcePort);
}

/// <summary>Every TCP connection of the network, as seen where frames leave the hosts that made them.</summary>
internal sealed class ConnectionLog(VirtualNetwork net)
{
    private readonly List<ObservedConnection> _all = [];
    private readonly Dictionary<ConnectionKey, ObservedConnection> _latest = [];

    internal IReadOnlyList<ObservedConnection> All => _all;

    /// <summary>A host sends a packet of its own.</summary>
    internal void OnSent(in SeenFrame seen, Instant now)
    {
        if (!seen.IsTcp) return;
        SeenFrame segment = net.AsClientSees(seen);
        ConnectionKey asClient = ConnectionKey.Of(segment, Side.Client);
        if (segment.IsSyn)
        {
            if (!_latest.TryGetValue(asClient, out ObservedConnection? known) || known.Of(Side.Client).IsOtherSyn(segment.Sequence))
            {
                known = new ObservedConnection(asClient, net.ElapsedAt(now));
                _latest[asClient] = known;
                _all.Add(known);
            }
            known.Of(Side.Client).OnSegment(segment);
            return;
        }
        Side sender = Side.Client;
        if (!_latest.TryGetValue(asClient, out ObservedConnection? connection))
        {
            sender = Side.Server;
            if (!_latest.TryGetValue(ConnectionKey.Of(segment, Side.Server), out connection)) return;
        }
        connection.Of(sender).OnSegment(segment);
        if (segment.IsReset) connection.OnClosed(sender, Close.Reset, net.ElapsedAt(now));
        else if (segment.IsFin) connection.OnClosed(sender, Close.Fin, net.ElapsedAt(now));
    }

    /// <summary>The connection of a segment at its client's gate.</summary>
    internal ObservedConnection? Find(in SeenFrame seen, bool isFromClient) =>
        _latest.GetValueOrDefault(ConnectionKey.Of(seen, isFromClient ? Side.Client : Side.Server));

    /// <summary>A fault reset a connection, in the name of a side.</summary>
    internal void OnForged(in SeenFrame seen, bool isFromClient, Side inTheNameOf, Instant now) =>
        Find(seen, isFromClient)?.OnClosed(inTheNameOf, Close.Reset, net.ElapsedAt(now));
}
