using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>The columns of a table of conversations.</summary>
/// <param name="zero">The time that starts are counted from.</param>
internal sealed class FlowColumns(Timestamp? zero)
{
    private static readonly Column<Flow>[] Ends =
    [
        new("proto", "Proto", (Flow f, ref LineWriter c) => c.Append(FlowJson.ProtocolName(f.Protocol)), IsLeft: true),
        new("a", "A", (Flow f, ref LineWriter c) => FlowKey.AppendEnd(ref c, f.Key.A, f.Key.PortA), IsLeft: true),
        new("b", "B", (Flow f, ref LineWriter c) => FlowKey.AppendEnd(ref c, f.Key.B, f.Key.PortB), IsLeft: true),
    ];

    private static readonly Column<Flow>[] Counts =
    [
        new("packets_ab", "Packets ->", (Flow f, ref LineWriter c) => c.Append(f.AToB.Packets)),
        new("packets_ba", "<-", (Flow f, ref LineWriter c) => c.Append(f.BToA.Packets)),
        new("bytes_ab", "Bytes ->", (Flow f, ref LineWriter c) => c.Append(f.AToB.Bytes)),
        new("bytes_ba", "<-", (Flow f, ref LineWriter c) => c.Append(f.BToA.Bytes)),
        new("payload_bytes_ab", null, (Flow f, ref LineWriter c) => c.Append(f.AToB.PayloadBytes)),
        new("payload_bytes_ba", null, (Flow f, ref LineWriter c) => c.Append(f.BToA.PayloadBytes)),
        new("first_frame", null, (Flow f, ref LineWriter c) => c.Append(f.FirstFrame)),
        new("last_frame", null, (Flow f, ref LineWriter c) => c.Append(f.LastFrame)),
        new("first_ts", null, (Flow f, ref LineWriter c) => Time(ref c, f.FirstTime)),
        new("last_ts", null, (Flow f, ref LineWriter c) => Time(ref c, f.LastTime)),
    ];

    private static readonly Column<Flow>[] Rates =
    [
        new("duration", "Seconds", (Flow f, ref LineWriter c) => Seconds(ref c, f.Duration)),
        new("bits_per_second_ab", "Bit/s ->", (Flow f, ref LineWriter c) => Rate(ref c, f.AToB, f.Duration)),
        new("bits_per_second_ba", "<-", (Flow f, ref LineWriter c) => Rate(ref c, f.BToA, f.Duration)),
    ];

    private static readonly Column<Flow>[] Analysis =
    [
        .. Both("retransmissions", "Retrans", d => d.Retransmissions),
        .. Both("out_of_order", "OutOfOrder", d => d.OutOfOrder),
        .. Both("lost_segments", null, d => d.LostSegments),
        .. Both("duplicate_acks", "DupAck", d => d.DuplicateAcks),
        .. Both("zero_windows", "ZeroWin", d => d.ZeroWindows),
        .. Both("window_fulls", null, d => d.WindowFulls),
        .. Both("resets", "Reset", d => d.Resets),
        new("handshake", "Handshake ms", (Flow f, ref LineWriter c) => Milliseconds(ref c, f.Totals?.Handshake), InCsv: false),
        new("rtt_min", "RTT min ms", (Flow f, ref LineWriter c) => Milliseconds(ref c, FlowJson.LeastRoundTrip(f)), InCsv: false),
        new("rtt_avg", "avg ms", (Flow f, ref LineWriter c) => Milliseconds(ref c, FlowJson.MeanRoundTrip(f)), InCsv: false),
        new("handshake", null, (Flow f, ref LineWriter c) => Seconds(ref c, f.Totals?.Handshake)),
        new("rtt_min", null, (Flow f, ref LineWriter c) => Seconds(ref c, FlowJson.LeastRoundTrip(f))),
        new("rtt_avg", null, (Flow f, ref LineWriter c) => Seconds(ref c, FlowJson.MeanRoundTrip(f))),
    ];

    /// <summary>The columns, in order.</summary>
    /// <param name="analysed">With those of the TCP analysis.</param>
    internal IEnumerable<Column<Flow>> Of(bool analysed) => [.. Ends, .. Counts, Start, .. Rates, .. analysed ? Analysis : []];

    private Column<Flow> Start => new("start", "Start", (Flow f, ref LineWriter c) =>
    {
        if (f.FirstTime is { } at && zero is { } origin) TimeText.AppendSeconds(ref c, at - origin, nine: false);
    }, InCsv: false);

    private static Column<Flow>[] Both(string name, string? title, Func<TcpDirection, int> value) =>
    [
        new(name + "_ab", title is null ? null : title + " ->", (Flow f, ref LineWriter c) => Count(ref c, f.Totals is { } t ? value(t.AToB) : null)),
        new(name + "_ba", title is null ? null : "<-", (Flow f, ref LineWriter c) => Count(ref c, f.Totals is { } t ? value(t.BToA) : null)),
    ];

    private static void Count(ref LineWriter cell, int? value)
    {
        if (value is { } count) cell.Append(count);
    }

    private static void Time(ref LineWriter cell, Timestamp? time)
    {
        if (time is { } at) TimeText.AppendSeconds(ref cell, at.TotalNanoseconds);
    }

    private static void Seconds(ref LineWriter cell, long? nanoseconds)
    {
        if (nanoseconds is { } known) TimeText.AppendSeconds(ref cell, known, nine: false);
    }

    private static void Milliseconds(ref LineWriter cell, long? nanoseconds)
    {
        if (nanoseconds is not { } known) return;
        cell.Append(known / 1_000_000);
        cell.Append('.');
        cell.AppendPadded(known / 1000 % 1000, 3);
    }

    private static void Rate(ref LineWriter cell, in FlowDirection direction, long? duration)
    {
        if (duration is > 0 and { } nanoseconds) cell.Append((long)(direction.Bytes * 8e9 / nanoseconds));
    }
}
