using System.CommandLine;
using System.CommandLine.Parsing;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>The words that ask for chosen fields instead of lines: tshark's <c>-T fields -e -E</c>, <c>--fields</c>, <c>--csv</c>.</summary>
internal sealed class FieldOptions
{
    private readonly Option<string?> _fields = new("--fields")
    {
        Description = "Fields to print, separated by commas (netstack fields lists them); tshark's -T fields -e A -e B is understood too.",
        HelpName = "A,B,C",
    };
    private readonly Option<string[]> _settings = new("-E") { Description = "How fields are printed: header=y, separator=, occurrence=f|l|a, aggregator=, quote=d|s|n.", HelpName = "NAME=VALUE" };
    private readonly Option<bool> _csv = CaptureOptions.Flag("--csv", "Comma-separated values (RFC 4180) with a header.");

    /// <summary>tshark's <c>-T fields -e A -e B</c> as <c>--fields A,B</c>: without -T, -e takes no name and asks for the link-layer header.</summary>
    internal static string[] Rewrite(string[] arguments)
    {
        int at = Array.IndexOf(arguments, "-T");
        if (at < 0 || at + 1 >= arguments.Length || arguments[at + 1] != "fields") return arguments;
        List<string> rest = [.. arguments[..at], .. arguments[(at + 2)..]];
        List<string> fields = [];
        for (int i = 0; i + 1 < rest.Count && rest[i] != "--";)
        {
            if (rest[i] != "-e")
            {
                i++;
                continue;
            }
            fields.Add(rest[i + 1]);
            rest.RemoveRange(i, 2);
        }
        rest.InsertRange(Math.Min(1, rest.Count), ["--fields", string.Join(',', fields)]);
        return [.. rest];
    }

    internal void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _fields, _settings, _csv }) command.Options.Add(option);
        command.Validators.Add(Check);
    }

    /// <summary>The writer of the fields that were asked for; null where none were.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="times">The times that fields are relative to; null for those of the packets printed.</param>
    internal FieldWriter? Writer(ParseResult parsed, CaptureTimes? times = null)
    {
        string? list = parsed.GetValue(_fields);
        bool isCsv = parsed.GetValue(_csv);
        if (list is null && !isCsv) return null;
        FieldWriterOptions options = new() { Fields = Find(list), Csv = isCsv, Header = isCsv, Separator = isCsv ? ',' : '\t' };
        foreach (string setting in parsed.GetValue(_settings) ?? []) options = With(options, setting);
        return new FieldWriter(options, times);
    }

    private static DisplayField[] Find(string? list) =>
        [.. (list ?? "frame.number,frame.time_relative,ip.src,ip.dst,ipv6.src,ipv6.dst,frame.protocols,frame.len").Split(',').Select(n => DisplayField.Find(n.Trim()))];

    private void Check(CommandResult result)
    {
        try
        {
            if (result.Given(_fields) is { Length: 0 }) throw new ArgumentException("-T fields needs -e FIELD");
            if (result.Given(_fields) is { } list) Find(list);
            FieldWriterOptions options = new() { Fields = [] };
            foreach (string setting in result.Given(_settings) ?? []) options = With(options, setting);
        }
        catch (ArgumentException e)
        {
            result.AddError(e.Message);
        }
    }

    /// <exception cref="ArgumentException">There is no such setting.</exception>
    private static FieldWriterOptions With(FieldWriterOptions options, string setting)
    {
        string[] parts = setting.Split('=', 2);
        string value = parts.Length == 2 ? parts[1] : "";
        return (parts[0], value) switch
        {
            ("header", "y" or "n") => options with { Header = value == "y" },
            ("separator", "/t") => options with { Separator = '\t' },
            ("separator", "/s") => options with { Separator = ' ' },
            ("separator", { Length: 1 }) => options with { Separator = value[0] },
            ("occurrence", "f") => options with { Occurrence = FieldOccurrence.First },
            ("occurrence", "l") => options with { Occurrence = FieldOccurrence.Last },
            ("occurrence", "a") => options with { Occurrence = FieldOccurrence.All },
            ("aggregator", "/s") => options with { Aggregator = ' ' },
            ("aggregator", { Length: 1 }) => options with { Aggregator = value[0] },
            ("quote", "d") => options with { Quote = '"' },
            ("quote", "s") => options with { Quote = '\'' },
            ("quote", "n") => options with { Quote = null },
            _ => throw new ArgumentException($"-E {setting}: give header=y|n, separator=/t|/s|CHARACTER, occurrence=f|l|a, aggregator=/s|CHARACTER or quote=d|s|n"),
        };
    }
}

/// <summary>Prints chosen fields.</summary>
internal sealed class FieldSink : IPacketSink
{
    private readonly CaptureContext _context;
    private readonly FieldWriter _writer;

    internal FieldSink(CaptureContext context, FieldWriter writer)
    {
        _context = context;
        _writer = writer;
        writer.WriteHeader(context.Output);
    }

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow) => _writer.Write(_context.Output, packet, flow);

    public void Finish(TextWriter errors)
    {
    }

    public void Dispose()
    {
    }
}
