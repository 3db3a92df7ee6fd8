using System.Reflection;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>The page of a report. Tables are plain HTML, to be read without script; charts stand beside them.</summary>
internal sealed class ReportPage(ReportBuilder report, TextWriter output)
{
    private static readonly (TcpAnalysis Kind, string Name)[] Kinds =
    [
        (TcpAnalysis.Retransmission, "Retransmissions"),
        (TcpAnalysis.FastRetransmission, "of them fast"),
        (TcpAnalysis.SpuriousRetransmission, "of them spurious"),
        (TcpAnalysis.OutOfOrder, "Out of order"),
        (TcpAnalysis.LostSegment, "Previous segment not captured"),
        (TcpAnalysis.AckedUnseenSegment, "ACKed segment not captured"),
        (TcpAnalysis.DuplicateAck, "Duplicate ACKs"),
        (TcpAnalysis.ZeroWindow, "Zero windows"),
        (TcpAnalysis.ZeroWindowProbe, "Zero window probes"),
        (TcpAnalysis.WindowFull, "Windows full"),
        (TcpAnalysis.KeepAlive, "Keep-alives"),
        (TcpAnalysis.PortsReused, "Ports reused"),
    ];

    internal void Write()
    {
        string[] parts = Resource("report.html").Split("<!--tables-->");
        output.Write(parts[0].Replace("/*uplot-css*/", Resource("uPlot.min.css"), StringComparison.Ordinal).Replace("/*css*/", Resource("report.css"), StringComparison.Ordinal));
        Summary();
        output.Write(Resource("charts.html"));
        Conversations();
        output.Write("<div class=\"pair\">");
        Protocols();
        Findings();
        output.Write("</div>");
        Files();
        string end = parts[1].Replace("/*data*/", ReportData.Write(report), StringComparison.Ordinal);
        output.Write(end.Replace("/*uplot*/", Resource("uPlot.iife.min.js"), StringComparison.Ordinal).Replace("/*js*/", Resource("report.js"), StringComparison.Ordinal));
    }

    private static string Resource(string name)
    {
        Assembly assembly = typeof(ReportPage).Assembly;
        using Stream stream = assembly.GetManifestResourceStream("Report/" + name) ?? throw new InvalidOperationException($"{name} is not embedded");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    private void Summary()
    {
        long duration = report.First is { } first && report.Last is { } last ? (long)Int128.Clamp(last - first, 0, long.MaxValue) : 0;
        string files = report.Files.Count == 1 ? ReportText.Name(report.Files[0].Name) : $"{report.Files.Count} captures";
        output.Write($"<header><h1>{files}</h1><p class=\"when\">{(report.First is { } at ? ReportText.Time(at) : "no time stamps")}</p></header><dl class=\"cards\">");
        Card("Packets", ReportText.Count(report.Packets));
        Card("Bytes", ReportText.Bytes(report.Bytes));
        Card("Duration", ReportText.Duration(duration));
        Card("Average rate", duration > 0 ? ReportText.Rate(report.Bytes * 8e9 / duration) : "–");
        Card("TCP connections", ReportText.Count(report.TcpConnections));
        Card("UDP conversations", ReportText.Count(report.UdpConversations));
        Card("Retransmissions", ReportText.Count(Found(TcpAnalysis.Retransmission)));
        Card("Resets", ReportText.Count(report.Resets));
        output.Write("</dl>");
        foreach (ReportFile file in report.Files.Where(f => f.Damage is not null))
            output.Write($"<p class=\"damage\" role=\"note\"><strong>{ReportText.Name(file.Name)}</strong> could not be read to its end: {ReportText.Name(file.Damage!.ToString())}</p>");
    }

    private void Card(string name, string value) => output.Write($"<div><dt>{name}</dt><dd>{value}</dd></div>");

    private void Conversations()
    {
        Begin("Top conversations", "<th scope=\"col\">Conversation</th><th scope=\"col\">Bytes</th><th scope=\"col\">Packets</th><th scope=\"col\">→ / ←</th><th scope=\"col\">Duration</th><th scope=\"col\">Rate</th><th scope=\"col\">Retr.</th><th scope=\"col\">RTT</th><th scope=\"col\">Handshake</th>", "wide");
        foreach (Flow flow in report.Conversations) Conversation(flow);
        End(report.TcpConnections + report.UdpConversations == 0, 9);
    }

    private void Conversation(Flow flow)
    {
        long duration = flow.Duration ?? 0;
        string rate = duration > 0 ? ReportText.Rate(flow.Bytes * 8e9 / duration) : "–";
        long trips = flow.Totals is { } t ? (long)t.AToB.RoundTrips + t.BToA.RoundTrips : 0;
        string roundTrip = trips > 0 ? ReportText.Duration((flow.Totals!.AToB.SumOfRoundTrips + flow.Totals.BToA.SumOfRoundTrips) / trips) : "–";
        string handshake = flow.Totals?.Handshake is { } h ? ReportText.Duration(h) : "–";
        string protocol = flow.Protocol == IpProtocol.Tcp ? "TCP" : "UDP";
        output.Write($"<tr><th scope=\"row\"><span class=\"tag\">{protocol}</span> {ReportText.Name(flow.Key.ToString())}</th><td>{ReportText.Bytes(flow.Bytes)}</td><td>{ReportText.Count(flow.Packets)}</td>");
        output.Write($"<td>{ReportText.Bytes(flow.AToB.Bytes)} / {ReportText.Bytes(flow.BToA.Bytes)}</td><td>{ReportText.Duration(duration)}</td><td>{rate}</td>");
        output.Write($"<td>{(flow.Protocol == IpProtocol.Tcp ? ReportText.Count(flow.Retransmissions) : "–")}</td><td>{roundTrip}</td><td>{handshake}</td></tr>");
    }

    private void Protocols()
    {
        Begin("Protocols", "<th scope=\"col\">Innermost header</th><th scope=\"col\">Packets</th><th scope=\"col\">Bytes</th><th scope=\"col\">Share</th>");
        for (int rank = 0; rank < report.Protocols.Length; rank++)
        {
            int kind = report.Protocols.Select((p, i) => (p.Bytes, p.Packets, i)).Where(p => p.Packets > 0).OrderByDescending(p => p.Bytes).ThenBy(p => p.i).Select(p => p.i).Skip(rank).FirstOrDefault(-1);
            if (kind < 0) break;
            (long packets, long bytes) = report.Protocols[kind];
            double share = report.Bytes > 0 ? 100.0 * bytes / report.Bytes : 0;
            string percent = share.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture);
            output.Write($"<tr><th scope=\"row\">{NameOf((LayerKind)kind)}</th><td>{ReportText.Count(packets)}</td><td>{ReportText.Bytes(bytes)}</td>");
            output.Write($"<td class=\"bar\" style=\"--share:{percent}%\"><span>{percent} %</span></td></tr>");
        }
        End(report.Packets == 0, 4);
    }

