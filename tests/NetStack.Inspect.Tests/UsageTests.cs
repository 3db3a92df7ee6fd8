using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>A command line that cannot be obeyed: status 1, and one line that says what is wrong with it.</summary>
public sealed class UsageTests
{
    private static readonly string Web = SampleCaptures.PathOf("web");

    [Theory]
    [InlineData("", "give a command: inspect, fields, conversations, endpoints, top, follow, reassemble, strip, report, demo, completion (netstack --help)")]
    [InlineData("dissect FILE", "there is no command dissect (netstack --help)")]
    [InlineData("inspect", "give a capture: FILE or -r FILE (netstack inspect --help)")]
    [InlineData("inspect - -r - -r -", "standard input can be read once (netstack inspect --help)")]
    [InlineData("inspect FILE -F FILE tcp", "give one filter: in words or by -F (netstack inspect --help)")]
    [InlineData("inspect --colour FILE", "there is no option --colour (netstack inspect --help)")]
    [InlineData("inspect --count many FILE", "--count takes a number of at least 1 (netstack inspect --help)")]
    [InlineData("inspect -c 0 FILE", "-c takes a number of at least 1 (netstack inspect --help)")]
    [InlineData("inspect --ring-buffers 65537 FILE", "--ring-buffers takes a number from 2 to 65536 (netstack inspect --help)")]
    [InlineData("inspect --ring-buffers 65536 --ring-buffer-size 1048576 FILE",
        "the ring may hold up to 2139095040 bytes: lower --ring-buffers or --ring-buffer-size")]
    [InlineData("inspect FILE --time", "Required argument missing for option: '--time'. (netstack inspect --help)")]
    [InlineData("inspect FILE --time noon", "Argument 'noon' not recognized. Must be one of: 'abs' 'utc' 'epoch' 'delta' 'relative' 'none' (netstack inspect --help)")]
    [InlineData("inspect FILE prot 6", "filter: column 1: unknown word \"prot\"; did you mean \"proto\"?")]
    [InlineData("inspect FILE -Y tcp.srcprt", "-Y: column 1: there is no field \"tcp.srcprt\"; did you mean \"tcp.srcport\"?")]
    [InlineData("inspect FILE nofile.pcap", "filter: column 1: unknown word \"nofile.pcap\" (a capture? It must be there, and stand before the filter; with -r, each has its own)")]
    [InlineData("inspect -F /no/filter FILE", "/no/filter: no such folder")]
    [InlineData("inspect FILE -T json", "-T is for -T fields -e FIELD; JSON is --json (netstack inspect --help)")]
    [InlineData("inspect FILE -T fields", "-T fields needs -e FIELD (netstack inspect --help)")]
    [InlineData("inspect FILE -w x.pcapng.gz", "captures are written uncompressed: -w - | gzip > FILE (netstack inspect --help)")]
    [InlineData("inspect FILE -W 3", "-C, -G and -W go with -w FILE (netstack inspect --help)")]
    [InlineData("inspect FILE -w FILE2 -W 3", "-W goes with -C or -G (netstack inspect --help)")]
    [InlineData("inspect FILE -w FILE", "FILE: it is being read")]
    [InlineData("inspect FILE -w - -C 1", "standard output is one file: -C and -G need a name (netstack inspect --help)")]
    [InlineData("inspect FILE -w x -C 0", "-C takes a number of at least 1, perhaps with k, m or g behind it (netstack inspect --help)")]
    [InlineData("inspect FILE -w x -G 60", "-G needs a time in the file's name, like trace-%Y%m%d-%H%M%S.pcapng: each file would write over the one before (netstack inspect --help)")]
    [InlineData("inspect -i eth0", "live capture, and the list of interfaces, come in a later version: tcpdump -i NAME -U -w - | netstack inspect -")]
    [InlineData("inspect -D", "live capture, and the list of interfaces, come in a later version: tcpdump -i NAME -U -w - | netstack inspect -")]
    public async Task A_wrong_command_line_is_refused_in_one_line(string arguments, string message)
    {
        ToolRun run = await Tool.RunAsync(arguments.Replace("FILE2", "x", StringComparison.Ordinal).Replace(" FILE", " " + Web, StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((1, "", "netstack: " + message.Replace("FILE:", Web + ":", StringComparison.Ordinal)), (run.Exit, run.Output, run.Message));
    }

    [Fact]
    public async Task Letters_can_be_joined_and_repeated_as_with_tcpdump()
    {
        ToolRun apart = await Tool.RunAsync("inspect", "-n", "-n", "-t", "-t", "-r", Web, "-c", "20", "tcp", "port", "80", "and", "not", "host", "10.0.0.1");
        Assert.Equal((0, 20), (apart.Exit, apart.Lines.Length));
        Assert.All(apart.Lines, l => Assert.Matches(@"^\d{10}\.\d+ IP6? .* Flags ", l));
        Assert.Equal(apart, await Tool.RunAsync("inspect", "-nnttr", Web, "-c20", "tcp port 80 and not host 10.0.0.1"));
        Assert.Equal(apart, await Tool.RunAsync("inspect", Web, "-nntt", "-c", "20", "tcp", "port", "80", "and", "not", "host", "10.0.0.1"));
        Assert.Equal((await Tool.RunAsync("inspect", "-Stt", "--nano", "-c20", Web, "tcp", "port", "80")).Lines[5..], (await Tool.RunAsync("inspect", Web, "-Stt", "-c", "15", "--skip", "5", "--nano", "tcp", "port", "80")).Lines);
    }

    [Fact]
    public async Task Only_the_number_is_printed_where_only_it_is_wanted()
    {
        ToolRun run = await Tool.RunAsync("inspect", "--count-only", Web, "arp");
        Assert.Equal((0, "2\n", ""), (run.Exit, run.Output, run.Error));
    }

    [Fact]
    public async Task Colours_are_for_terminals_or_for_who_wants_them()
    {
        Assert.DoesNotContain('\e', (await Tool.RunAsync("inspect", Web)).Output);
        string colored = (await Tool.RunAsync("inspect", "--color", "always", Web)).Output;
        Assert.Equal((await Tool.RunAsync("inspect", Web)).Output, System.Text.RegularExpressions.Regex.Replace(colored, @"\e\[\d*m", ""));
    }

    [Fact]
    public async Task A_tree_has_a_line_for_each_field_and_verbose_lines_verify_checksums()
    {
        Assert.Contains("    window: 64240\n", (await Tool.RunAsync("inspect", "--tree", "-c", "3", Web)).Output, StringComparison.Ordinal);
        ToolRun verbose = await Tool.RunAsync("inspect", "-v", "--stats", Web, "tcp");
        Assert.Contains(" (correct), seq ", verbose.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("body bytes read 0", verbose.Error, StringComparison.Ordinal);
        Assert.Contains("body bytes read 0", (await Tool.RunAsync("inspect", "-vK", "--stats", Web, "tcp")).Error, StringComparison.Ordinal);
    }

    [Theory, InlineData("netstack insp", "inspect"), InlineData("netstack inspect --rec", "--recover"), InlineData("netstack completion ", "zsh")]
    public async Task A_shell_is_told_what_may_follow(string line, string word)
    {
        ToolRun run = await Tool.RunAsync($"[suggest:{line.Length}]", line);
        Assert.Equal(0, run.Exit);
        Assert.Contains(word, run.Lines);
    }

    [Theory, InlineData("bash", "complete -o default -F _netstack netstack"), InlineData("zsh", "compdef _netstack netstack"), InlineData("fish", "complete -c netstack")]
    public async Task A_shell_gets_its_script(string shell, string line)
    {
        ToolRun run = await Tool.RunAsync("completion", shell);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Contains(line, run.Output, StringComparison.Ordinal);
    }

    /// <summary>Run <c>./ci.sh man</c> to write it anew.</summary>
    [Fact]
    public async Task The_manual_page_is_made_of_the_commands()
    {
        string file = RepositoryRoot.PathOf("docs", "man", "netstack.1");
        string page = ManPage.Of(CommandLine.Root());
        if (Environment.GetEnvironmentVariable("UPDATE_MAN") == "1") await File.WriteAllTextAsync(file, page, TestContext.Current.CancellationToken);
        Assert.Equal((await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n"), page);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        ToolRun run = await Tool.RunAsync("inspect", "--help");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        foreach (string option in new[] { "FILE", "-r", "--json", "-c", "--time", "--via", "--ring-buffers", "--ring-buffer-size", "--ring-scramble", "--stats" })
            Assert.Contains(option, run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect", "-r"), InlineData("inspect", "-w"), InlineData("inspect", "-E"), InlineData("inspect", "--fields"), InlineData("inspect", "-F"), InlineData("inspect", "-Y")]
    [InlineData("conversations", "-r"), InlineData("endpoints", "-r"), InlineData("top", "-n"), InlineData("follow", "--stream"), InlineData("follow", "-o"), InlineData("reassemble", "-w")]
    [InlineData("report", "-o"), InlineData("strip", "--anonymise"), InlineData("strip", "--anonymise-key-file")]
    public async Task An_option_whose_value_is_missing_is_named(string command, string option)
    {
        ToolRun run = await Tool.RunAsync(command, option);
        Assert.Equal((1, ""), (run.Exit, run.Output));
        Assert.StartsWith("netstack: ", run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }
}
