using System.CommandLine;
using System.CommandLine.Parsing;

namespace NetStack.Inspect;

/// <summary>
/// The words that every command about captures understands. Without <c>-r</c> the first bare word names a capture, and those
/// after it while they name files; what follows is the filter. With <c>-r</c> every bare word is the filter, as with tcpdump.
/// </summary>
internal sealed class CaptureOptions
{
    private static readonly HashSet<string> FilterWords = new(StringComparer.Ordinal)
    {
        "and", "arp", "atalk", "broadcast", "decnet", "dir", "dst", "ether", "fddi", "gateway", "geneve", "greater", "host", "icmp", "icmp6", "igmp", "igrp",
        "inbound", "ip", "ip6", "iso", "less", "link", "lsap", "mpls", "multicast", "net", "not", "or", "outbound", "pim", "port", "portrange", "ppp",
        "pppoed", "pppoes", "proto", "protochain", "radio", "rarp", "sctp", "slip", "src", "stp", "tcp", "tr", "udp", "vlan", "vrrp", "wlan",
    };

    private readonly Argument<string[]> _words = new("FILE|FILTER") { Description = "Captures to read, then a filter of packets; - is standard input.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> _read = new("--read", "-r") { Description = "A capture to read; several are merged by time.", HelpName = "FILE" };
    private readonly Option<string?> _filterFile = new("--filter-file", "-F") { Description = "Read the filter from a file.", HelpName = "FILE" };
    private readonly Option<string?> _display = new("--display-filter", "-Y") { Description = "A filter in Wireshark's language.", HelpName = "FILTER" };
    private readonly Option<long?> _count = new("--count", "-c") { Description = "Stop after so many packets.", HelpName = "N", CustomParser = result => Number(result, 1, long.MaxValue) };
    private readonly Option<long> _skip = new("--skip") { Description = "Pass over so many packets first.", HelpName = "N", CustomParser = result => Number(result, 0, long.MaxValue) };
    private readonly Option<bool> _recover = Flag("--recover", "Go on behind damage.");
    private readonly Option<bool> _stats = Flag("--stats", "Counters on standard error at the end.");
    private readonly Option<string> _via = new("--via") { Description = "Read the file, or send every frame through a virtual NIC's ring and a multiplexer first.", DefaultValueFactory = _ => "file" };
    private readonly Option<int> _ringBuffers = new("--ring-buffers")
    {
        Description = "Buffers in the receive ring (2 to 65536).",
        HelpName = "N",
        DefaultValueFactory = _ => 512,
        CustomParser = result => (int)Number(result, 2, 65536),
    };
    private readonly Option<int> _ringBufferSize = new("--ring-buffer-size")
    {
        Description = "Bytes in a buffer of the ring (64 to 1048576).",
        HelpName = "N",
        DefaultValueFactory = _ => 2048,
        CustomParser = result => (int)Number(result, 64, 1 << 20),
    };
    private readonly Option<bool> _ringScramble = Flag("--ring-scramble", "The device overwrites every byte right after it was fetched.");

    private CaptureOptions()
    {
    }

    /// <summary>Gives a command these options.</summary>
    internal static CaptureOptions AddTo(Command command)
    {
        CaptureOptions options = new();
        options._via.AcceptOnlyFromAmong("file", "ring");
        command.Arguments.Add(options._words);
        foreach (Option option in new Option[]
        {
            options._read, options._filterFile, options._display, options._count, options._skip, options._recover, options._stats,
            options._via, options._ringBuffers, options._ringBufferSize, options._ringScramble,
        }) command.Options.Add(option);
        command.Validators.Add(options.Check);
        return options;
    }

    /// <summary>What was asked for.</summary>
    internal CaptureRequest Read(ParseResult parsed)
    {
        (string[] files, string[] filter) = Split(parsed.GetValue(_read) ?? [], parsed.GetValue(_words) ?? []);
        return new CaptureRequest
        {
            Files = files,
            Filter = filter.Length > 0 ? string.Join(' ', filter) : null,
            FilterFile = parsed.GetValue(_filterFile),
            DisplayFilter = parsed.GetValue(_display),
            Count = parsed.GetValue(_count) ?? long.MaxValue,
            Skip = parsed.GetValue(_skip),
            Recover = parsed.GetValue(_recover),
            Stats = parsed.GetValue(_stats),
            ViaRing = parsed.GetValue(_via) == "ring",
            RingBuffers = parsed.GetValue(_ringBuffers),
            RingBufferSize = parsed.GetValue(_ringBufferSize),
            RingScramble = parsed.GetValue(_ringScramble),
        };
    }

    /// <summary>An option that takes no value; it may be repeated.</summary>
    internal static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>The number given to an option, within limits.</summary>
    internal static long Number(ArgumentResult result, long least, long most)
    {
        if (long.TryParse(result.Tokens[0].Value, out long number) && number >= least && number <= most) return number;
        string option = ((OptionResult)result.Parent!).IdentifierToken?.Value ?? "the option";
        result.AddError(most == long.MaxValue ? $"{option} takes a number of at least {least}" : $"{option} takes a number from {least} to {most}");
        return least;
    }

    /// <summary>Tells captures from the words of the filter.</summary>
    internal static (string[] Files, string[] Filter) Split(string[] read, string[] words)
    {
        if (read.Length > 0) return (read, words);
        int files = words.Length > 0 ? 1 : 0;
        while (files < words.Length && NamesFile(words[files])) files++;
        return (words[..files], words[files..]);
    }

    private static bool NamesFile(string word) => word == "-" || (!FilterWords.Contains(word) && File.Exists(word));

    private void Check(CommandResult result)
    {
        if (result.GetResult("--interface") is OptionResult { Implicit: false } || result.GetResult("--list-interfaces") is OptionResult { Implicit: false }) return;
        (string[] files, string[] filter) = Split(result.Given(_read) ?? [], result.GetValue(_words) ?? []);
        if (files.Length == 0) result.AddError("give a capture: FILE or -r FILE");
        else if (files.Count(f => f == "-") > 1) result.AddError("standard input can be read once");
        else if (filter.Length > 0 && result.Given(_filterFile) is not null) result.AddError("give one filter: in words or by -F");
    }
}
