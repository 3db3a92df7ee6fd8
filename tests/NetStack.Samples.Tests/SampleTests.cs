using System.Reflection;
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
    public void The_readme_shows_what_the_programs_print()
    {
        string readme = File.ReadAllText(Path.Combine(SampleCaptures.Root, "README.md")).ReplaceLineEndings("\n");
        string golden = Path.Combine(SampleCaptures.Root, "tests", "NetStack.Inspect.Tests", "golden", "web.txt");
        string[] shown = [.. Run("capture-through-the-ring", "web"), .. File.ReadLines(golden).Take(3)];
        Assert.All(shown, line => Assert.Contains($"\n{line}\n", readme, StringComparison.Ordinal));
    }

    [Theory, InlineData("inspect-headers"), InlineData("capture-through-the-ring")]
    public void Without_a_file_a_sample_says_how_it_is_used(string sample)
    {
        StringWriter error = new();
        TextWriter console = Console.Error;
        Console.SetError(error);
        try
        {
            Assert.Equal(1, Start(sample));
        }
        finally
        {
            Console.SetError(console);
        }
        Assert.Equal($"usage: {sample} FILE\n", error.ToString().ReplaceLineEndings("\n"));
    }

    private static string[] Run(string sample, string capture)
    {
        StringWriter output = new();
        TextWriter console = Console.Out;
        Console.SetOut(output);
        try
        {
            Assert.Equal(0, Start(sample, SampleCaptures.PathOf(capture)));
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
