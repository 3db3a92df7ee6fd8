using System.CommandLine;
using System.CommandLine.Parsing;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack inspect</c>.</summary>
internal static class InspectCommand
{
    internal static Command Create()
    {
        Argument<string?> file = new("FILE") { Description = "The capture: pcap or pcapng, gzip or not; - is standard input.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> read = new("--read", "-r") { Description = "The capture, as tcpdump takes it." };
        Option<bool> json = new("--json") { Description = "One JSON object per packet instead of a line of text." };
        Option<long?> count = new("--count", "-c") { Description = "Stop after so many packets.", CustomParser = result => Number(result, 1, long.MaxValue) };
        Option<string> time = new("--time") { Description = "The time in front of a line.", DefaultValueFactory = _ => "utc" };
        Option<string> via = new("--via") { Description = "Read the file, or send every frame through a virtual NIC's ring and a multiplexer first.", DefaultValueFactory = _ => "file" };
        Option<int> ringBuffers = new("--ring-buffers")
        {
            Description = "Buffers in the receive ring (2 to 65536).",
            DefaultValueFactory = _ => 512,
            CustomParser = result => (int)Number(result, 2, 65536),
        };
        Option<int> ringBufferSize = new("--ring-buffer-size")
        {
            Description = "Bytes in a buffer of the ring (64 to 1048576).",
            DefaultValueFactory = _ => 2048,
            CustomParser = result => (int)Number(result, 64, 1 << 20),
        };
        Option<bool> ringScramble = new("--ring-scramble") { Description = "The device overwrites every byte right after it was fetched." };
        Option<bool> stats = new("--stats") { Description = "Counters on standard error at the end." };
        via.AcceptOnlyFromAmong("file", "ring");
        time.AcceptOnlyFromAmong("utc", "epoch", "delta", "relative", "none");

        Command command = new("inspect", "One line per packet, from headers alone.") { file, read, json, count, time, via, ringBuffers, ringBufferSize, ringScramble, stats };
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) is null == result.GetValue(read) is null) result.AddError("give one capture: FILE or -r FILE");
        });
        command.SetAction(parsed => InspectRun.Execute(new InspectOptions
        {
            File = parsed.GetValue(file) ?? parsed.GetValue(read)!,
            Json = parsed.GetValue(json),
            Count = parsed.GetValue(count) ?? long.MaxValue,
            Time = Enum.Parse<Analysis.TimeFormat>(parsed.GetValue(time)!, ignoreCase: true),
            ViaRing = parsed.GetValue(via) == "ring",
            RingBuffers = parsed.GetValue(ringBuffers),
            RingBufferSize = parsed.GetValue(ringBufferSize),
            RingScramble = parsed.GetValue(ringScramble),
            Stats = parsed.GetValue(stats),
        }));
        return command;
    }

    private static long Number(ArgumentResult result, long least, long most)
    {
        if (long.TryParse(result.Tokens[0].Value, out long number) && number >= least && number <= most) return number;
        string option = ((OptionResult)result.Parent!).IdentifierToken?.Value ?? "the option";
        result.AddError(most == long.MaxValue ? $"{option} takes a number of at least {least}" : $"{option} takes a number from {least} to {most}");
        return least;
    }
}

/// <summary>What a run was asked for.</summary>
internal sealed record InspectOptions
{
    internal required string File { get; init; }
    internal bool Json { get; init; }
    internal long Count { get; init; } = long.MaxValue;
    internal Analysis.TimeFormat Time { get; init; }
    internal bool ViaRing { get; init; }
    internal int RingBuffers { get; init; } = 512;
    internal int RingBufferSize { get; init; } = 2048;
    internal bool RingScramble { get; init; }
    internal bool Stats { get; init; }
}
