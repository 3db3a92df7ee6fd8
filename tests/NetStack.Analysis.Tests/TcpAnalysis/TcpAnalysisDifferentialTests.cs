using System.Globalization;
using NetStack.TestCaptures;

namespace NetStack.Analysis.Tests;

/// <summary>The TCP analysis against tshark's.</summary>
public sealed class TcpAnalysisDifferentialTests(ITestOutputHelper output)
{
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
            if (line.Contains("syn:", StringComparison.Ordinal) || line.Contains("fin:", StringComparison.Ordinal)) agreement.Compare(file);
        }
        Report(agreement);
        Assert.Equal(0, agreement.AllDiffering);
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
            Assert.Equal(0, agreement.AllDiffering);
        }
        finally
        {
            if (Environment.GetEnvironmentVariable("KEEP_CAPTURES") is null) File.Delete(path);
        }
    }

    private void Report(Agreement agreement)
    {
        output.WriteLine(agreement.Table());
        foreach (string difference in agreement.Differences.Take(int.Parse(Environment.GetEnvironmentVariable("MOST_DIFFERENCES") ?? "40", CultureInfo.InvariantCulture))) output.WriteLine(difference);
    }
}
