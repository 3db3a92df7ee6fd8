namespace NetStack.Tcp;

/// <summary>An entry of TCP's tables: a listener, a connection, a half-open one, or what is left of one in TIME-WAIT.</summary>
/// <param name="State">Its state.</param>
/// <param name="Local">Our address and port.</param>
/// <param name="Remote">The peer's; no address for a listener.</param>
public readonly record struct TcpTableEntry(TcpState State, TcpEndpoint Local, TcpEndpoint Remote)
{
    /// <summary>The interface it is bound to, or that a link-local address means; null for any.</summary>
    public int? Interface { get; init; }

    /// <summary>Whether a listener takes both families.</summary>
    public bool IsDualMode { get; init; }

    /// <summary>The connection; null for a listener, a half-open one, and in TIME-WAIT.</summary>
    public TcpConnection? Connection { get; init; }

    /// <summary>The listener, also that of a half-open connection.</summary>
    public TcpListener? Listener { get; init; }

    /// <summary>When TIME-WAIT is over; null in other states.</summary>
    public Instant? Expires { get; init; }
}

/// <summary>What there is, for whoever wants to see it.</summary>
public sealed partial class TcpLayer
{
    /// <summary>States a connection can have: the length that <see cref="CountStates"/> wants.</summary>
    public const int StateCount = (int)TcpState.TimeWait + 1;

    /// <summary>Every listener, then everything in the connection table, as of now, in no order.</summary>
    public IReadOnlyList<TcpTableEntry> ListSockets()
    {
        List<TcpTableEntry> entries = new(_flows.Count + _ports.Count);
        foreach (TcpListener listener in _ports.Listeners)
        {
            TcpBindOptions bind = listener.Binding.Options;
            bool isDual = bind.Local.Address.IsNone || (bind.Local.Address is { IsV6: true, IsUnspecified: true } && bind.DualMode);
            entries.Add(new TcpTableEntry(TcpState.Listen, bind.Local, default) { Listener = listener, Interface = bind.Interface, IsDualMode = isDual });
        }
        foreach ((FourTuple tuple, ITcpFlow flow) in _flows) entries.Add(EntryOf(tuple, flow));
        return entries;
    }

    /// <summary>The state of one connection, half-open or in TIME-WAIT included; null where there is none. Not for link-local addresses.</summary>
    public TcpState? FindState(TcpEndpoint local, TcpEndpoint remote) =>
        _flows.TryGetValue(FourTuple.Of(local, remote, 0), out ITcpFlow? flow) ? StateOf(flow) : null;

    /// <summary>Every listener, as of now, in no order.</summary>
    public IReadOnlyList<TcpListener> ListListeners() => [.. _ports.Listeners];

    /// <summary>Counts listeners and connections by state. It goes through the whole table.</summary>
    /// <param name="counts">Receives a count for each <see cref="TcpState"/>, by its number; <see cref="StateCount"/> long.</param>
    public void CountStates(Span<int> counts)
    {
        counts = counts[..StateCount];
        counts.Clear();
        counts[(int)TcpState.Listen] = _ports.Listeners.Count();
        foreach (ITcpFlow flow in _flows.Values) counts[(int)StateOf(flow)]++;
    }

    private TcpTableEntry EntryOf(in FourTuple tuple, ITcpFlow flow)
    {
        TcpTableEntry entry = new(StateOf(flow), tuple.Local, tuple.Remote) { Interface = tuple.Scope == 0 ? null : tuple.Scope };
        return flow switch
        {
            TcpConnection connection => entry with { Connection = connection },
            PassiveOpen open => entry with { Listener = open.Listener },
            TimeWaitEntry waiting => entry with { Expires = _deadlines.DeadlineOf(waiting) },
            _ => entry,
        };
    }

    private static TcpState StateOf(ITcpFlow flow) => flow switch
    {
        TcpConnection connection => connection.State,
        PassiveOpen => TcpState.SynReceived,
        _ => TcpState.TimeWait,
    };
}
