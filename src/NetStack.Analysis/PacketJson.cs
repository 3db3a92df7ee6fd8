using System.Buffers;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// One packet as one line of JSON. Keys and meanings are in docs/json.md. UTF-8 straight into the output, nothing allocated.
/// </summary>
public static class PacketJson
{
    /// <summary>No packet's line is longer: the layers, options and notes are bounded.</summary>
    internal const int MaxLine = 32 * 1024;

    /// <summary>Writes a packet and a line end.</summary>
    public static void Write(IBufferWriter<byte> output, in PacketHeaders headers)
    {
        PacketInfo info = headers.Info;
        LineWriter line = new(output.GetSpan(MaxLine));
        line.Append("{\"n\":"u8);
        line.Append(info.Number);
        if (info.Timestamp is { } at)
        {
            line.Append(",\"ts\":\""u8);
            TimeText.AppendSeconds(ref line, at.TotalNanoseconds);
            line.Append('"');
        }
        Number(ref line, ",\"caplen\":"u8, info.CapturedLength);
        Number(ref line, ",\"len\":"u8, info.WireLength);
        Number(ref line, ",\"linktype\":"u8, (int)info.LinkType);
        Number(ref line, ",\"interface\":"u8, info.Interface);
        line.Append(",\"layers\":["u8);
        for (int i = 0; i < headers.Layers.Length; i++)
        {
            if (i > 0) line.Append(',');
            LayerJson.Append(ref line, headers.Layers[i], headers.BytesOf(headers.Layers[i]));
        }
        line.Append(']');
        if (headers.HasPayload)
        {
            Number(ref line, ",\"payload\":{\"offset\":"u8, headers.Payload.Offset);
            Number(ref line, ",\"len\":"u8, headers.Payload.Length);
            Number(ref line, ",\"captured\":"u8, headers.Payload.Captured);
            line.Append('}');
        }
        if (headers.Notes.Length > 0) AppendNotes(ref line, headers.Notes);
        line.Append("}\n"u8);
        output.Advance(line.Length);
    }

    /// <summary>Writes a damaged file's last line.</summary>
    public static void WriteError(IBufferWriter<byte> output, CaptureDamage damage)
    {
        LineWriter line = new(output.GetSpan(MaxLine));
        line.Append("{\"error\":{\"code\":\""u8);
        Text(ref line, damage.Code);
        Number(ref line, "\",\"offset\":"u8, damage.Offset);
        line.Append(",\"detail\":\""u8);
        Text(ref line, damage.Detail);
        line.Append("\"}}\n"u8);
        output.Advance(line.Length);
    }

    internal static void Number(ref LineWriter line, ReadOnlySpan<byte> key, long value)
    {
        line.Append(key);
        line.Append(value);
    }

    internal static void Flag(ref LineWriter line, ReadOnlySpan<byte> key, bool value)
    {
        line.Append(key);
        line.Append(value ? "true"u8 : "false"u8);
    }

    private static void AppendNotes(ref LineWriter line, scoped ReadOnlySpan<Note> notes)
    {
        line.Append(",\"notes\":["u8);
        for (int i = 0; i < notes.Length; i++)
        {
            line.Append(i > 0 ? ",{\"code\":\""u8 : "{\"code\":\""u8);
            line.Append(NoteText.Code(notes[i].Code));
            Number(ref line, "\",\"layer\":"u8, notes[i].LayerIndex);
            line.Append(",\"detail\":\""u8);
            NoteText.AppendDetail(ref line, notes[i]);
            line.Append("\"}"u8);
        }
        line.Append(']');
    }

    private static void Text(ref LineWriter line, string text)
    {
        foreach (byte b in System.Text.Encoding.UTF8.GetBytes(text))
        {
            if (b is (byte)'"' or (byte)'\\') line.Append('\\');
            if (b >= 0x20) line.Append([b]);
            else line.Append(' ');
        }
    }
}
