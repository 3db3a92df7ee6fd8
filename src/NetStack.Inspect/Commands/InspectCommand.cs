using System.CommandLine;
using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack inspect</c>: tcpdump's letters, and ours.</summary>
internal sealed class InspectCommand
{
    private readonly Option<bool> _json = CaptureOptions.Flag("--json", "One JSON object per packet instead of a line of text.");
    private readonly Option<string?> _interface = new("--interface", "-i") { Description = "Capture live: not built yet.", HelpName = "NAME", };
    private readonly Option<bool> _list = CaptureOptions.Flag("--list-interfaces", "List interfaces to capture on: not built yet.", "-D");
    private readonly Option<bool> _names = CaptureOptions.Flag("-n", "No names: addresses and ports are always numbers.");
    private readonly Option<bool> _link = CaptureOptions.Flag("-e", "Tell the link-layer header.");
    private readonly Option<bool> _verbose = CaptureOptions.Flag("-v", "The network header in a line of its own, and checksums; -vv: more.");
    private readonly Option<bool> _quiet = CaptureOptions.Flag("-q", "Protocols in a word.");
    private readonly Option<bool> _absolute = CaptureOptions.Flag("--absolute-tcp-sequence-numbers", "TCP's numbers as on the wire.", "-S");
    private readonly Option<bool> _noChecksums = CaptureOptions.Flag("--dont-verify-checksums", "With -v: leave checksums, and so bodies, alone.", "-K");
    private readonly Option<bool> _number = CaptureOptions.Flag("--number", "The packet's number in front.", "-#");
    private readonly Option<bool> _t = CaptureOptions.Flag("-t", "No time; -tt: since 1970; -ttt: since the packet before; -tttt: with the date; -ttttt: since the first packet.");
    private readonly Option<string?> _time = new("--time") { Description = "The time in front of a line.", HelpName = "abs|utc|epoch|delta|relative|none" };
    private readonly Option<bool> _micro = CaptureOptions.Flag("--micro", "Times with six decimals.");
    private readonly Option<bool> _nano = CaptureOptions.Flag("--nano", "Times with nine decimals.");
    private readonly Option<bool> _hex = CaptureOptions.Flag("-x", "Bytes in hexadecimal; -xx: with the link-layer header.");
    private readonly Option<bool> _hexText = CaptureOptions.Flag("-X", "Bytes in hexadecimal and ASCII; -XX: with the link-layer header.");
    private readonly Option<bool> _ascii = CaptureOptions.Flag("-A", "Bytes in ASCII.");
    private readonly Option<bool> _tree = CaptureOptions.Flag("--tree", "Every header with its fields, one a line.", "-V");
    private readonly Option<string> _color = new("--color") { Description = "Colours.", DefaultValueFactory = _ => "auto" };
    private readonly Option<bool> _onlyCount = CaptureOptions.Flag("--count-only", "Print nothing but the number of packets.");
    private readonly Option<bool> _dump = CaptureOptions.Flag("-d", "Print the program that the capture filter is compiled to for the file's link type, and stop.");
    private readonly Option<bool> _lineBuffered = CaptureOptions.Flag("-l", "Write each line at once.");
    private readonly WriteOptions _write = new();
    private readonly FieldOptions _fields = new();

    private InspectCommand()
    {
    }

    internal static Command Create()
    {
        InspectCommand words = new();
        words._time.AcceptOnlyFromAmong("abs", "utc", "epoch", "delta", "relative", "none");
        words._color.AcceptOnlyFromAmong("auto", "always", "never");
        Command command = new("inspect", "Packets as lines of text, from headers alone: tcpdump's options, and more.");
        CaptureOptions capture = CaptureOptions.AddTo(command);
        foreach (Option option in new Option[]
        {
            words._json, words._link, words._verbose, words._tree, words._quiet, words._hex, words._hexText, words._ascii, words._t, words._time, words._micro, words._nano,
            words._absolute, words._noChecksums, words._number, words._names, words._onlyCount, words._dump, words._color, words._lineBuffered, words._interface, words._list,
        }) command.Options.Add(option);
        words._write.AddTo(command);
        words._fields.AddTo(command);
        command.SetAction(parsed => words.Run(capture, parsed));
        return command;
    }

