using System.Buffers;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>A packet as a tree: every header with its fields, one a line, in the names of the JSON.</summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="format">The time of the packet.</param>
public sealed class PacketTree(TimeFormat format)
{
    private readonly byte[] _json = new byte[PacketJson.MaxLine];
    private readonly PacketLine _line = new(new PacketLineOptions { Time = format });

    /// <summary>Writes a packet and an empty line.</summary>
    public void Write(IBufferWriter<byte> output, in PacketHeaders headers)
    {
        PacketInfo info = headers.Info;
        LineWriter line = new(output.GetSpan(PacketJson.MaxLine));
        line.Append("packet "u8);
        line.Append(info.Number);
        Say(ref line, ": "u8, info.WireLength, " bytes on the wire, "u8);
        Say(ref line, default, info.CapturedLength, " captured, link type "u8);
        Say(ref line, default, (int)info.LinkType, ", interface "u8);
        Say(ref line, default, info.Interface, "\n  "u8);
        output.Advance(line.Length);
        _line.Write(output, headers);
        foreach (Layer layer in headers.Layers)
        {
            LineWriter json = new(_json);
            LayerJson.Append(ref json, layer, headers.BytesOf(layer));
            LineWriter text = new(output.GetSpan(PacketJson.MaxLine));
            Fields(ref text, json.Written);
            output.Advance(text.Length);
        }
        LineWriter end = new(output.GetSpan(PacketJson.MaxLine));
        if (headers.HasPayload)
        {
            Say(ref end, "  payload\n    offset: "u8, headers.Payload.Offset, default);
            Say(ref end, "\n    len: "u8, headers.Payload.Length, default);
            Say(ref end, "\n    captured: "u8, headers.Payload.Captured, "\n"u8);
        }
        foreach (Note note in headers.Notes)
        {
            end.Append("  note "u8);
            end.Append(NoteText.Code(note.Code));
            end.Append(": "u8);
            NoteText.AppendDetail(ref end, note);
            end.Append('\n');
        }
        end.Append('\n');
        output.Advance(end.Length);
    }

    /// <summary>From <c>{"layer":"eth","offset":0,"dst":"..."}</c>: the name, then a line for each further key. Lists stay as they are;
    /// no string of a layer holds a quote.</summary>
    private static void Fields(ref LineWriter text, ReadOnlySpan<byte> json)
    {
        int depth = 0;
        int start = 1;
        bool isString = false;
        for (int i = 1; i < json.Length; i++)
        {
            byte b = json[i];
            if (b == '"') isString = !isString;
            if (isString) continue;
            if (b == '[') depth++;
            if (b == ']') depth--;
            if (depth > 0 || b is not ((byte)',' or (byte)'}')) continue;
            Field(ref text, json[start..i], isName: start == 1);
            start = i + 1;
        }
    }

    private static void Field(ref LineWriter text, ReadOnlySpan<byte> pair, bool isName)
    {
        int colon = pair.IndexOf("\":"u8);
        ReadOnlySpan<byte> value = pair[(colon + 2)..].Trim((byte)'"');
        text.Append(isName ? "  "u8 : "    "u8);
        if (!isName)
        {
            text.Append(pair[1..colon]);
            text.Append(": "u8);
        }
        text.Append(value);
        text.Append('\n');
    }

    private static void Say(ref LineWriter line, ReadOnlySpan<byte> before, long number, ReadOnlySpan<byte> after)
    {
        line.Append(before);
        line.Append(number);
        line.Append(after);
    }
}
