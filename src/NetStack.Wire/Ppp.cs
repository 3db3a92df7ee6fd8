namespace NetStack.Wire;

/// <summary>
/// A PPP protocol field over private bytes (RFC 1661), after address and control bytes where those are there (RFC 1662). The
/// protocol may be compressed to one byte.
/// </summary>
public readonly ref struct PppView
{
    /// <summary>IPv4.</summary>
    public const ushort Ipv4 = 0x0021;

    /// <summary>IPv6.</summary>
    public const ushort Ipv6 = 0x0057;

    /// <summary>MPLS, unicast.</summary>
    public const ushort Mpls = 0x0281;

    /// <summary>MPLS, multicast.</summary>
    public const ushort MplsMulticast = 0x0283;

    private PppView(ushort protocol, int headerLength)
    {
        Protocol = protocol;
        HeaderLength = headerLength;
    }

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out PppView view)
    {
        view = default;
        int at = bytes.Length >= 2 && bytes[0] == 0xFF && bytes[1] == 3 ? 2 : 0;
        if (bytes.Length <= at || (bytes.Length == 1 && bytes[0] == 0xFF)) return false; // 0x00FF is no protocol: an address was cut
        if ((bytes[at] & 1) != 0) // RFC 1661 section 6.5: a low bit ends the field
        {
            view = new PppView(bytes[at], at + 1);
            return true;
        }
        if (bytes.Length < at + 2) return false;
        view = new PppView(Bytes.U16(bytes, at), at + 2);
        return true;
    }

    /// <summary>What follows.</summary>
    public ushort Protocol { get; }

    /// <summary>Header bytes, 1 to 4.</summary>
    public int HeaderLength { get; }

    /// <summary>Appends the protocol.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("PPP 0x"u8);
        line.AppendHex(Protocol, 4);
    }
}

/// <summary>The values of a PPP header, as written: without address and control, not compressed.</summary>
/// <param name="Protocol">What follows.</param>
public readonly record struct PppHeader(ushort Protocol)
{
    /// <summary>Bytes written.</summary>
    public const int Size = 2;

    /// <summary>The values of a header that was read.</summary>
    public static PppHeader From(PppView view) => new(view.Protocol);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Bytes.Put16(Bytes.Room(destination, Size), 0, Protocol);
        return Size;
    }
}
