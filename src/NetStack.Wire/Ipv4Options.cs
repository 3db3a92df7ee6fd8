namespace NetStack.Wire;

/// <summary>IPv4 option kinds (IANA) that this library knows by name: copied flag, class and number in one byte (RFC 791).</summary>
public enum Ipv4OptionKind : byte
{
    /// <summary>End of the list.</summary>
    End = 0,

    /// <summary>Padding.</summary>
    NoOperation = 1,

    /// <summary>Record route (RFC 791).</summary>
    RecordRoute = 7,

    /// <summary>Time stamps (RFC 791).</summary>
    Timestamp = 68,

    /// <summary>Security (RFC 1108).</summary>
    Security = 130,

    /// <summary>Loose source route (RFC 791).</summary>
    LooseSourceRoute = 131,

    /// <summary>Strict source route (RFC 791).</summary>
    StrictSourceRoute = 137,

    /// <summary>Router alert (RFC 2113).</summary>
    RouterAlert = 148,
}

/// <summary>Reads and writes IPv4 options, for <see cref="Ipv4View.Options"/> and <see cref="Ipv4Header.Write"/>.</summary>
public static class Ipv4Options
{
    /// <summary>The router alert option (RFC 2113): a router shall look at the packet. It is all the options of an IGMPv2 or
    /// IGMPv3 message (RFC 3376 section 4).</summary>
    public static ReadOnlySpan<byte> RouterAlert => [(byte)Ipv4OptionKind.RouterAlert, 4, 0, 0];

    /// <summary>Finds the first option of a kind; total over any bytes.</summary>
    /// <param name="options">The options.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="data">The option's bytes after kind and length.</param>
    public static bool TryFind(ReadOnlySpan<byte> options, Ipv4OptionKind kind, out ReadOnlySpan<byte> data) =>
        OptionReader.TryFind(options, (byte)kind, out data);

    /// <summary>Appends <c>, options (...)</c> where there are any.</summary>
    public static void AppendTo(ref LineWriter line, ReadOnlySpan<byte> options)
    {
        if (options.IsEmpty) return;
        line.Append(", options ("u8);
        OptionReader reader = new(options);
        for (bool first = true; reader.MoveNext(); first = false)
        {
            if (!first) line.Append(',');
            AppendName(ref line, reader.Kind);
            if (reader.IsMalformed) line.Append(" [bad length]"u8);
        }
        line.Append(')');
    }

    private static void AppendName(ref LineWriter line, byte kind)
    {
        ReadOnlySpan<byte> name = (Ipv4OptionKind)kind switch
        {
            Ipv4OptionKind.End => "EOL"u8,
            Ipv4OptionKind.NoOperation => "NOP"u8,
            Ipv4OptionKind.RecordRoute => "RR"u8,
            Ipv4OptionKind.Timestamp => "timestamp"u8,
            Ipv4OptionKind.Security => "security"u8,
            Ipv4OptionKind.LooseSourceRoute => "LSRR"u8,
            Ipv4OptionKind.StrictSourceRoute => "SSRR"u8,
            Ipv4OptionKind.RouterAlert => "RA"u8,
            _ => default,
        };
        line.Append(name);
        if (!name.IsEmpty) return;
        line.Append("unknown "u8);
        line.Append(kind);
    }
}
