using System.Globalization;
using NetStack.TestCaptures;

namespace NetStack.Analysis.Tests;

/// <summary>The TCP analysis against tshark's.</summary>
public sealed class TcpAnalysisDifferentialTests(ITestOutputHelper output)
{
    // Of a capture, in bytes: the smaller ones take a process each, and say little.
    private static readonly int LeastBytes = LongTests.Asked ? 12_000 : 100_000;

    // What differs for the reasons that docs/inspect-differences.md gives, and the most of it that is let pass.
    private static readonly Dictionary<string, int> ExplainedOfReal = new(StringComparer.Ordinal)
    {
        ["ack_lost_segment"] = 34, // all other kinds of 15,520 segments agree
        ["reused_ports"] = 4,
        ["tcp.ack"] = 5, // of one capture where a later SYN with ACK has another number
        ["tcp.seq"] = 3,
        ["tcp.nxtseq"] = 3,
        ["tcp.window_size"] = 51,
        ["tcp.window_size_scalefactor"] = 53,
        ["tcp.analysis.rto"] = 38,
        ["tcp.analysis.rto_frame"] = 38,
        ["tcp.analysis.ack_rtt"] = 36, // a round trip of 0 is not told by them
        ["tcp.analysis.acks_frame"] = 2,
        ["tcp.analysis.initial_rtt"] = 4,
        ["tcp.stream"] = 24, // they number conversations that other protocols announce, too
        ["tcp.time_delta"] = 12, // since the latest packet of the stream, not of its time, where times run backwards
    };

    private static readonly Dictionary<string, int> ExplainedOfMadeUp = new(StringComparer.Ordinal)
    {
        ["ack_lost_segment"] = 600, // of about 1,700 a seed: their rule spends the other side's count of duplicate ACKs
        ["tcp.analysis.duplicate_ack_num"] = 130, // of 1,900: the same
        ["fast_retransmission"] = 24, // of 260: the same
        ["out_of_order"] = 30, // of 260: the same, and another initial round trip
        ["retransmission"] = 30, // of 1,500: the same
        ["tcp.analysis.rto"] = 35, // of 650: the same
        ["tcp.analysis.rto_frame"] = 35,
        ["tcp.analysis.bytes_in_flight"] = 20, // of 7,000: SACK blocks that cannot be
        ["tcp.analysis.push_bytes_sent"] = 10, // of 7,000: the same
        ["tcp.analysis.initial_rtt"] = 2000, // of 9,000: they end a handshake with any side's ACK
    };

    [Fact]
    public void The_sample_captures_are_judged_as_tshark_does()
    {
        Tshark.SkipWhereAbsent();
        Agreement agreement = new();
        foreach (string name in SampleCaptures.Names.Select(n => n.Data)) agreement.Compare(SampleCaptures.PathOf(name));
        Report(agreement);
        Assert.Equal(0, agreement.AllDiffering);
    }

    [Fact]
    public void The_real_captures_are_judged_as_tshark_does()
    {
        Tshark.SkipWhereAbsent();
        string folder = RepositoryRoot.PathOf("..", "shared", "captures");
        Assert.SkipUnless(Directory.Exists(folder), "there are no captures in ../shared/captures beside the repository");
        Agreement agreement = new();
        foreach (string line in File.ReadLines(Path.Combine(folder, "MANIFEST.csv")).Skip(1))
        {
            string file = Path.Combine(folder, "files", line.Split(',')[0]);
            bool hasTcp = line.Contains("syn:", StringComparison.Ordinal) || line.Contains("fin:", StringComparison.Ordinal);
            if (hasTcp && new FileInfo(file).Length > LeastBytes) agreement.Compare(file);
        }
        Report(agreement);
        CheckAllBut(agreement, ExplainedOfReal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Made_up_connections_are_judged_as_tshark_does(int seed)
    {
        Tshark.SkipWhereAbsent();
        string path = Path.Combine(Path.GetTempPath(), $"netstack-tcp-{seed}-{Environment.ProcessId}.pcap");
        try
        {
            MadeUpConnections.Write(path, seed, connections: 400);
            Agreement agreement = new();
            agreement.Compare(path);
            Report(agreement);
            CheckAllBut(agreement, ExplainedOfMadeUp);
        }
        finally
        {
            if (Environment.GetEnvironmentVariable("KEEP_CAPTURES") is null) File.Delete(path);
        }
    }

    private static void CheckAllBut(Agreement agreement, Dictionary<string, int> explained)
    {
        foreach (string name in Tshark.Kinds.Select(k => k.Field).Concat(Tshark.ValueFields))
            Assert.True(agreement.Differing(name) <= explained.GetValueOrDefault(name), $"{name}: {agreement.Differing(name)} differ");
    }

    private void Report(Agreement agreement)
    {
        output.WriteLine(agreement.Table());
        foreach (string difference in agreement.Differences.Take(int.Parse(Environment.GetEnvironmentVariable("MOST_DIFFERENCES") ?? "40", CultureInfo.InvariantCulture))) output.WriteLine(difference);
    }
}
