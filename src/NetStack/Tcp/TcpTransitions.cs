using System.Text;

namespace NetStack.Tcp;

/// <summary>
/// The state diagram of RFC 9293 section 3.3.2 as a table. A connection changes its state only by asking here, so an edge that
/// is not listed cannot be taken.
/// </summary>
/// <remarks>A close before the connection is established is carried out once it is, as section 3.10.4 allows where data may be
/// queued: the edge SYN-RECEIVED to FIN-WAIT-1 is taken by way of ESTABLISHED.</remarks>
public static class TcpTransitions
{
    private const int Triggers = (int)TcpTrigger.Abort + 1;

    private static readonly (TcpState From, TcpTrigger Trigger, TcpState To)[] Edges =
    [
        (TcpState.Closed, TcpTrigger.ActiveOpen, TcpState.SynSent),
        (TcpState.Closed, TcpTrigger.PassiveOpen, TcpState.Listen),
        (TcpState.Listen, TcpTrigger.ReceiveSyn, TcpState.SynReceived),
        (TcpState.Listen, TcpTrigger.Close, TcpState.Closed),
        (TcpState.SynSent, TcpTrigger.ReceiveSyn, TcpState.SynReceived),
        (TcpState.SynSent, TcpTrigger.ReceiveSynAck, TcpState.Established),
        (TcpState.SynSent, TcpTrigger.Close, TcpState.Closed),
        (TcpState.SynSent, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.SynReceived, TcpTrigger.ReceiveAckOfSyn, TcpState.Established),
        (TcpState.SynReceived, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.Established, TcpTrigger.Close, TcpState.FinWait1),
        (TcpState.Established, TcpTrigger.ReceiveFin, TcpState.CloseWait),
        (TcpState.Established, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.FinWait1, TcpTrigger.ReceiveAckOfFin, TcpState.FinWait2),
        (TcpState.FinWait1, TcpTrigger.ReceiveFin, TcpState.Closing),
        (TcpState.FinWait1, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.FinWait2, TcpTrigger.ReceiveFin, TcpState.TimeWait),
        (TcpState.FinWait2, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.CloseWait, TcpTrigger.Close, TcpState.LastAck),
        (TcpState.CloseWait, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.Closing, TcpTrigger.ReceiveAckOfFin, TcpState.TimeWait),
        (TcpState.Closing, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.LastAck, TcpTrigger.ReceiveAckOfFin, TcpState.Closed),
        (TcpState.LastAck, TcpTrigger.Abort, TcpState.Closed),
        (TcpState.TimeWait, TcpTrigger.TimeWaitOver, TcpState.Closed),
        (TcpState.TimeWait, TcpTrigger.Abort, TcpState.Closed),
    ];

    private static readonly sbyte[] Table = Fill();

    /// <summary>Whether a trigger may occur in a state.</summary>
    public static bool Allows(TcpState from, TcpTrigger trigger) => Table[(int)from * Triggers + (int)trigger] >= 0;

    /// <summary>The state after a trigger.</summary>
    /// <exception cref="InvalidOperationException">The diagram has no such edge: an error in this library.</exception>
    public static TcpState Next(TcpState from, TcpTrigger trigger)
    {
        int to = Table[(int)from * Triggers + (int)trigger];
        return to >= 0 ? (TcpState)to : throw new InvalidOperationException($"There is no edge {trigger} from {from}.");
    }

    /// <summary>The diagram in the DOT language.</summary>
    public static string ToDot()
    {
        StringBuilder text = new("digraph tcp {\n    rankdir=TB;\n");
        foreach ((TcpState from, TcpTrigger trigger, TcpState to) in Edges) text.Append($"    {from} -> {to} [label=\"{trigger}\"];\n");
        return text.Append("}\n").ToString();
    }

    private static sbyte[] Fill()
    {
        sbyte[] table = new sbyte[((int)TcpState.TimeWait + 1) * Triggers];
        table.AsSpan().Fill(-1);
        foreach ((TcpState from, TcpTrigger trigger, TcpState to) in Edges) table[(int)from * Triggers + (int)trigger] = (sbyte)to;
        return table;
    }
}
