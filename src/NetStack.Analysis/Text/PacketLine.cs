using System.Buffers;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// One packet as a line of text, as tcpdump -nn writes it: the time, then the network and transport headers, outermost first.
/// UTF-8 straight into the output, nothing allocated. It knows the packets before, for times and numbers that are relative.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class PacketLine
{
    private readonly PacketLineOptions _options;
    private readonly LayerText _layers;
    private Timestamp? _first;
    private Timestamp? _previous;
    private bool _nine; // decimals: six until a time needs nine, then nine, so that the lines stay under each other

    /// <summary>Lines of a kind.</summary>
    public PacketLine(PacketLineOptions options)
    {
        _options = options;
        _layers = new LayerText(options);
        _nine = options.Decimals == 9;
    }

    /// <summary>The usual lines.</summary>
    /// <param name="format">The time in front.</param>
    public PacketLine(TimeFormat format)
        : this(new PacketLineOptions { Time = format })
    {
    }

    /// <summary>Writes a packet and a line end.</summary>
    public void Write(IBufferWriter<byte> output, in PacketHeaders headers)
    {
        LineWriter line = new(output.GetSpan(PacketJson.MaxLine));
        if (_options.Number) AppendNumber(ref line, headers.Info.Number);
        Ink.Begin(ref line, _options.Color, Ink.Dim);
        AppendTime(ref line, headers.Info.Timestamp);
        Ink.End(ref line, _options.Color);
        _layers.AppendAll(ref line, headers);
        foreach (Note note in headers.Notes)
        {
            if (note.Code == NoteCode.Unsupported) continue;
            Ink.Begin(ref line, _options.Color, Ink.Red);
            line.Append(" [|"u8);
            NoteText.AppendDetail(ref line, note);
            line.Append(']');
            Ink.End(ref line, _options.Color);
        }
        line.Append('\n');
        output.Advance(line.Length);
    }

    private static void AppendNumber(ref LineWriter line, long number)
    {
        for (long limit = 10_000; number < limit && limit > 1; limit /= 10) line.Append(' ');
        line.Append(number);
        line.Append("  "u8);
    }

    private void AppendTime(ref LineWriter line, Timestamp? timestamp)
    {
        if (_options.Time == TimeFormat.None) return;
        if (timestamp is not { } at)
        {
            line.Append("- "u8);
            return;
        }
        _first ??= at;
        if (_options.Decimals is null) _nine |= at.Nanoseconds % 1000 != 0;
        switch (_options.Time)
        {
            case TimeFormat.Epoch:
                TimeText.AppendSeconds(ref line, at.TotalNanoseconds, _nine);
                break;
            case TimeFormat.Relative:
                TimeText.AppendSeconds(ref line, Since(at, _first.Value), _nine);
                break;
            case TimeFormat.Delta:
                TimeText.AppendSeconds(ref line, Since(at, _previous ?? at), _nine);
                break;
            case TimeFormat.Date:
                TimeText.AppendDate(ref line, at, _nine);
                break;
            case TimeFormat.DeltaClock:
                TimeText.AppendClock(ref line, Since(at, _previous ?? at), _nine);
                break;
            case TimeFormat.RelativeClock:
                TimeText.AppendClock(ref line, Since(at, _first.Value), _nine);
                break;
            default:
                TimeText.AppendDayTime(ref line, at, _nine);
                break;
        }
        _previous = at;
        line.Append(' ');
    }

    /// <summary>A difference of the times as they are told: with six decimals each was cut to them.</summary>
    private Int128 Since(Timestamp at, Timestamp before) =>
        _nine ? at - before : (at.TotalNanoseconds - at.Nanoseconds % 1000) - (before.TotalNanoseconds - before.Nanoseconds % 1000);
}
