namespace NetStack.Wire;

/// <summary>TCP option kinds (IANA) that this library knows by name.</summary>
public enum TcpOptionKind : byte
{
    /// <summary>End of the list.</summary>
    End = 0,

    /// <summary>Padding.</summary>
    NoOperation = 1,

    /// <summary>Maximum segment size (RFC 9293).</summary>
    MaximumSegmentSize = 2,

    /// <summary>Window scale (RFC 7323).</summary>
    WindowScale = 3,

    /// <summary>SACK permitted (RFC 2018).</summary>
    SackPermitted = 4,

    /// <summary>SACK blocks (RFC 2018).</summary>
    Sack = 5,

    /// <summary>Timestamps (RFC 7323).</summary>
    Timestamps = 8,

    /// <summary>MD5 signature (RFC 2385).</summary>
    Md5 = 19,

    /// <summary>User timeout (RFC 5482).</summary>
    UserTimeout = 28,

    /// <summary>Authentication option (RFC 5925).</summary>
    Authentication = 29,

    /// <summary>Multipath TCP (RFC 8684).</summary>
    MultipathTcp = 30,

    /// <summary>Fast open cookie (RFC 7413).</summary>
    FastOpen = 34,
}

/// <summary>The values of the common TCP options, read in one pass. Where an option occurs twice, the last one counts.</summary>
public struct TcpOptions
{
    private const uint TimestampsAlone = 0x0101_080A; // no-operation twice, kind and length

    /// <summary>Maximum segment size, or -1.</summary>
    public int MaximumSegmentSize { get; private set; }

    /// <summary>Window scale as on the wire, or -1.</summary>
    public int WindowScale { get; private set; }

    /// <summary>Whether SACK is permitted.</summary>
    public bool SackPermitted { get; private set; }

    /// <summary>Whether timestamps are there.</summary>
    public bool HasTimestamps { get; private set; }

    /// <summary>Timestamp value.</summary>
    public uint TimestampValue { get; private set; }

    /// <summary>Timestamp echo reply.</summary>
    public uint TimestampEcho { get; private set; }

    /// <summary>User timeout in seconds (RFC 5482), 1 to 1,966,020, or -1; the reserved value 0 is passed over.</summary>
    public int UserTimeout { get; private set; }

    /// <summary>Whether an option cannot be.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Reads options; total over any bytes. An option of the wrong length is passed over.</summary>
    public static TcpOptions Read(ReadOnlySpan<byte> options)
    {
        TcpOptions values = new() { MaximumSegmentSize = -1, WindowScale = -1, UserTimeout = -1 };
        if (options.Length == 12 && Bytes.U32(options, 0) == TimestampsAlone) // as most segments have them (RFC 7323 appendix A)
        {
            values.SetTimestamps(options[4..]);
            return values;
        }
        OptionReader reader = new(options);
        while (reader.MoveNext())
        {
            if (reader.IsMalformed) break;
            ReadOnlySpan<byte> data = reader.Data;
            switch ((TcpOptionKind)reader.Kind)
            {
                case TcpOptionKind.MaximumSegmentSize when data.Length == 2:
                    values.MaximumSegmentSize = Bytes.U16(data, 0);
                    break;
                case TcpOptionKind.WindowScale when data.Length == 1:
                    values.WindowScale = data[0];
                    break;
                case TcpOptionKind.SackPermitted when data.Length == 0:
                    values.SackPermitted = true;
                    break;
                case TcpOptionKind.Timestamps when data.Length == 8:
                    values.SetTimestamps(data);
                    break;
                case TcpOptionKind.UserTimeout when data.Length == 2 && (Bytes.U16(data, 0) & 0x7FFF) != 0:
                    values.UserTimeout = (Bytes.U16(data, 0) & 0x7FFF) * ((data[0] & 0x80) != 0 ? 60 : 1);
                    break;
                default:
                    break;
            }
        }
        values.IsMalformed = reader.IsMalformed;
        return values;
    }