    private static string NameOf(LayerKind kind) => kind switch
    {
        LayerKind.None => "not decoded",
        LayerKind.Icmpv6 => "ICMPv6",
        LayerKind.CiscoHdlc => "Cisco HDLC",
        LayerKind.Ethernet or LayerKind.Vlan or LayerKind.Geneve or LayerKind.Authentication or LayerKind.LinuxSll or LayerKind.LinuxSll2 or LayerKind.NullLoopback or LayerKind.Loop => kind.ToString(),
        >= LayerKind.Ipv4 and <= LayerKind.Ipv6Fragment => kind.ToString().Replace("Ipv", "IPv", StringComparison.Ordinal),
        _ => kind.ToString().ToUpperInvariant(),
    };

    private void Findings()
    {
        Begin("TCP events and notes", "<th scope=\"col\">What</th><th scope=\"col\">Packets</th>");
        bool any = false;
        foreach ((TcpAnalysis kind, string name) in Kinds) any |= Finding(name, Found(kind));
        any |= Finding("Resets", report.Resets);
        for (int code = 0; code < report.Notes.Length; code++)
            any |= Finding("Header note: " + System.Text.Encoding.ASCII.GetString(NoteText.Code((NoteCode)code)).Replace('_', ' '), report.Notes[code]);
        End(!any, 2);
    }

    private bool Finding(string name, long count)
    {
        if (count > 0) output.Write($"<tr><th scope=\"row\">{name}</th><td>{ReportText.Count(count)}</td></tr>");
        return count > 0;
    }

    private void Files()
    {
        Begin("Captures and interfaces", "<th scope=\"col\">Capture</th><th scope=\"col\">Interface</th><th scope=\"col\">Link type</th><th scope=\"col\">Snap length</th><th scope=\"col\">Read</th>", "wide");
        foreach (ReportFile file in report.Files)
        {
            string state = file.Damage is null ? "to its end" : ReportText.Name(file.Damage.ToString());
            foreach (CaptureInterface of in file.Interfaces.Take(100))
            {
                string name = string.Join(" – ", new[] { of.Name, of.Description }.Where(t => !string.IsNullOrEmpty(t)));
                string snap = of.SnapLength == 0 ? "none" : ReportText.Count(of.SnapLength);
                output.Write($"<tr><th scope=\"row\">{ReportText.Name(file.Name)}</th><td>{of.Index} {ReportText.Name(name)}</td><td>{ReportText.Name(of.LinkType.ToString())}</td><td>{snap}</td><td>{state}</td></tr>");
            }
        }
        End(report.Files.Count == 0, 5);
    }

    private long Found(TcpAnalysis kind) => report.Findings[System.Numerics.BitOperations.TrailingZeroCount((int)kind)];

    private void Begin(string title, string columns, string kind = "narrow") =>
        output.Write($"<section><h2>{title}</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table class=\"{kind}\"><thead><tr>{columns}</tr></thead><tbody>");

    private void End(bool isEmpty, int columns)
    {
        if (isEmpty) output.Write($"<tr><td colspan=\"{columns}\" class=\"none\">none</td></tr>");
        output.Write("</tbody></table></div></section>");
    }
}
