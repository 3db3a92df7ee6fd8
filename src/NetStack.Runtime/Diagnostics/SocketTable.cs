using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NetStack.Tcp;

namespace NetStack;

/// <summary>A list of sockets as text, in the columns of <c>ss -tuna -i</c>.</summary>
public static class SocketTable
{
    private static readonly string[] Titles = ["Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port"];

    /// <summary>Formats sockets, a line each under a line of titles, and a further line of statistics under each connection.</summary>
    /// <param name="sockets">The sockets, as <see cref="NetStackHost.ListSockets"/> gives them.</param>
    /// <param name="withStatistics">Whether the lines of statistics are wanted (<c>-i</c>).</param>
    public static string Format(IEnumerable<SocketInfo> sockets, bool withStatistics = true)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        List<(string[] Columns, string Details, string Statistics)> rows = [.. sockets.Select(s => (Columns(s), Details(s), withStatistics ? Statistics(s) : ""))];
        int[] widths = [.. Titles.Select((title, i) => rows.Select(r => r.Columns[i].Length).Append(title.Length).Max())];
        StringBuilder text = new();
        AppendRow(text, Titles, widths, "");
        foreach ((string[] columns, string details, string statistics) in rows)
        {
            AppendRow(text, columns, widths, details);
            if (statistics.Length > 0) text.Append("\t ").Append(statistics).Append('\n');
        }
        return text.ToString();
    }

    internal static string Line(SocketInfo socket)
    {
        string[] parts = [.. Columns(socket), Details(socket), Statistics(socket)];
        return string.Join(' ', parts.Where(p => p.Length > 0));
    }

    private static void AppendRow(StringBuilder text, string[] columns, int[] widths, string details)
    {
        string row = string.Join("  ", columns.Select((column, i) => column.PadRight(widths[i])).Append(details));
        text.Append(row.AsSpan().TrimEnd()).Append('\n');
    }

    private static string[] Columns(SocketInfo socket) =>
    [
        socket.Protocol switch
        {
            ProtocolType.Tcp => "tcp",
            ProtocolType.Udp => "udp",
            ProtocolType.Icmp => "icmp",
            ProtocolType.IcmpV6 => "icmp6",
            _ => "raw",
        },
        StateOf(socket),
        socket.ReceiveQueue.ToString(CultureInfo.InvariantCulture),
        socket.SendQueue.ToString(CultureInfo.InvariantCulture),
        TextOf(socket.Local, socket),
        socket.Remote is { } remote ? TextOf(remote, socket) : TextOf(new IPEndPoint(socket.Local.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), socket),
    ];

    private static string StateOf(SocketInfo socket) => socket.State switch
    {
        null => socket.Remote is null ? "UNCONN" : "ESTAB",
        TcpState.Listen => "LISTEN",
        TcpState.SynSent => "SYN-SENT",
        TcpState.SynReceived => "SYN-RECV",
        TcpState.Established => "ESTAB",
        TcpState.FinWait1 => "FIN-WAIT-1",
        TcpState.FinWait2 => "FIN-WAIT-2",
        TcpState.CloseWait => "CLOSE-WAIT",
        TcpState.Closing => "CLOSING",
        TcpState.LastAck => "LAST-ACK",
        TcpState.TimeWait => "TIME-WAIT",
        _ => "CLOSED",
    };

    private static string TextOf(IPEndPoint endPoint, SocketInfo socket)
    {
        string port = endPoint.Port == 0 ? "*" : endPoint.Port.ToString(CultureInfo.InvariantCulture);
        string scope = socket.Interface is null ? "" : $"%{socket.Interface}";
        bool isAny = endPoint.Address.Equals(IPAddress.IPv6Any) && socket.IsDualMode;
        if (isAny) return $"*{scope}:{port}";
        IPAddress address = endPoint.Address;
        if (address.AddressFamily == AddressFamily.InterNetwork) return $"{address}{scope}:{port}";
        return $"[{new IPAddress(address.GetAddressBytes())}]{scope}:{port}"; // the scope is told by name
    }

    /// <summary>What is told beside the columns.</summary>
    private static string Details(SocketInfo socket)
    {
        if (socket.Expires is { } rest) return string.Create(CultureInfo.InvariantCulture, $"timer:(timewait,{rest.TotalSeconds:0.#}sec,0)");
        if (socket.State == TcpState.Listen && socket.HalfOpen > 0) return string.Create(CultureInfo.InvariantCulture, $"synq:{socket.HalfOpen}");
        return socket.Dropped > 0 ? string.Create(CultureInfo.InvariantCulture, $"drops:{socket.Dropped}") : "";
    }

    private static string Statistics(SocketInfo socket)
    {
        if (socket.Tcp is not { } info) return "";
        StringBuilder text = new();
        if (info.Timestamps) text.Append(" ts");
        if (info.Sack) text.Append(" sack");
        if (info.Ecn) text.Append(" ecn");
        if (info.SendWindowScale >= 0) Append(text, $" wscale:{info.SendWindowScale},{info.ReceiveWindowScale}");
        Append(text, $" rto:{info.Rto.TotalMilliseconds:0.###}");
        if (info.Backoff > 0) Append(text, $" backoff:{info.Backoff}");
        if (info.SmoothedRtt > TimeSpan.Zero) Append(text, $" rtt:{info.SmoothedRtt.TotalMilliseconds:0.###}/{info.RttVariation.TotalMilliseconds:0.###}");
        Append(text, $" mss:{info.SendMss} rcvmss:{info.ReceiveMss} cwnd:{Segments(info.CongestionWindow, info)}");
        if (info.SlowStartThreshold != long.MaxValue) Append(text, $" ssthresh:{Segments(info.SlowStartThreshold, info)}");
        Append(text, $" bytes_acked:{info.BytesAcknowledged} bytes_received:{info.BytesReceived}");
        if (info.BytesOutstanding > 0) Append(text, $" unacked:{Segments(info.BytesOutstanding, info)}");
        if (info.Retransmitted > 0) Append(text, $" retrans:{Segments(info.BytesSentAgain, info)}/{info.Retransmitted}");
        if (info.BytesLost > 0) Append(text, $" lost:{Segments(info.BytesLost, info)}");
        if (info.SegmentsSacked > 0) Append(text, $" sacked:{info.SegmentsSacked}");
        if (info.BytesUnsent > 0) Append(text, $" notsent:{info.BytesUnsent}");
        Append(text, $" rcv_wnd:{info.ReceiveWindow} snd_wnd:{info.SendWindow}");
        if (info.MinRtt > TimeSpan.Zero) Append(text, $" minrtt:{info.MinRtt.TotalMilliseconds:0.###}");
        return text.ToString(1, text.Length - 1);
    }

    private static void Append(StringBuilder text, FormattableString part) => text.Append(part.ToString(CultureInfo.InvariantCulture));

    /// <summary>Bytes in segments, as <c>ss</c> counts windows and flights; a begun one counts.</summary>
    private static long Segments(long bytes, in TcpInfo info) => info.SendMss <= 0 ? bytes : (bytes + info.SendMss - 1) / info.SendMss;
}