    private void SetTimestamps(ReadOnlySpan<byte> data)
    {
        HasTimestamps = true;
        TimestampValue = Bytes.U32(data, 0);
        TimestampEcho = Bytes.U32(data, 4);
    }

    /// <summary>Finds the first option of a kind, for those that have no value here: a fast open cookie, a signature, multipath.
    /// Total over any bytes.</summary>
    /// <param name="options">The options.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="data">The option's bytes after kind and length.</param>
    public static bool TryFind(ReadOnlySpan<byte> options, TcpOptionKind kind, out ReadOnlySpan<byte> data) =>
        OptionReader.TryFind(options, (byte)kind, out data);

    /// <summary>The blocks of the first SACK option; none where there is no such option. Total over any bytes.</summary>
    public static SackBlocks ReadSackBlocks(ReadOnlySpan<byte> options) =>
        new(TryFind(options, TcpOptionKind.Sack, out ReadOnlySpan<byte> data) ? data : default);

    /// <summary>Appends <c>, options [...]</c> where there are any.</summary>
    /// <param name="line">Receives the text.</param>
    /// <param name="options">The options.</param>
    /// <param name="sackOrigin">What the edges of selective acknowledgements are counted from.</param>
    public static void AppendTo(ref LineWriter line, ReadOnlySpan<byte> options, uint sackOrigin = 0)
    {
        if (options.IsEmpty) return;
        line.Append(", options ["u8);
        OptionReader reader = new(options);
        for (bool first = true; reader.MoveNext(); first = false)
        {
            if (!first) line.Append(',');
            if (reader.IsMalformed)
            {
                line.Append("bad opt"u8);
                break;
            }
            AppendOption(ref line, (TcpOptionKind)reader.Kind, reader.Data, sackOrigin);
        }
        line.Append(']');
    }

    private static void AppendOption(ref LineWriter line, TcpOptionKind kind, ReadOnlySpan<byte> data, uint sackOrigin)
    {
        switch (kind)
        {
            case TcpOptionKind.End:
                line.Append("eol"u8);
                break;
            case TcpOptionKind.NoOperation:
                line.Append("nop"u8);
                break;
            case TcpOptionKind.MaximumSegmentSize when data.Length == 2:
                line.Append("mss "u8);
                line.Append(Bytes.U16(data, 0));
                break;
            case TcpOptionKind.WindowScale when data.Length == 1:
                line.Append("wscale "u8);
                line.Append(data[0]);
                break;
            case TcpOptionKind.SackPermitted:
                line.Append("sackOK"u8);
                break;
            case TcpOptionKind.Sack when data.Length % 8 == 0:
                line.Append("sack "u8);
                line.Append(data.Length / 8);
                line.Append(' ');
                foreach (SackBlock block in new SackBlocks(data))
                {
                    line.Append('{');
                    line.Append(block.Left - sackOrigin);
                    line.Append(':');
                    line.Append(block.Right - sackOrigin);
                    line.Append('}');
                }
                break;
            case TcpOptionKind.Timestamps when data.Length == 8:
                line.Append("TS val "u8);
                line.Append(Bytes.U32(data, 0));
                line.Append(" ecr "u8);
                line.Append(Bytes.U32(data, 4));
                break;
            default:
                line.Append(Name(kind));
                if (Name(kind).SequenceEqual("unknown-"u8)) line.Append((byte)kind);
                break;
        }
    }

    private static ReadOnlySpan<byte> Name(TcpOptionKind kind) => kind switch
    {
        TcpOptionKind.Md5 => "md5"u8,
        TcpOptionKind.UserTimeout => "uto"u8,
        TcpOptionKind.Authentication => "tcp-ao"u8,
        TcpOptionKind.MultipathTcp => "mptcp"u8,
        TcpOptionKind.FastOpen => "tfo"u8,
        _ => "unknown-"u8,
    };
}
