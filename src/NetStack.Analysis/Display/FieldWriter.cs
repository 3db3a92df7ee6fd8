using System.Buffers;
using System.Text;
using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>Which of a field's values are printed.</summary>
public enum FieldOccurrence
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>The first: of the outermost header.</summary>
    First,

    /// <summary>The last: of the innermost header.</summary>
    Last,
}

/// <summary>How fields are printed; as tshark prints them, unless said otherwise.</summary>
public sealed record FieldWriterOptions
{
    /// <summary>The fields, in order; at least one.</summary>
    public required IReadOnlyList<DisplayField> Fields { get; init; }

    /// <summary>What stands between two fields.</summary>
    public char Separator { get; init; } = '\t';

    /// <summary>What stands between two values of a field.</summary>
    public char Aggregator { get; init; } = ',';

    /// <summary>What stands around the values of a field that has any; null for nothing.</summary>
    public char? Quote { get; init; }

    /// <summary>Whether the first line names the fields.</summary>
    public bool Header { get; init; }

    /// <summary>Which values are printed.</summary>
    public FieldOccurrence Occurrence { get; init; }

    /// <summary>Whether a field that holds a separator, a quote or a line end is quoted, and lines end in CR LF (RFC 4180).</summary>
    public bool Csv { get; init; }
}

/// <summary>
/// One line of chosen fields per packet, as <c>tshark -T fields</c>: a field that a packet does not have is empty. UTF-8 straight
/// into the output, nothing allocated.
/// </summary>
public sealed class FieldWriter
{
    private const int MaxLine = 64 * 1024; // layers, options and their texts are bounded; so are fields on a command line

    private readonly FieldWriterOptions _options;
    private readonly DisplayField[] _fields;
    private readonly FieldState _state;

    /// <summary>Makes a writer.</summary>
    /// <param name="options">What to print, and how.</param>
    /// <param name="times">Shared with the filter that chose the packets; null where every packet is written.</param>
    /// <exception cref="ArgumentException">There is no field.</exception>
    public FieldWriter(FieldWriterOptions options, CaptureTimes? times = null)
    {
        if (options.Fields.Count == 0) throw new ArgumentException("Give at least one field.", nameof(options));
        _options = options;
        _fields = [.. options.Fields];
        _state = new FieldState(times ?? new CaptureTimes());
        NeedsFlows = _fields.Any(f => f.NeedsFlows);
    }

    /// <summary>Whether one of the fields is known to a flow table only.</summary>
    public bool NeedsFlows { get; }

    /// <summary>Writes the line of names, if it is wanted.</summary>
    public void WriteHeader(IBufferWriter<byte> output)
    {
        if (!_options.Header) return;
        string line = string.Join(_options.Separator, _fields.Select(f => f.Name)) + (_options.Csv ? "\r\n" : "\n");
        output.Write(Encoding.UTF8.GetBytes(line));
    }

    /// <summary>Writes a packet and a line end.</summary>
    public void Write(IBufferWriter<byte> output, in PacketHeaders packet, in FlowPacket flow)
    {
        FieldScope scope = _state.Begin(packet, flow);
        LineWriter line = new(output.GetSpan(MaxLine)[..(MaxLine - 2)]);
        for (int i = 0; i < _fields.Length; i++)
        {
            if (i > 0) Append(ref line, _options.Separator);
            AppendField(ref line, scope, _fields[i]);
        }
        int length = line.Length;
        Span<byte> end = output.GetSpan(MaxLine)[length..];
        if (_options.Csv) end[0] = (byte)'\r';
        end[_options.Csv ? 1 : 0] = (byte)'\n';
        output.Advance(length + (_options.Csv ? 2 : 1));
    }

    private void AppendField(ref LineWriter line, scoped FieldScope scope, DisplayField field)
    {
        Span<byte> room = stackalloc byte[4096];
        LineWriter values = new(room);
        FieldCursor cursor = default;
        bool any = false;
        while (scope.TryNext(field, ref cursor, out FieldValue value))
        {
            if (any && _options.Occurrence == FieldOccurrence.First) break;
            if (any && _options.Occurrence == FieldOccurrence.Last) values = new LineWriter(room);
            else if (any) Append(ref values, _options.Aggregator);
            any = true;
            FieldText.Append(ref values, field, value);
        }
        if (!any) return;
        if (_options.Csv) AppendCsv(ref line, values.Written, _options.Separator);
        else AppendQuoted(ref line, values.Written);
    }

    private void AppendQuoted(ref LineWriter line, scoped ReadOnlySpan<byte> values)
    {
        if (_options.Quote is { } quote) Append(ref line, quote);
        line.Append(values);
        if (_options.Quote is { } again) Append(ref line, again);
    }

    /// <summary>Appends a field of RFC 4180: quoted where it must be, quotes doubled.</summary>
    internal static void AppendCsv(ref LineWriter line, scoped ReadOnlySpan<byte> field, char separator)
    {
        if (field.IndexOfAny("\",\r\n"u8) < 0 && (separator > 127 || !field.Contains((byte)separator)))
        {
            line.Append(field);
            return;
        }
        line.Append('"');
        foreach (byte b in field)
        {
            if (b == '"') line.Append('"');
            line.Append([b]);
        }
        line.Append('"');
    }

    private static void Append(ref LineWriter line, char c)
    {
        if (c < 128)
        {
            line.Append(c);
            return;
        }
        Span<byte> utf8 = stackalloc byte[4];
        line.Append(utf8[..(Rune.TryCreate(c, out Rune rune) ? rune.EncodeToUtf8(utf8) : 0)]);
    }
}
