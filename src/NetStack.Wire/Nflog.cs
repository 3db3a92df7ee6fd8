using System.Buffers.Binary;

namespace NetStack.Wire;

/// <summary>
/// The header that Linux's NFLOG puts before a packet, over private bytes (pcap link type 239): family, version, resource, then
/// attributes in the writing host's byte order, the packet itself being one of them.
/// </summary>
public readonly ref struct NflogView
{
    /// <summary>Bytes in the fixed part.</summary>
    public const int MinSize = 4;

    private readonly ReadOnlySpan<byte> _bytes;

    private NflogView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when the fixed part is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out NflogView view)
    {
        view = new NflogView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Address family by Linux's numbers: 2 for IPv4, 10 for IPv6.</summary>
    public byte Family => _bytes[0];

    /// <summary>Version, 0.</summary>
    public byte Version => _bytes[1];

    /// <summary>The group that was logged to.</summary>
    public ushort ResourceId => Bytes.U16(_bytes, 2);

    /// <summary>The attributes that are there.</summary>
    public NflogAttributes Attributes => new(_bytes);

    /// <summary>Appends family and group.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("NFLOG, "u8);
        line.Append(Family switch { 2 => "IPv4"u8, 10 => "IPv6"u8, _ => "family "u8 });
        if (Family is not (2 or 10)) line.Append(Family);
        line.Append(", group "u8);
        line.Append(ResourceId);
    }
}

/// <summary>Steps through NFLOG's attributes up to the packet; one whose head is not there, or too short, ends them.</summary>
/// <param name="bytes">The header from its first byte.</param>
public ref struct NflogAttributes(ReadOnlySpan<byte> bytes)
{
    /// <summary>Bytes in an attribute's head, which its length counts.</summary>
    public const int HeadSize = 4;

    /// <summary>The attribute that is the packet (NFULA_PAYLOAD).</summary>
    public const ushort Packet = 9;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _next = NflogView.MinSize;

    /// <summary>Where the present attribute's head begins, in bytes from the header's start.</summary>
    public int Offset { get; private set; }

    /// <summary>Its type.</summary>
    public ushort Type { get; private set; }

    /// <summary>Bytes in its value by its length field.</summary>
    public int ValueLength { get; private set; }

    /// <summary>Where its value begins.</summary>
    public readonly int ValueOffset => Offset + HeadSize;

    /// <summary>Goes to the next attribute.</summary>
    public bool MoveNext()
    {
        if (Type == Packet || !TryReadHead(_bytes[Math.Min(_next, _bytes.Length)..], out ushort type, out int length)) return false;
        Type = type;
        Offset = _next;
        ValueLength = length - HeadSize;
        _next += Padded(length);
        return true;
    }

    /// <summary>Bytes that an attribute takes: they are padded to 4 bytes.</summary>
    internal static int Padded(int length) => (length + 3) & ~3;

    /// <summary>Reads an attribute's head; false when it is not whole, or claims to be shorter than itself.</summary>
    internal static bool TryReadHead(ReadOnlySpan<byte> head, out ushort type, out int length)
    {
        type = 0;
        length = 0;
        if (head.Length < HeadSize) return false;
        // Types are below 256, so which byte of the type is zero tells the order.
        bool isBig = head[2] == 0;
        length = isBig ? BinaryPrimitives.ReadUInt16BigEndian(head) : BinaryPrimitives.ReadUInt16LittleEndian(head);
        type = isBig ? BinaryPrimitives.ReadUInt16BigEndian(head[2..]) : BinaryPrimitives.ReadUInt16LittleEndian(head[2..]);
        return length >= HeadSize;
    }
}
