using System.Diagnostics;
using System.Text.RegularExpressions;
using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>
/// Lines as tcpdump prints them, wherever it is installed. What is not compared is said here, once: see
/// docs/inspect-differences.md.
/// </summary>
public sealed partial class TcpdumpTests
{
    private const string Missing = "tcpdump is not installed";

    public static TheoryData<string, string> Ways()
    {
        TheoryData<string, string> ways = [];
        foreach (var row in SampleCaptures.Names)
        {
            foreach (string letters in new[] { "-tt", "-t", "-ttt", "-tttt", "-ttttt", "-tt -e", "-tt -q", "-e -q", "-tt -S", "-tt -e -S" }) ways.Add(row.Data, letters);
        }
        return ways;
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Every_line_is_tcpdumps_up_to_the_transport_header(string capture, string letters)
    {
        string[] theirs = await Tcpdump([.. letters.Split(' '), "-r", SampleCaptures.PathOf(capture)]);
        ToolRun ours = await Tool.RunAsync(["inspect", "-nn", "--nano", .. letters.Split(' '), "-r", SampleCaptures.PathOf(capture)]);
        Assert.Equal((0, ""), (ours.Exit, ours.Error));
        Assert.Equal(theirs.Length, ours.Lines.Length);
        for (int i = 0; i < theirs.Length; i++) Assert.Equal(Normalise(theirs[i], ours.Lines[i]), ours.Lines[i]);
    }

    [Theory]
    [InlineData("-x"), InlineData("-xx"), InlineData("-X"), InlineData("-XX"), InlineData("-S -xx -X"), InlineData("-A")]
    public async Task Bytes_look_like_tcpdumps(string letters)
    {
        foreach (string capture in SampleCaptures.Names.Select(n => n.Data))
        {
            string[] theirs = Rows(await Tcpdump([.. letters.Split(' '), "-t", "-r", SampleCaptures.PathOf(capture), "not udp and not port 53"]));
            ToolRun ours = await Tool.RunAsync(["inspect", .. letters.Split(' '), "-t", "-r", SampleCaptures.PathOf(capture), "not", "udp", "and", "not", "port", "53"]);
            Assert.Equal(theirs, Rows(ours.Output.Split('\n')[..^1]));
        }

        static string[] Rows(string[] lines) => [.. lines.Where(l => !l.Contains(" > ", StringComparison.Ordinal) && !l.StartsWith("ARP", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task Filters_in_words_choose_what_tcpdump_chooses()
    {
        foreach (string filter in new[] { "tcp port 80", "icmp or icmp6", "not arp and less 100", "tcp[tcpflags] & tcp-syn != 0", "host 192.0.2.2 and (udp or arp)" })
        {
            string[] theirs = await Tcpdump("-tt", "-r", SampleCaptures.PathOf("web"), filter);
            ToolRun ours = await Tool.RunAsync(["inspect", "-nntt", "--nano", SampleCaptures.PathOf("web"), .. filter.Split(' ')]);
            Assert.Equal(theirs.Length, ours.Lines.Length);
        }
    }

    /// <summary>tcpdump reads on where we stop: what a TCP segment carries is cut off, and so is what it makes of a datagram of
    /// a protocol that it knows by port.</summary>
    private static string Normalise(string theirs, string ours)
    {
        Match tcp = TcpLine().Match(theirs);
        if (tcp.Success) return tcp.Value;
        Match datagram = DatagramLine().Match(ours);
        bool isRead = datagram.Success && theirs.StartsWith(datagram.Groups[1].Value, StringComparison.Ordinal) && !theirs.Contains("UDP, length", StringComparison.Ordinal);
        return isRead ? ours : theirs;
    }

    private static async Task<string[]> Tcpdump(params string[] arguments)
    {
        ProcessStartInfo start = new("tcpdump", ["-nn", "--nano", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TZ"] = "UTC";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip(Missing);
            return [];
        }
        using (process)
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, await errors);
            return output.Split('\n')[..^1];
        }
    }

    [GeneratedRegex(@"^.*Flags \[[^]]*\].*?, length \d+(?=[: ]|$)")]
    private static partial Regex TcpLine();

    [GeneratedRegex(@"^(.* > \S+: )UDP, length \d+$")]
    private static partial Regex DatagramLine();
}
