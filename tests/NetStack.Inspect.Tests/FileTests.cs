using System.IO.Compression;
using System.Text.Json;
using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>Inputs and outputs that are not as they should be: the status says which, one line says why.</summary>
public sealed class FileTests(TempFolder folder) : IClassFixture<TempFolder>
{
    private static readonly byte[] Web = File.ReadAllBytes(SampleCaptures.PathOf("web"));

    [Fact]
    public async Task A_name_and_a_comment_cannot_steer_the_terminal()
    {
        ToolRun missing = await Tool.RunAsync("inspect", "/tmp/\x1b]0;mine\a\u202e.pcap");
        Assert.Equal((1, "netstack: /tmp/\\x1b]0;mine\\x07\\u202e.pcap: no such file"), (missing.Exit, missing.Message));
        string file = Path.Combine(folder.Self, "comment.pcapng");
        using (CaptureWriter writer = CaptureWriter.Create(file))
        {
            writer.AddInterface(Wire.LinkType.Ethernet);
            writer.Write(new byte[60], 60, null, comment: "red \x1b[31m\nnew line");
        }
        ToolRun run = await Tool.RunAsync("inspect", "-v", file);
        Assert.Contains("\tcomment: red \\x1b[31m\\x0anew line\n", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("comment", (await Tool.RunAsync("inspect", file)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        ToolRun run = await Tool.RunAsync("inspect", folder.Missing);
        Assert.Equal((1, "", $"netstack: {folder.Missing}: no such file"), (run.Exit, run.Output, run.Message));
    }

    [Fact]
    public async Task A_directory_is_no_capture()
    {
        ToolRun run = await Tool.RunAsync("inspect", folder.Self);
        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.EndsWith("is a directory", run.Message);
    }

    [Fact]
    public async Task A_file_that_may_not_be_read_says_so()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess || OperatingSystem.IsWindows(), "whoever may do everything may read every file");
        string file = folder.Write("secret.pcapng", Web);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.None);
        ToolRun run = await Tool.RunAsync("inspect", file);
        Assert.Equal((1, "", $"netstack: {file}: permission denied"), (run.Exit, run.Output, run.Message));
    }

    [Theory, InlineData("", "the file is empty"), InlineData("abc", "no capture: only 3 bytes"), InlineData("hello, world", "no capture: it begins with 0x68656c6c")]
    public async Task What_is_no_capture_is_refused(string content, string reason)
    {
        string file = folder.Write("text", System.Text.Encoding.ASCII.GetBytes(content));
        ToolRun run = await Tool.RunAsync("inspect", "--json", file);
        Assert.Equal((1, "", $"netstack: {file}: {reason}"), (run.Exit, run.Output, run.Message));
    }

    [Fact]
    public async Task A_file_that_was_cut_gives_every_packet_before_the_cut_and_then_the_place()
    {
        string file = folder.Write("cut.pcapng", Web[..5000]);
        string[] whole = (await Tool.RunAsync("inspect", SampleCaptures.PathOf("web"))).Lines;

        ToolRun text = await Tool.RunAsync("inspect", file);
        Assert.Equal(2, text.Exit);
        Assert.InRange(text.Lines.Length, 5, whole.Length - 1);
        Assert.Equal(whole[..text.Lines.Length], text.Lines);
        Assert.Matches($"^netstack: {file}: truncated_file at byte \\d+: ", text.Message);

        ToolRun json = await Tool.RunAsync("inspect", "--json", file);
        Assert.Equal((2, text.Error, text.Lines.Length + 1), (json.Exit, json.Error, json.Lines.Length));
        JsonElement error = JsonDocument.Parse(json.Lines[^1]).RootElement.GetProperty("error");
        Assert.Equal("truncated_file", error.GetProperty("code").GetString());
        Assert.Contains($" at byte {error.GetProperty("offset").GetInt64()}: {error.GetProperty("detail").GetString()}", text.Message, StringComparison.Ordinal);
        for (int i = 0; i < json.Lines.Length - 1; i++) JsonContract.Check(json.Lines[i], i + 1);
    }

    [Fact]
    public async Task A_count_that_is_reached_before_the_damage_knows_nothing_of_it()
    {
        ToolRun run = await Tool.RunAsync("inspect", "--count", "3", folder.Write("cut-late.pcapng", Web[..5000]));
        Assert.Equal((0, 3, ""), (run.Exit, run.Lines.Length, run.Error));
    }

    [Fact]
    public async Task Standard_input_and_gzip_read_like_the_file()
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(Web);
        ToolRun file = await Tool.RunAsync("inspect", "--json", SampleCaptures.PathOf("web"));
        Assert.Equal(file, await Tool.RunAsync(Web, "inspect", "--json", "-"));
        Assert.Equal(file, await Tool.RunAsync(packed.ToArray(), "inspect", "--json", "-r", "-"));
        Assert.Equal(file, await Tool.RunAsync("inspect", "--json", folder.Write("web.pcapng.gz", packed.ToArray())));
    }

    [Fact]
    public async Task A_reader_that_goes_away_ends_the_run_quietly()
    {
        // Sections may follow each other in one file; so many lines fit into no pipe.
        string file = folder.Write("long.pcapng", [.. Enumerable.Repeat(Web, 60).SelectMany(b => b)]);
        foreach (string[] way in new[] { Array.Empty<string>(), ["--via", "ring"] })
        {
            ToolRun run = await Tool.RunToFirstLineAsync(["inspect", .. way, file]);
            Assert.Equal((0, ""), (run.Exit, run.Error));
            Assert.Contains("ARP, Request", run.Output, StringComparison.Ordinal);
        }
    }

    [Theory, InlineData("> /dev/full", "No space left on device"), InlineData(">&-", "not open for writing")]
    public async Task An_output_that_takes_nothing_is_an_error(string redirection, string reason)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's");
        ToolRun run = await Tool.RunRedirectedAsync(redirection, "inspect", SampleCaptures.PathOf("web"));
        Assert.Equal((1, $"netstack: standard output: {reason}"), (run.Exit, run.Message));
    }
}
