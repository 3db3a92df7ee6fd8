using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>A command line that cannot be obeyed: status 1, and one line that says what is wrong with it.</summary>
public sealed class UsageTests
{
    private static readonly string Web = SampleCaptures.PathOf("web");

    [Theory]
    [InlineData("", "give a command: inspect, conversations, endpoints, top, completion (netstack --help)")]
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
    [InlineData("inspect FILE prot 6", "filter: column 1: unknown word \"prot\"; did you mean \"port\"?")]
    [InlineData("inspect FILE -Y tcp.srcprt", "-Y: column 1: there is no field \"tcp.srcprt\"; did you mean \"tcp.srcport\"?")]
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
        ToolRun run = await Tool.RunAsync(arguments.Replace("FILE2", "x", StringComparison.Ordinal).Replace("FILE", Web, StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((1, "", "netstack: " + message.Replace("FILE:", Web + ":", StringComparison.Ordinal)), (run.Exit, run.Output, run.Message));
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        ToolRun run = await Tool.RunAsync("inspect", "--help");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        foreach (string option in new[] { "FILE", "-r", "--json", "-c", "--time", "--via", "--ring-buffers", "--ring-buffer-size", "--ring-scramble", "--stats" })
            Assert.Contains(option, run.Output, StringComparison.Ordinal);
    }
}