    private int Run(CaptureOptions capture, ParseResult parsed)
    {
        if (parsed.GetValue(_interface) is not null || parsed.GetValue(_list)) return NotLive();
        if (parsed.GetValue(_dump)) return DumpFilter(capture.Read(parsed), Console.Out, Console.Error);
        CaptureRequest request = capture.Read(parsed) with { Verb = "printed", FlushEach = parsed.GetValue(_lineBuffered) || !Console.IsOutputRedirected };
        if (_fields.Writer(parsed) is { NeedsFlows: true }) request = request with { TrackFlows = true };
        return CaptureRun.Execute(request, context => Sinks(context, parsed));
    }

    private static int DumpFilter(CaptureRequest request, TextWriter output, TextWriter errors)
    {
        if (!PacketTest.TryParse(request, errors, out PacketFilter? filter) || CaptureFiles.Open(request, errors) is not { } source) return ExitCode.Unusable;
        using (source)
        {
            LinkType linkType = source.TryRead(out CaptureRecord first) ? first.LinkType : source.Interfaces.Count > 0 ? source.Interfaces[0].LinkType : LinkType.Ethernet;
            try
            {
                output.WriteLine((filter ?? PacketFilter.Parse("")).Dump(linkType).TrimEnd());
                return ExitCode.Done;
            }
            catch (FilterException e)
            {
                errors.WriteLine($"netstack: filter: {CaptureRun.Reason(e)}");
                return ExitCode.Unusable;
            }
        }
    }

    private static int NotLive()
    {
        Console.Error.WriteLine("netstack: live capture, and the list of interfaces, come in a later version: tcpdump -i NAME -U -w - | netstack inspect -");
        return ExitCode.Unusable;
    }

    private IPacketSink Sinks(CaptureContext context, ParseResult parsed)
    {
        WriteSink? writer = _write.Sink(context, parsed);
        if (!_write.Prints(parsed)) return writer!;
        return writer is null ? Printer(context, parsed) : new BothSinks(writer, Printer(context, parsed));
    }

    private IPacketSink Printer(CaptureContext context, ParseResult parsed)
    {
        if (parsed.GetValue(_onlyCount)) return new CountSink(context);
        if (_fields.Writer(parsed, context.Times) is { } fields) return new FieldSink(context, fields);
        return new InspectSink(context, new InspectOptions
        {
            Json = parsed.GetValue(_json),
            Tree = parsed.GetValue(_tree),
            Bytes = Form(parsed),
            Line = Line(parsed),
        });
    }

    private PacketLineOptions Line(ParseResult parsed) => new()
    {
        Time = Time(parsed),
        Decimals = parsed.GetValue(_nano) ? 9 : parsed.GetValue(_micro) ? 6 : null,
        Number = parsed.GetValue(_number),
        LinkHeader = parsed.GetValue(_link),
        Verbosity = Times(parsed, _verbose),
        Quiet = parsed.GetValue(_quiet),
        AbsoluteSequence = parsed.GetValue(_absolute),
        NoChecksums = parsed.GetValue(_noChecksums),
        Color = parsed.GetValue(_color) is "always" || (parsed.GetValue(_color) is "auto" && !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or ""),
    };

    private TimeFormat Time(ParseResult parsed) => parsed.GetValue(_time) switch
    {
        "abs" => TimeFormat.Date,
        { } name => Enum.Parse<TimeFormat>(name, ignoreCase: true),
        null => Times(parsed, _t) switch
        {
            0 => TimeFormat.Utc,
            1 => TimeFormat.None,
            2 => TimeFormat.Epoch,
            3 => TimeFormat.DeltaClock,
            4 => TimeFormat.Date,
            _ => TimeFormat.RelativeClock,
        },
    };

    private HexForm Form(ParseResult parsed)
    {
        if (Times(parsed, _hexText) is > 0 and int both) return HexForm.Both | From(both);
        if (Times(parsed, _hex) is > 0 and int hex) return HexForm.Hex | From(hex);
        return Times(parsed, _ascii) is > 0 and int ascii ? HexForm.Ascii | From(ascii) : HexForm.None;

        static HexForm From(int times) => times > 1 ? HexForm.Link : HexForm.None;
    }

    /// <summary>How often a letter was given.</summary>
    private static int Times(ParseResult parsed, Option option) => parsed.GetResult(option)?.IdentifierTokenCount ?? 0;
}
