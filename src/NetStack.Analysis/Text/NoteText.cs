using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Notes in words.</summary>
internal static class NoteText
{
    internal static ReadOnlySpan<byte> Code(NoteCode code) => code switch
    {
        NoteCode.Truncated => "truncated"u8,
        NoteCode.BadLength => "bad_length"u8,
        NoteCode.BadVersion => "bad_version"u8,
        NoteCode.BadChecksum => "bad_checksum"u8,
        NoteCode.LengthExceedsPacket => "length_exceeds_packet"u8,
        NoteCode.Unsupported => "unsupported"u8,
        _ => "depth_limit"u8,
    };

    internal static void AppendDetail(ref LineWriter line, in Note note)
    {
        ReadOnlySpan<byte> name = LayerJson.NameOf(note.Kind);
        switch (note.Code)
        {
            case NoteCode.Truncated:
                Say(ref line, name, " header needs "u8, note.Claimed, " bytes, "u8, note.Available, " captured"u8);
                break;
            case NoteCode.BadLength:
                Say(ref line, name, " length "u8, note.Claimed, " cannot be (there are "u8, note.Available, ")"u8);
                break;
            case NoteCode.BadVersion:
                Say(ref line, name, " version is "u8, note.Claimed, ", not "u8, note.Available, default);
                break;
            case NoteCode.BadChecksum:
                line.Append(name);
                line.Append(" header checksum 0x"u8);
                line.AppendHex((uint)note.Claimed, 4);
                line.Append(" is wrong"u8);
                break;
            case NoteCode.LengthExceedsPacket:
                Say(ref line, name, " claims "u8, note.Claimed, " bytes, there are "u8, note.Available, default);
                break;
            case NoteCode.Unsupported:
                line.Append(note.LayerIndex == 0 ? "link type "u8 : "protocol "u8);
                line.Append(note.Claimed);
                line.Append(" is not decoded"u8);
                break;
            default:
                line.Append("stopped after "u8);
                line.Append(note.Claimed);
                line.Append(" layers"u8);
                break;
        }
    }

    private static void Say(ref LineWriter line, ReadOnlySpan<byte> name, ReadOnlySpan<byte> a, int first, ReadOnlySpan<byte> b, int second, ReadOnlySpan<byte> c)
    {
        line.Append(name);
        line.Append(a);
        line.Append(first);
        line.Append(b);
        line.Append(second);
        line.Append(c);
    }
}
