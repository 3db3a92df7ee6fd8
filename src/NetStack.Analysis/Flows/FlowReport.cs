using System.Buffers;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Conversations as a table to read or as CSV. The head stands in front of the first row.</summary>
/// <param name="isCsv">CSV (RFC 4180) instead of columns under each other.</param>
/// <param name="analysed">With what the analysis of TCP found.</param>
public sealed class FlowReport(bool isCsv, bool analysed)
{
    private TableText<Flow>? _table;

    /// <summary>Writes conversations in the order they are given.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="flows">The conversations.</param>
    /// <param name="zero">The time that starts are counted from; what is given first counts.</param>
    /// <param name="written">Called after each row, for an output that has to be written out now and then.</param>
    public void Write(IBufferWriter<byte> output, IReadOnlyCollection<Flow> flows, Timestamp? zero, Action? written = null)
    {
        _table ??= new TableText<Flow>(new FlowColumns(zero).Of(analysed), isCsv);
        _table.Write(output, flows, written);
    }
}

/// <summary>Endpoints as a table to read or as CSV.</summary>
public static class EndpointReport
{
    private static readonly Column<Endpoint>[] Columns =
    [
        new("address", "Address", (Endpoint e, ref LineWriter c) => c.Append(e.Address), IsLeft: true),
        new("packets_sent", "Packets sent", (Endpoint e, ref LineWriter c) => c.Append(e.PacketsSent)),
        new("packets_received", "received", (Endpoint e, ref LineWriter c) => c.Append(e.PacketsReceived)),
        new("bytes_sent", "Bytes sent", (Endpoint e, ref LineWriter c) => c.Append(e.BytesSent)),
        new("bytes_received", "received", (Endpoint e, ref LineWriter c) => c.Append(e.BytesReceived)),
    ];

    private static readonly Column<Endpoint> Retransmissions =
        new("retransmissions", "Retrans", (Endpoint e, ref LineWriter c) => c.Append(e.Retransmissions));

    /// <summary>Writes addresses in the order they are given.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="endpoints">The addresses.</param>
    /// <param name="isCsv">CSV (RFC 4180) instead of columns under each other.</param>
    /// <param name="analysed">With what the analysis of TCP found.</param>
    /// <param name="written">Called after each row, for an output that has to be written out now and then.</param>
    public static void Write(IBufferWriter<byte> output, IReadOnlyCollection<Endpoint> endpoints, bool isCsv, bool analysed, Action? written = null) =>
        new TableText<Endpoint>(analysed ? [.. Columns, Retransmissions] : Columns, isCsv).Write(output, endpoints, written);
}
