using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>The page that <see cref="ReportBuilder"/> writes.</summary>
public sealed class ReportTests
{
    [Fact]
    public void A_page_needs_nothing_from_anywhere()
    {
        string page = Page("web", "tls", "lossy");
        Assert.DoesNotMatch(new Regex("(src|href)\\s*=", RegexOptions.IgnoreCase), Regex.Replace(page, "<script>.*?</script>", "", RegexOptions.Singleline));
        Assert.DoesNotContain("@import", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", page, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.Contains("name=\"viewport\"", page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme:dark", page, StringComparison.Ordinal);
        Assert.Contains("@media print", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_numbers_add_up_to_the_capture()
    {
        ReportBuilder report = Build("lossy");
        using JsonDocument data = JsonDocument.Parse(ReportData.Write(report));
        JsonElement root = data.RootElement;
        Assert.Equal(report.Packets, Sum(root, "packets"));
        Assert.Equal(report.Bytes, Sum(root, "forward") + Sum(root, "reverse") + Sum(root, "other"));
        Assert.Equal(54, Sum(root, "retransmissions"));
        Assert.Equal(54, report.Findings[0]);
        Assert.True(report.Handshakes.Total > 0 && report.RoundTrips.Total > 0);
    }

    [Theory]
    [InlineData("</script><script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("\"><svg onload=alert(1)>")]
    [InlineData("/*data*/<!--tables-->/*uplot*/")]
    [InlineData("\u2028\u0000&lt;'")]
    [InlineData("\u001b]0;title\u0007\u009b31m\n")]
    public void Hostile_names_stay_text(string name)
    {
        ReportBuilder report = Build("web");
        report.AddFile(name, [new CaptureInterface(0, LinkType.Ethernet, 0, TimeResolution.Microseconds, 0, name, name)], new CaptureDamage("bad_block", 7, name));
        string page = Write(report);
        string plain = Page("web");
        Assert.Equal(Controls(plain), Controls(page)); // a page on standard output must not steer the terminal
        foreach (string tag in new[] { "<script", "</script", "<img", "<svg" })
            Assert.Equal(Regex.Count(plain, tag, RegexOptions.IgnoreCase), Regex.Count(page, tag, RegexOptions.IgnoreCase));
        string json = Regex.Match(page, "id=\"data\">(.*?)</script>", RegexOptions.Singleline).Groups[1].Value;
        using JsonDocument data = JsonDocument.Parse(json);
        Assert.Equal(JsonValueKind.Object, data.RootElement.ValueKind);
    }

    private static string Controls(string page) => string.Concat(page.Where(c => char.IsControl(c) && c != '\n').Distinct());

    [Fact]
    public void A_page_of_no_packets_says_so()
    {
        string page = Write(new ReportBuilder());
        Assert.Contains("no time stamps", page, StringComparison.Ordinal);
        Assert.Contains("class=\"none\">none", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_series_keeps_every_byte_and_its_size(int seed)
    {
        Random random = new(seed);
        TimeSeries series = new();
        long bytes = 0;
        for (int i = 0; i < 20_000; i++)
        {
            long time = (long)(random.NextDouble() * Math.Pow(10, random.Next(3, 19)));
            int size = random.Next(2000);
            series.At(i % 100 == 0 ? -time : time).Forward += size;
            bytes += size;
        }
        long sum = 0;
        for (int i = 0; i < series.Count; i++) sum += series[i].Forward;
        Assert.Equal(bytes, sum);
        Assert.InRange(series.Count, 1, TimeSeries.MaxBuckets);
        series.At(long.MaxValue).Forward++;
        Assert.InRange(series.Count, 1, TimeSeries.MaxBuckets);
    }

    [Fact]
    public void Charts_are_drawn_by_the_files_that_the_notice_names()
    {
        string folder = RepositoryRoot.PathOf("third_party", "uplot");
        string notice = File.ReadAllText(Path.Combine(folder, "README.md"));
        foreach (string name in new[] { "uPlot.iife.min.js", "uPlot.min.css" })
            Assert.Contains($"| {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, name))))} |", notice, StringComparison.Ordinal);
        Assert.Contains("The MIT License", File.ReadAllText(Path.Combine(folder, "LICENSE")), StringComparison.Ordinal);
    }

    internal static string Page(params string[] captures) => Write(Build(captures));

    private static ReportBuilder Build(params string[] captures)
    {
        ReportBuilder report = new();
        FlowTable flows = new(1000);
        foreach (string name in captures)
        {
            using CaptureReader capture = CaptureReader.Open(SampleCaptures.PathOf(name));
            while (capture.TryRead(out CaptureRecord record))
            {
                PacketHeaders packet = PacketHeaders.Decode(record);
                report.Add(packet, flows.Add(packet));
            }
            report.AddFile(name, capture.Interfaces, capture.Damage);
        }
        return report;
    }

    private static string Write(ReportBuilder report)
    {
        using StringWriter text = new();
        report.Write(text);
        return text.ToString();
    }

    private static long Sum(JsonElement root, string column) => root.GetProperty(column).EnumerateArray().Sum(v => v.GetInt64());
}
