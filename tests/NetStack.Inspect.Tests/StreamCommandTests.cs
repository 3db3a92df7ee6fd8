using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>follow and reassemble: the bytes that packets carried.</summary>
public sealed class StreamCommandTests(TempFolder folder) : IClassFixture<TempFolder>
{
    private static readonly string Web = SampleCaptures.PathOf("web");
    private static readonly string Fragments = SampleCaptures.PathOf("fragments");

    [Fact]
    public async Task A_folder_gets_a_file_for_each_direction_with_the_bytes_that_conversations_hashes()
    {
        string output = Path.Combine(folder.Self, "streams");
        ToolRun run = await Tool.RunAsync("follow", "-o", output, Web);
        Assert.Equal((0, "", ""), (run.Exit, run.Output, run.Error));
        string[] files = [.. Directory.GetFiles(output).Select(f => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f)))).Order()];
        List<string> hashes = [];
        foreach (string line in (await Tool.RunAsync("conversations", "--payload", "--json", Web)).Lines)
        {
            foreach (string side in new[] { "payload_ab", "payload_ba" })
            {
                if (JsonDocument.Parse(line).RootElement.TryGetProperty(side, out JsonElement payload) && payload.GetProperty("len").GetInt64() > 0)
                    hashes.Add(payload.GetProperty("sha256").GetString()!);
            }
        }
        Assert.NotEmpty(hashes);
        Assert.Equal(hashes.Order(), files);
    }

    [Fact]
    public async Task The_three_forms_show_one_conversation()
    {
        ToolRun raw = await Tool.RunAsync("follow", "--form", "raw", "--stream", "0", Web);
        ToolRun ascii = await Tool.RunAsync("follow", "--stream", "0", Web);
        ToolRun hex = await Tool.RunAsync("follow", "--form", "hex", "--stream", "0", Web);
        Assert.StartsWith("GET / HTTP/1.1\r\n", raw.Output);
        Assert.StartsWith(">>> 192.0.2.1 > 192.0.2.2, packet 6, ", ascii.Output);
        Assert.Equal("GET / HTTP/1.1.", ascii.Lines[1]);
        Assert.StartsWith("00000000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..", hex.Lines[1]);
        Assert.Equal(Heads(ascii), Heads(hex));
        Assert.Equal(raw.Output.Length, Heads(ascii).Sum(h => int.Parse(h.Split(", ")[2].Split(' ')[0])));
    }

    [Fact]
    public async Task A_conversation_is_chosen_by_number_by_its_ends_or_by_a_filter()
    {
        ToolRun first = await Tool.RunAsync("follow", "--stream", "1", Web);
        using JsonDocument row = JsonDocument.Parse((await Tool.RunAsync("conversations", "--json", Web, "tcp")).Lines[1]);
        string a = row.RootElement.GetProperty("a").GetString()!, b = row.RootElement.GetProperty("b").GetString()!;
        Assert.NotEmpty(first.Output);
        Assert.Equal(first, await Tool.RunAsync("follow", "--stream", $"{a},{b}", Web));
        Assert.Equal(first, await Tool.RunAsync("follow", "--stream", $"{b},{a}", Web));
        Assert.Equal(first, await Tool.RunAsync("follow", Web, "port", a[(a.LastIndexOf(':') + 1)..]));
    }

    [Fact]
    public async Task Datagrams_of_UDP_are_followed_too()
    {
        ToolRun run = await Tool.RunAsync("follow", "--udp", "--form", "hex", SampleCaptures.PathOf("dns"));
        Assert.StartsWith(">>> 192.0.2.1 > 192.0.2.2, packet 3, 57 bytes\n00000000  bb 2d 01 20 00 01", run.Output);
        Assert.Equal("netstack: no such conversation", (await Tool.RunAsync("follow", "--udp", "--stream", "9999", Web)).Message);
        Assert.Contains("--stream takes a number", (await Tool.RunAsync("follow", "--stream", "x", Web)).Error);
    }

    [Fact]
    public async Task Datagrams_put_together_are_printed_written_and_read_again()
    {
        string[] json = (await Tool.RunAsync("reassemble", "--json", Fragments)).Lines, text = (await Tool.RunAsync("reassemble", Fragments)).Lines;
        Assert.NotEmpty(json);
        Assert.Equal(json.Length, text.Length);
        foreach (string name in new[] { "whole.pcap", "whole.pcapng" })
        {
            string file = Path.Combine(folder.Self, name);
            ToolRun written = await Tool.RunAsync("reassemble", "-w", file, Fragments);
            Assert.Equal(0, written.Exit);
            Assert.Equal(text, written.Lines);
            string[] packets = (await Tool.RunAsync("inspect", "--json", file)).Lines;
            Assert.Equal(json.Length, packets.Length);
            for (int i = 0; i < json.Length; i++)
            {
                JsonElement[] layers = [.. JsonDocument.Parse(packets[i]).RootElement.GetProperty("layers").EnumerateArray()];
                Assert.Equal(JsonDocument.Parse(json[i]).RootElement.GetProperty("src").GetString(), layers[0].GetProperty("src").GetString());
                Assert.DoesNotContain("checksum_ok\":false", packets[i]);
            }
        }
    }

    /// <summary>By its name, by a link, by another name of the same file: the capture is still whole afterwards.</summary>
    [Fact]
    public async Task No_output_may_be_the_capture_that_is_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ln");
        byte[] bytes = await File.ReadAllBytesAsync(Fragments, TestContext.Current.CancellationToken);
        string capture = folder.Write("capture.pcapng", bytes), link = Path.Combine(folder.Self, "link.pcapng"), other = Path.Combine(folder.Self, "other.pcapng");
        File.CreateSymbolicLink(link, capture);
        using (System.Diagnostics.Process ln = System.Diagnostics.Process.Start("ln", [capture, other])) await ln.WaitForExitAsync(TestContext.Current.CancellationToken);
        foreach (string output in new[] { capture, link, other })
        {
            foreach (string[] command in new[] { ["strip", capture, output], ["reassemble", capture, "-w", output], ["report", capture, "-o", output], new[] { "inspect", capture, "-w", output } })
            {
                ToolRun run = await Tool.RunAsync(command);
                Assert.Equal((1, $"netstack: {output}: it is being read"), (run.Exit, run.Message));
                Assert.Equal(bytes, await File.ReadAllBytesAsync(capture, TestContext.Current.CancellationToken));
            }
        }
    }

    [Fact]
    public async Task A_full_disk_is_an_error_for_every_file_that_is_written()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's");
        foreach (string[] command in new[] { ["strip", Web, "/dev/full"], ["reassemble", Fragments, "-w", "/dev/full"], new[] { "report", Web, "-o", "/dev/full" } })
        {
            ToolRun run = await Tool.RunAsync(command);
            Assert.Equal(1, run.Exit);
            Assert.StartsWith("netstack: /dev/full: ", run.Message);
            Assert.Contains("No space left on device", run.Message);
        }
        ToolRun redirected = await Tool.RunRedirectedAsync("> /dev/full", "report", "-o", "-", Web);
        Assert.Equal((1, "netstack: standard output: No space left on device"), (redirected.Exit, redirected.Message.Split(" : ")[0]));
    }

    [Fact]
    public async Task A_report_is_one_page_in_a_file_or_on_standard_output()
    {
        string file = Path.Combine(folder.Self, "report.html");
        ToolRun written = await Tool.RunAsync("report", "-o", file, Web);
        Assert.Equal((0, "", ""), (written.Exit, written.Output, written.Error));
        ToolRun printed = await Tool.RunAsync("report", "-o", "-", Web);
        Assert.Equal(await File.ReadAllTextAsync(file, Encoding.UTF8, TestContext.Current.CancellationToken), printed.Output);
        Assert.StartsWith("<!DOCTYPE html>", printed.Output);
        Assert.EndsWith("</html>\n", printed.Output);
        Assert.Contains("web.pcapng", printed.Output);
    }

    private static string[] Heads(ToolRun run) => [.. run.Lines.Where(l => l.StartsWith(">>> ", StringComparison.Ordinal) || l.StartsWith("<<< ", StringComparison.Ordinal))];
}
