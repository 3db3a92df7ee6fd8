namespace NetStack.Wire;

/// <summary>TCP control bits: the low twelve bits of the header's bytes 12 and 13 (RFC 9293 section 3.1, RFC 9768 for AE).</summary>
[Flags]
public enum TcpFlags : ushort
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>No more data from the sender.</summary>
    Fin = 1,

    /// <summary>Synchronise sequence numbers.</summary>
    Syn = 2,

    /// <summary>Reset.</summary>
    Rst = 4,

    /// <summary>Push.</summary>
    Psh = 8,

    /// <summary>The acknowledgement number counts.</summary>
    Ack = 16,

    /// <summary>The urgent pointer counts.</summary>
    Urg = 32,

    /// <summary>ECN echo (RFC 3168).</summary>
    Ece = 64,

    /// <summary>Congestion window reduced (RFC 3168).</summary>
    Cwr = 128,

    /// <summary>Accurate ECN.</summary>
    Ae = 256,
}

/// <summary>A TCP header over private bytes (RFC 9293 section 3.1).</summary>
public readonly ref struct TcpView
{
    /// <summary>Bytes in a header without options.</summary>
    public const int MinSize = 20;

    private readonly ReadOnlySpan<byte> _bytes;

    private TcpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when its fixed part is not whole. Nothing in it is checked.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TcpView view)
    {
        view = new TcpView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Source port.</summary>
    public ushort SourcePort => Bytes.U16(_bytes, 0);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => Bytes.U16(_bytes, 2);

    /// <summary>Sequence number.</summary>
    public uint Sequence => Bytes.U32(_bytes, 4);

    /// <summary>Acknowledgement number.</summary>
    public uint Acknowledgement => Bytes.U32(_bytes, 8);

    /// <summary>Header bytes as claimed, 0 to 60; below 20 is impossible.</summary>
    public int HeaderLength => (_bytes[12] >> 4) * 4;

    /// <summary>Control bits, reserved ones included.</summary>
    public TcpFlags Flags => (TcpFlags)(Bytes.U16(_bytes, 12) & 0xFFF);

    /// <summary>Window as on the wire, not scaled.</summary>
    public ushort Window => Bytes.U16(_bytes, 14);

    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 16);

    /// <summary>Urgent pointer.</summary>
    public ushort UrgentPointer => Bytes.U16(_bytes, 18);

    /// <summary>The options that are there, at most up to the claimed header length.</summary>
    public ReadOnlySpan<byte> Options => Bytes.Clip(_bytes, MinSize, HeaderLength);

    /// <summary>Appends flags, numbers, options and length as tcpdump does.</summary>
    /// <param name="line">Receives the text.</param>
    /// <param name="payloadLength">Bytes of payload by the length fields.</param>
    /// <param name="origins">What the numbers are counted from; nothing for the numbers on the wire.</param>
    public void AppendTo(ref LineWriter line, int payloadLength, TcpOrigins origins = default)
    {
        AppendFlagsTo(ref line);
        AppendNumbersTo(ref line, payloadLength, origins, payloadLength > 0 || (Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Rst)) != 0);
    }

    /// <summary>Appends the flags, like <c>Flags [S.]</c>.</summary>
    public void AppendFlagsTo(ref LineWriter line)
    {
        line.Append("Flags ["u8);
        AppendFlags(ref line);
        line.Append(']');
    }

    /// <summary>Appends what stands behind the flags.</summary>
    /// <param name="line">Receives the text.</param>
    /// <param name="payloadLength">Bytes of payload by the length fields.</param>
    /// <param name="origins">What the numbers are counted from.</param>
    /// <param name="withSequence">Whether to tell the sequence number.</param>
    public void AppendNumbersTo(ref LineWriter line, int payloadLength, TcpOrigins origins, bool withSequence)
    {
        if (withSequence)
        {
            line.Append(", seq "u8);
            line.Append(Sequence - origins.Sequence);
            if (payloadLength > 0)
            {
                line.Append(':');
                line.Append((uint)(Sequence - origins.Sequence + payloadLength));
            }
        }
        if ((Flags & TcpFlags.Ack) != 0)
        {
            line.Append(", ack "u8);
            line.Append(Acknowledgement - origins.Acknowledgement);
        }
        line.Append(", win "u8);
        line.Append(Window);
        if ((Flags & TcpFlags.Urg) != 0)
        {
            line.Append(", urg "u8);
            line.Append(UrgentPointer);
        }
        TcpOptions.AppendTo(ref line, Options, origins.Sack);
        line.Append(", length "u8);
        line.Append(payloadLength);
    }

    private void AppendFlags(ref LineWriter line)
    {
        ReadOnlySpan<byte> letters = "FSRP.UEWe"u8;
        if ((Flags & (TcpFlags)0x1FF) == 0) line.Append("none"u8);
        for (int bit = 0; bit < letters.Length; bit++)
        {
            if (((int)Flags >> bit & 1) != 0) line.Append((char)letters[bit]);
        }
    }
}

/// <summary>What the numbers of a TCP header are counted from when they are told, modulo 2^32.</summary>
/// <param name="Sequence">For sequence numbers.</param>
/// <param name="Acknowledgement">For acknowledgement numbers.</param>
/// <param name="Sack">For the edges of selective acknowledgements.</param>
public readonly record struct TcpOrigins(uint Sequence, uint Acknowledgement, uint Sack);

/// <summary>The values of a TCP header without options.</summary>
/// <param name="SourcePort">Source port.</param>
/// <param name="DestinationPort">Destination port.</param>
/// <param name="Sequence">Sequence number.</param>
/// <param name="Acknowledgement">Acknowledgement number.</param>
/// <param name="Flags">Control bits.</param>
/// <param name="Window">Window, not scaled.</param>
public readonly record struct TcpHeader(ushort SourcePort, ushort DestinationPort, uint Sequence, uint Acknowledgement, TcpFlags Flags, ushort Window)
{
    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum { get; init; }

    /// <summary>Urgent pointer.</summary>
    public ushort UrgentPointer { get; init; }

    /// <summary>The values of a header that was read; its options are dropped.</summary>
    public static TcpHeader From(TcpView view) =>
        new(view.SourcePort, view.DestinationPort, view.Sequence, view.Acknowledgement, view.Flags, view.Window)
        {
            Checksum = view.Checksum,
            UrgentPointer = view.UrgentPointer,
        };

    /// <summary>Writes the header, options padded with zeros to a multiple of 4; the checksum as it is in the value.</summary>
    /// <param name="destination">Room for it.</param>
    /// <param name="options">At most 40 bytes.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or the options are too long.</exception>
    public int Write(Span<byte> destination, ReadOnlySpan<byte> options = default)
    {
        if (options.Length > 40) throw new ArgumentException("Options take up to 40 bytes.", nameof(options));
        int size = TcpView.MinSize + (options.Length + 3) / 4 * 4;
        Span<byte> room = Bytes.Room(destination, size);
        Bytes.Put16(room, 0, SourcePort);
        Bytes.Put16(room, 2, DestinationPort);
        Bytes.Put32(room, 4, Sequence);
        Bytes.Put32(room, 8, Acknowledgement);
        Bytes.Put16(room, 12, size / 4 << 12 | ((int)Flags & 0xFFF));
        Bytes.Put16(room, 14, Window);
        Bytes.Put16(room, 16, Checksum);
        Bytes.Put16(room, 18, UrgentPointer);
        options.CopyTo(room[TcpView.MinSize..]);
        return size;
    }
}
