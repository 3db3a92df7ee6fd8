using System.Reflection;
using NetStack.Nic.Pcap;
using NetStack.TestCaptures;

namespace NetStack.Samples.Tests;

/// <summary>The samples do what they say, on the captures they name. One class: they write to the console, which is one.</summary>
public sealed class SampleTests
{
    [Theory, MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void Inspect_headers_counts_every_packet_once_and_touches_no_body(string capture)
    {
        string[] lines = Run("inspect-headers", capture);
        int packets = Number(lines[^2], 0);
        Assert.EndsWith("bytes in the file", lines[^2]);
        Assert.Equal(packets, lines[..^2].Sum(l => Number(l, 0)));
        Assert.InRange(Number(lines[^1], 0), 1, Number(lines[^1], 1) * 64);
        Assert.EndsWith(", 0 body bytes read", lines[^1]);
    }

    [Theory, MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void Through_the_ring_one_client_copies_all_and_the_other_only_headers(string capture)
    {
        string[] lines = Run("capture-through-the-ring", capture);
        Assert.Equal(5, lines.Length);
        Assert.Equal(["client", "placement", "strategy", "frames", "bytes", "copied", "header", "fetches"], Words(lines[1]));

        Assert.StartsWith("recorder  copy per client  CopyAll ", lines[2]);
        Assert.Equal(Number(lines[0], 0), Number(lines[2], 0)); // every frame
        Assert.Equal(Number(lines[2], 1), Number(lines[2], 2)); // every byte of them

        Assert.StartsWith("browser   steered          CopyHeaders ", lines[3]);
        int frames = Number(lines[3], 0);
        Assert.Equal(frames, Number(lines[3], 3));
        Assert.InRange(Number(lines[3], 2), 0, frames * 64);
        Assert.Equal(capture == "web", frames > 0);
        if (capture == "web") Assert.True(Number(lines[3], 1) > 20_000 && frames < Number(lines[2], 0));

        Assert.Equal("since the first frame: 0 maps, 0 unmaps; 0 frames nobody wanted", lines[4]);
    }

    [Fact]
    public void Two_hosts_exchange_every_byte_over_a_bad_cable_and_leave_a_capture_of_it()
    {
        string path = Path.Combine(Path.GetTempPath(), $"two-hosts-{Guid.NewGuid():N}.pcapng");
        try
        {
            string[] lines = RunWith("two-hosts", path);
            Assert.Equal("8388608 of 8388608 bytes arrived, unchanged", lines[0]);
            Assert.InRange(Number(lines[2], 1), 1, Number(lines[2], 0)); // something was sent again
            Assert.InRange(Number(lines[3], 0), 20, 200); // about every hundredth of some 6,000 frames
            Assert.Equal("0 buffers did not come home", lines[5]);
            int frames = 0;
            using CaptureReader capture = CaptureReader.Open(path);
            for (Timestamp last = default; capture.TryRead(out CaptureRecord record); frames++)
            {
                Assert.True(record.Timestamp >= last);
                last = record.Timestamp!.Value;
            }
            Assert.Equal("alice", capture.Interfaces[0].Name);
            Assert.Null(capture.Damage);
            Assert.Equal($"{frames} frames in {path}", lines[6]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Two_hosts_takes_one_path_at_most()
    {
        Assert.Equal("usage: two-hosts [CAPTURE.pcapng]\n", ErrorOf("two-hosts", "a", "b"));
    }

    [Fact]
    public void A_relay_copies_nothing_on_good_cables_and_passes_no_wrong_byte_on_bad_ones()
    {
        string[] lines = RunWith("relay", "300000");
        Assert.Equal("Good cables", lines[0]);
        Assert.StartsWith("  300000 of 300000 bytes arrived; sha256 ", lines[1]);
        Assert.StartsWith("  300000 body bytes relayed by handle, ", lines[2]);
        Assert.EndsWith(" 0 copied", lines[2]);
        Assert.StartsWith("  300000 of 300000 bytes arrived; sha256 ", lines[4]);
        Assert.True(Number(lines[5], 0) > 0 && lines[5].EndsWith(" 0 by the server", StringComparison.Ordinal), lines[5]);
        Assert.InRange(Number(lines[6], 2), 1, 300_000); // what came behind a gap
        Assert.InRange(Number(lines[8], 0), 40_000, 50_000);
        Assert.True(Number(lines[8], 1) > 1, lines[8]);
        Assert.EndsWith(": BodyChanged", lines[9]);
        Assert.Equal("  1000 of 1000 datagrams arrived as they were sent", lines[11]);
        Assert.EndsWith(" 0 copied", lines[12]);
        Assert.Equal("0 buffers did not come home", lines[13]);
        Assert.Equal("usage: relay [BYTES], 100000 to 1073741824\n", ErrorOf("relay", "1"));
    }

    [Fact]
    public void The_readme_shows_what_the_programs_print()
    {
        string readme = File.ReadAllText(RepositoryRoot.PathOf("README.md")).ReplaceLineEndings("\n");
        string golden = RepositoryRoot.PathOf("tests", "NetStack.Inspect.Tests", "golden", "web.txt");
        string[] shown = [.. Run("capture-through-the-ring", "web"), .. File.ReadLines(golden).Take(3)];
        Assert.All(shown, line => Assert.Contains($"\n{line}\n", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void A_listener_and_a_client_on_two_hosts_are_the_readmes_lines()
    {
        Assert.Equal(["hello from the other stack"], RunWith("echo"));
        string program = File.ReadAllText(RepositoryRoot.PathOf("samples", "00-echo", "Program.cs")).ReplaceLineEndings("\n");
        string lines = program.Split("// <readme>\n")[1].Split("// </readme>")[0];
        Assert.Contains(lines, File.ReadAllText(RepositoryRoot.PathOf("README.md")).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kestrel_over_two_stacks_speaks_every_protocol_and_leaves_a_capture_of_it()
    {
        string path = Path.Combine(Path.GetTempPath(), $"kestrel-{Guid.NewGuid():N}.pcapng");
        try
        {
            // On a thread of its own: in virtual time the pool has one worker, which must not wait for the program.
            Task<string[]> run = Task.Factory.StartNew(
                () => RunWith("kestrel-over-netstack", "--loss", "0.02", "--seed", "7", "--upload", "8", "--trace", path), TaskCreationOptions.LongRunning);
            string[] lines = await run;
            Assert.Equal(11, lines.Length);
            Assert.All(lines[..9], line => Assert.EndsWith(" ok", line, StringComparison.Ordinal));
            string[] hashes = [.. lines[..6].Select(l => Words(l)[^2])];
            Assert.Single(hashes.Distinct());
            Assert.StartsWith("upload              8388608 bytes, ", lines[7], StringComparison.Ordinal);
            Assert.InRange(Number(lines[7], 1), 1 << 20, 8 << 20); // what buffers held when the server paused
            Assert.True(Number(lines[9], 0) > 100, lines[9]);
            int frames = 0;
            using CaptureReader capture = CaptureReader.Open(path);
            while (capture.TryRead(out _)) frames++;
            Assert.Null(capture.Damage);
            Assert.Equal($"{frames} frames in {path}", lines[10]);
            Assert.Contains("--loss is a share", ErrorOf("kestrel-over-netstack", "--loss", "3"), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_tap_server_without_a_usable_device_says_why()
    {
        Assert.Contains("tap-server: ", ErrorOf("tap-server", "--tap", "a-name-that-is-longer-than-linux-allows"), StringComparison.Ordinal);
    }

    [Theory, InlineData("inspect-headers"), InlineData("capture-through-the-ring")]
    public void Without_a_file_a_sample_says_how_it_is_used(string sample)
    {
        Assert.Equal($"usage: {sample} FILE\n", ErrorOf(sample));
    }

    /// <summary>What a sample says of a wrong use.</summary>
    private static string ErrorOf(string sample, params string[] arguments)
    {
        StringWriter error = new();
        TextWriter console = Console.Error;
        Console.SetError(error);
        try
        {
            Assert.Equal(1, Start(sample, arguments));
        }
        finally
        {
            Console.SetError(console);
        }
        return error.ToString().ReplaceLineEndings("\n");
    }

    private static string[] Run(string sample, string capture) => RunWith(sample, SampleCaptures.PathOf(capture));

    private static string[] RunWith(string sample, params string[] arguments)
    {
        StringWriter output = new();
        TextWriter console = Console.Out;
        Console.SetOut(output);
        try
        {
            Assert.Equal(0, Start(sample, arguments));
        }
        finally
        {
            Console.SetOut(console);
        }
        return output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }

    private static int Start(string sample, params string[] arguments) =>
        Assembly.Load(sample).EntryPoint!.Invoke(null, [arguments]) is int status ? status : 0;

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The number at a place among a line's words that are numbers.</summary>
    private static int Number(string line, int place) => Words(line).Where(w => w.All(char.IsAsciiDigit)).Select(int.Parse).ElementAt(place);
}
