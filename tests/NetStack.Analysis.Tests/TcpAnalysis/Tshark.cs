using System.Diagnostics;
using System.Globalization;

namespace NetStack.Analysis.Tests;

/// <summary>What tshark says of the TCP segments of a capture, where it is installed.</summary>
internal static class Tshark
{
    private const string Tool = "/usr/bin/tshark";

    /// <summary>The flag fields, by what they are called here.</summary>
    internal static readonly (TcpAnalysis Kind, string Field)[] Kinds =
    [
        (TcpAnalysis.Retransmission, "retransmission"),
        (TcpAnalysis.FastRetransmission, "fast_retransmission"),
        (TcpAnalysis.SpuriousRetransmission, "spurious_retransmission"),
        (TcpAnalysis.OutOfOrder, "out_of_order"),
        (TcpAnalysis.LostSegment, "lost_segment"),
        (TcpAnalysis.AckedUnseenSegment, "ack_lost_segment"),
        (TcpAnalysis.DuplicateAck, "duplicate_ack"),
        (TcpAnalysis.ZeroWindow, "zero_window"),
        (TcpAnalysis.ZeroWindowProbe, "zero_window_probe"),
        (TcpAnalysis.ZeroWindowProbeAck, "zero_window_probe_ack"),
        (TcpAnalysis.WindowFull, "window_full"),
        (TcpAnalysis.WindowUpdate, "window_update"),
        (TcpAnalysis.KeepAlive, "keep_alive"),
        (TcpAnalysis.KeepAliveAck, "keep_alive_ack"),
        (TcpAnalysis.PortsReused, "reused_ports"),
    ];

    /// <summary>The fields with a value, in the order in which <see cref="Values"/> gives ours.</summary>
    internal static readonly string[] ValueFields =
    [
        "tcp.stream", "tcp.seq", "tcp.nxtseq", "tcp.ack", "tcp.window_size", "tcp.window_size_scalefactor", "tcp.time_relative", "tcp.time_delta",
        "tcp.analysis.acks_frame", "tcp.analysis.ack_rtt", "tcp.analysis.initial_rtt", "tcp.analysis.bytes_in_flight", "tcp.analysis.push_bytes_sent",
        "tcp.analysis.duplicate_ack_num", "tcp.analysis.duplicate_ack_frame", "tcp.analysis.rto", "tcp.analysis.rto_frame",
    ];

    internal static void SkipWhereAbsent() => Assert.SkipUnless(File.Exists(Tool), $"{Tool} is not installed");

    /// <summary>The segments of a capture: those of packets with one TCP header, that no error message quotes.</summary>
    internal static Dictionary<long, Row> Read(string path)
    {
        ProcessStartInfo start = new(Tool) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] options = ["-r", path, "-n", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "tcp && !icmp && !icmpv6", "-T", "fields", "-e", "frame.number"];
        foreach (string option in options) start.ArgumentList.Add(option);
        foreach (string field in Kinds.Select(k => "tcp.analysis." + k.Field).Concat(ValueFields))
        {
            start.ArgumentList.Add("-e");
            start.ArgumentList.Add(field);
        }
        using Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        Dictionary<long, Row> rows = [];
        while (process.StandardOutput.ReadLine() is { } line)
        {
            string[] cells = line.Split('\t');
            if (cells[1 + Kinds.Length].Contains(',', StringComparison.Ordinal)) continue; // two TCP headers
            TcpAnalysis analysis = TcpAnalysis.None;
            for (int i = 0; i < Kinds.Length; i++)
            {
                if (cells[1 + i].Length > 0) analysis |= Kinds[i].Kind;
            }
            rows[long.Parse(cells[0], CultureInfo.InvariantCulture)] = new Row(analysis, cells[(1 + Kinds.Length)..]);
        }
        process.WaitForExit();
        return rows;
    }

    /// <summary>Our values, as tshark writes them.</summary>
    internal static string[] Values(in FlowPacket packet) =>
    [
        Text(packet.Stream), Text(packet.RelativeSequence), Text(packet.NextSequence), Text(packet.RelativeAcknowledgment), Text(packet.ScaledWindow),
        packet.WindowScale == 0 ? "" : Text(packet.WindowScale), Seconds(packet.SinceFirst), Seconds(packet.SincePrevious),
        Some(packet.AcknowledgedPacket), Seconds(packet.RoundTrip), Seconds(packet.InitialRoundTrip), Some(packet.BytesInFlight), Some(packet.BytesSincePush),
        Some(packet.DuplicateAckNumber), Some(packet.DuplicateAckPacket), Seconds(packet.RetransmissionTimeout), Some(packet.RetransmittedPacket),
    ];

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Some(long value) => value == 0 ? "" : Text(value);

    private static string Seconds(long? nanoseconds) =>
        nanoseconds is { } n ? string.Create(CultureInfo.InvariantCulture, $"{(n < 0 ? "-" : "")}{Math.Abs(n) / 1_000_000_000}.{Math.Abs(n) % 1_000_000_000:D9}") : "";

    /// <summary>One segment.</summary>
    internal sealed record Row(TcpAnalysis Analysis, string[] Values);
}
