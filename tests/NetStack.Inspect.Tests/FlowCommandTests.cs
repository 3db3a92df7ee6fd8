using System.Text.Json;
using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>conversations, endpoints and top: three forms of one count.</summary>
public sealed class FlowCommandTests
{
    private static readonly string Web = SampleCaptures.PathOf("web");

    public static TheoryData<string> Commands => ["conversations", "endpoints", "top"];

    [Theory, MemberData(nameof(Commands))]
    public async Task Table_csv_and_json_have_the_same_rows(string command)
    {
        string[] table = (await Run(command, Web)).Lines, csv = [.. (await Run(command, "--csv", Web)).Lines.Select(l => l.TrimEnd())], json = (await Run(command, "--json", Web)).Lines;
        Assert.InRange(json.Length, 2, 100);
        Assert.Equal(json.Length + 1, table.Length);
        Assert.Equal(json.Length + 1, csv.Length);
        string[] names = csv[0].Split(',');
        for (int i = 0; i < json.Length; i++)
        {
            using JsonDocument row = JsonDocument.Parse(json[i]);
            string[] cells = csv[i + 1].Split(',');
            foreach (string name in names.Where(n => row.RootElement.TryGetProperty(n, out _)))
            {
                string cell = cells[Array.IndexOf(names, name)];
                Assert.Equal(row.RootElement.GetProperty(name).ToString(), cell);
                if (name is "a" or "b" or "address" or "proto" || name.StartsWith("packets", StringComparison.Ordinal))
                    Assert.Contains(cell, table[i + 1].Split(' '));
            }
        }
    }

    [Fact]
    public async Task Every_packet_of_tcp_and_udp_is_of_a_conversation()
    {
        long counted = (await Run("conversations", "--json", Web)).Lines.Sum(l => Number(l, "packets_ab") + Number(l, "packets_ba"));
        Assert.Equal((await Run("inspect", Web, "tcp", "or", "udp")).Lines.Length, counted);
    }

    [Fact]
    public async Task Top_is_ordered_by_what_was_asked_and_no_longer_than_asked()
    {
        foreach (string by in new[] { "bytes", "packets" })
        {
            string[] lines = (await Run("top", "--by", by, "--json", "-n", "3", SampleCaptures.PathOf("dns"))).Lines;
            long[] sums = [.. lines.Select(l => Number(l, by + "_ab") + Number(l, by + "_ba"))];
            Assert.Equal(3, sums.Length);
            Assert.Equal(sums.OrderDescending(), sums);
        }
        ToolRun lossy = await Run("top", "--by", "retransmissions", "--csv", SampleCaptures.PathOf("lossy"));
        Assert.True(lossy.Lines.Length > 1);
        Assert.Single((await Run("top", "--by", "retransmissions", "--csv", SampleCaptures.PathOf("dns"))).Lines);
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task A_pipe_counts_as_the_file_does(string command)
    {
        ToolRun piped = await Tool.RunAsync(await File.ReadAllBytesAsync(Web, TestContext.Current.CancellationToken), command, "--json", "-r", "-");
        Assert.Equal(await Tool.RunAsync(command, "--json", "-r", Web), piped);
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task What_the_table_has_no_room_for_is_told(string command)
    {
        ToolRun run = await Tool.RunAsync(command, "--json", "--max-flows", "1", Web);
        Assert.Equal(0, run.Exit);
        if (command == "conversations") Assert.Equal((await Run(command, "--json", Web)).Lines.Length, run.Lines.Length); // those that made room are printed when they do
        else Assert.Single(run.Lines);
        Assert.Contains("--max-flows", run.Message);
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task A_full_disk_is_an_error(string command)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's");
        ToolRun run = await Tool.RunRedirectedAsync("> /dev/full", command, Web);
        Assert.Equal((1, "netstack: standard output: No space left on device"), (run.Exit, run.Message.Split(" : ")[0]));
    }

    [Fact]
    public async Task Payload_needs_json()
    {
        ToolRun run = await Tool.RunAsync("conversations", "--payload", Web);
        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.Contains("--payload is for --json", run.Error);
    }

    private static async Task<ToolRun> Run(params string[] arguments)
    {
        ToolRun run = await Tool.RunAsync(arguments);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        return run;
    }

    private static long Number(string line, string name) => JsonDocument.Parse(line).RootElement.GetProperty(name).GetInt64();
}
