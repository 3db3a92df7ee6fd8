using System.Diagnostics;
using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary><c>inspect -w</c>: what is written reads like what was read.</summary>
public sealed class WriteTests(TempFolder folder) : IClassFixture<TempFolder>
{
    private static readonly string Web = SampleCaptures.PathOf("web");

    [Theory, InlineData("out.pcapng"), InlineData("out.pcap")]
    public async Task A_capture_that_was_written_has_the_packets_that_matched(string name)
    {
        string file = PathOf(name);
        ToolRun written = await Tool.RunAsync("inspect", Web, "-w", file, "tcp", "port", "80");
        Assert.Equal((0, "", ""), (written.Exit, written.Output, written.Error));
        ToolRun direct = await Tool.RunAsync("inspect", "-xx", "-ttt", Web, "tcp", "port", "80");
        Assert.Equal(direct, await Tool.RunAsync("inspect", "-xx", "-ttt", file));
    }

    [Fact]
    public async Task Printing_and_writing_can_be_had_at_once_and_through_the_ring()
    {
        ToolRun plain = await Tool.RunAsync("inspect", Web);
        foreach (string[] way in new[] { Array.Empty<string>(), ["--via", "ring"] })
        {
            string file = PathOf($"both{way.Length}.pcapng");
            Assert.Equal(plain, await Tool.RunAsync(["inspect", "--print", "-w", file, .. way, Web]));
            Assert.Equal(plain, await Tool.RunAsync("inspect", file));
        }
    }

    [Fact]
    public async Task A_snap_length_cuts_bodies_and_never_headers()
    {
        string file = PathOf("snap.pcapng");
        Assert.Equal(0, (await Tool.RunAsync("inspect", "-s", "20", "-w", file, Web)).Exit);
        ToolRun cut = await Tool.RunAsync("inspect", file);
        Assert.Equal(await Tool.RunAsync("inspect", Web), cut);
        Assert.True(new FileInfo(file).Length < new FileInfo(Web).Length / 2);
    }

    [Fact]
    public async Task Size_begins_another_file_and_all_of_them_hold_every_packet_once()
    {
        string name = PathOf("part-.pcapng");
        Assert.Equal(0, (await Tool.RunAsync("inspect", "-C", "10k", "-w", name, Web)).Exit);
        string[] parts = [name, .. Enumerable.Range(1, 100).Select(i => name + i).TakeWhile(File.Exists)];
        Assert.InRange(parts.Length, 3, 20);
        List<string> lines = [];
        foreach (string part in parts) lines.AddRange((await Tool.RunAsync("inspect", "-S", part)).Lines);
        Assert.Equal((await Tool.RunAsync("inspect", "-S", Web)).Lines, lines);
    }

    [Fact]
    public async Task A_ring_of_files_keeps_the_last_ones()
    {
        string name = PathOf("ring.pcapng");
        Assert.Equal(0, (await Tool.RunAsync("inspect", "-C", "10k", "-W", "2", "-w", name, Web)).Exit);
        Assert.True(File.Exists(name + "0") && File.Exists(name + "1") && !File.Exists(name + "2") && !File.Exists(name));
        string last = (await Tool.RunAsync("inspect", "-S", Web)).Lines[^1];
        string[] ends = [.. (await Tool.RunAsync("inspect", "-S", name + "0")).Lines, .. (await Tool.RunAsync("inspect", "-S", name + "1")).Lines];
        Assert.Contains(last, ends);
    }

    [Fact]
    public async Task Seconds_of_the_capture_begin_another_file()
    {
        string name = PathOf("at-%s.pcapng");
        Assert.Equal(0, (await Tool.RunAsync("inspect", "-G", "1", "-w", name, SampleCaptures.PathOf("ping"))).Exit);
        string[] files = [.. Directory.GetFiles(folder.Self, "at-*.pcapng").Order()];
        Assert.InRange(files.Length, 2, 10);
        List<string> lines = [];
        foreach (string file in files) lines.AddRange((await Tool.RunAsync("inspect", file)).Lines);
        Assert.Equal((await Tool.RunAsync("inspect", SampleCaptures.PathOf("ping"))).Lines, lines);
    }

    [Fact]
    public async Task A_full_disk_is_an_error_and_a_reader_who_goes_away_is_none()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's");
        ToolRun full = await Tool.RunAsync("inspect", "-w", "/dev/full", Web);
        Assert.Equal((1, "netstack: /dev/full: No space left on device"), (full.Exit, full.Message.Split(" : ")[0]));
        ToolRun redirected = await Tool.RunRedirectedAsync("> /dev/full", "inspect", "-w", "-", Web);
        Assert.Equal((1, "netstack: standard output: No space left on device"), (redirected.Exit, redirected.Message.Split(" : ")[0]));
        string big = folder.Write("big.pcapng", [.. Enumerable.Repeat(File.ReadAllBytes(Web), 60).SelectMany(b => b)]);
        ToolRun gone = await Tool.RunToFirstLineAsync("inspect", "-w", "-", big);
        Assert.Equal((0, ""), (gone.Exit, gone.Error));
    }

    [Fact]
    public async Task Standard_output_takes_a_capture_that_the_tool_reads_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a shell");
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec \"$0\" \"$@\" -w - > " + PathOf("piped.pcapng"), "dotnet", Path.Combine(AppContext.BaseDirectory, "NetStack.Inspect.dll"), "inspect", Web]);
        using Process process = Process.Start(start)!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(await Tool.RunAsync("inspect", Web), await Tool.RunAsync("inspect", PathOf("piped.pcapng")));
    }

    private string PathOf(string name) => Path.Combine(folder.Self, name);
}
