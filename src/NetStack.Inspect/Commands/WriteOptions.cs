using System.CommandLine;
using System.CommandLine.Parsing;

namespace NetStack.Inspect;

/// <summary>The words about writing packets to a capture, tcpdump's.</summary>
internal sealed class WriteOptions
{
    private readonly Option<string?> _write = new("--write", "-w") { Description = "Write the packets to a capture: pcap if its name ends in .pcap, else pcapng; - is standard output.", HelpName = "FILE" };
    private readonly Option<bool> _print = CaptureOptions.Flag("--print", "Print them as well as writing them.");
    private readonly Option<int> _snap = new("--snapshot-length", "-s") { Description = "Write no more than so many bytes of a packet, but all its headers; 0 for all.", HelpName = "N", CustomParser = r => (int)CaptureOptions.Number(r, 0, int.MaxValue) };
    private readonly Option<bool> _packetBuffered = CaptureOptions.Flag("--packet-buffered", "Write each packet at once.", "-U");
    private readonly Option<long?> _size = new("-C") { Description = "Begin another file after so many million bytes; with k, m or g behind: KiB, MiB, GiB.", HelpName = "SIZE", CustomParser = Size };
    private readonly Option<long?> _seconds = new("-G") { Description = "Begin another file after so many seconds of the capture's time; FILE holds a time, as of strftime(3).", HelpName = "SECONDS", CustomParser = r => CaptureOptions.Number(r, 1, int.MaxValue) };
    private readonly Option<int?> _files = new("-W") { Description = "With -C: so many files, then write over the first; with -G: end after so many.", HelpName = "N", CustomParser = r => (int)CaptureOptions.Number(r, 1, 1_000_000) };
    private readonly Option<bool> _promiscuous = CaptureOptions.Flag("--no-promiscuous-mode", "For live capture only.", "-p");

    internal void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _write, _print, _snap, _packetBuffered, _size, _seconds, _files, _promiscuous }) command.Options.Add(option);
        command.Validators.Add(Check);
    }

    /// <summary>Whether packets are to be printed.</summary>
    internal bool Prints(ParseResult parsed) => parsed.GetValue(_write) is null || parsed.GetValue(_print);

    /// <summary>The sink that writes; null where none is wanted.</summary>
    internal WriteSink? Sink(CaptureContext context, ParseResult parsed) =>
        parsed.GetValue(_write) is not { } file ? null : new WriteSink(context, new OutputFiles
        {
            Name = file,
            MaxBytes = parsed.GetValue(_size) ?? long.MaxValue,
            Seconds = parsed.GetValue(_seconds) ?? 0,
            Count = parsed.GetValue(_files) ?? 0,
        }, parsed.GetValue(_snap), parsed.GetValue(_packetBuffered));

    private void Check(CommandResult result)
    {
        string? file = result.Given(_write);
        bool rotates = Has(_size) || Has(_seconds);
        if (file is null && (rotates || Has(_files))) result.AddError("-C, -G and -W go with -w FILE");
        else if (Has(_files) && !rotates) result.AddError("-W goes with -C or -G");
        else if (file == "-" && rotates) result.AddError("standard output is one file: -C and -G need a name");
        else if (file == "-" && result.GetValue(_print)) result.AddError("standard output takes the capture or the lines, not both");
        else if (file is not null && Path.GetExtension(file) is ".gz" or ".zst" or ".lz4") result.AddError("captures are written uncompressed: -w - | gzip > FILE");
        else if (Has(_seconds) && !file!.Contains('%')) result.AddError("-G needs a time in the file's name, like trace-%Y%m%d-%H%M%S.pcapng: each file would write over the one before");

        bool Has(Option option) => result.GetResult(option) is { Implicit: false };
    }

    private static long? Size(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        long unit = char.ToLowerInvariant(text[^1]) switch { 'k' => 1 << 10, 'm' => 1 << 20, 'g' => 1 << 30, _ => 1_000_000 };
        string number = unit == 1_000_000 ? text : text[..^1];
        if (long.TryParse(number, out long count) && count > 0 && count <= long.MaxValue / unit) return count * unit;
        result.AddError("-C takes a number of at least 1, perhaps with k, m or g behind it");
        return null;
    }
}
