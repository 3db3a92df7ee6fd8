using NetStack.Memory;

namespace NetStack.Wire;

/// <summary>An IPv4 header over private bytes (RFC 791).</summary>
public readonly ref struct Ipv4View
{
    /// <summary>Bytes in a header without options.</summary>
    public const int MinSize = 20;

    private readonly ReadOnlySpan<byte> _bytes;

    private Ipv4View(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when its fixed part is not whole. Nothing in it is checked.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Ipv4View view)
    {
        view = new Ipv4View(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Version, 4.</summary>
    public byte Version => (byte)(_bytes[0] >> 4);

    /// <summary>Header bytes as claimed, 0 to 60; below 20 is impossible.</summary>
    public int HeaderLength => (_bytes[0] & 15) * 4;

    /// <summary>Type of service: DSCP and ECN.</summary>
    public byte TypeOfService => _bytes[1];

    /// <summary>Total length as claimed, header included.</summary>
    public ushort TotalLength => Bytes.U16(_bytes, 2);

    /// <summary>Identification.</summary>
    public ushort Identification => Bytes.U16(_bytes, 4);

    /// <summary>The reserved flag.</summary>
    public bool Reserved => (_bytes[6] & 0x80) != 0;

    /// <summary>Don't fragment.</summary>
    public bool DontFragment => (_bytes[6] & 0x40) != 0;

    /// <summary>More fragments.</summary>
    public bool MoreFragments => (_bytes[6] & 0x20) != 0;

    /// <summary>Fragment offset in bytes.</summary>
    public int FragmentOffset => (Bytes.U16(_bytes, 6) & 0x1FFF) * 8;

    /// <summary>Time to live.</summary>
    public byte Ttl => _bytes[8];

    /// <summary>What follows.</summary>
    public IpProtocol Protocol => (IpProtocol)_bytes[9];

    /// <summary>Header checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 10);

    /// <summary>Source address.</summary>
    public IpAddress Source => IpAddress.ReadV4(_bytes[12..]);

    /// <summary>Destination address as in the header, also under source routing.</summary>
    public IpAddress Destination => IpAddress.ReadV4(_bytes[16..]);

    /// <summary>The options that are there, at most up to the claimed header length.</summary>
    public ReadOnlySpan<byte> Options => Bytes.Clip(_bytes, MinSize, HeaderLength);

    /// <summary>Whether the header checksum is right; false also where the header is not whole.</summary>
    public bool IsChecksumRight => HeaderLength >= MinSize && _bytes.Length >= HeaderLength && InternetChecksum.Compute(_bytes[..HeaderLength]) == 0;

    /// <summary>Appends what tcpdump -v shows in brackets: type of service, lifetime, fragment fields, protocol, length, options.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("tos 0x"u8);
        line.AppendHex(TypeOfService);
        line.Append((TypeOfService & 3) switch { 1 => ",ECT(1)"u8, 2 => ",ECT(0)"u8, 3 => ",CE"u8, _ => default });
        line.Append(", ttl "u8);
        line.Append(Ttl);
        line.Append(", id "u8);
        line.Append(Identification);
        line.Append(", offset "u8);
        line.Append(FragmentOffset);
        line.Append(", flags ["u8);
        AppendFlags(ref line);
        line.Append("], proto "u8);
        NumberText.AppendProtocol(ref line, Protocol);
        line.Append(", length "u8);
        line.Append(TotalLength);
        Ipv4Options.AppendTo(ref line, Options);
    }

    private void AppendFlags(ref LineWriter line)
    {
        if (!MoreFragments && !DontFragment && !Reserved) line.Append("none"u8);
        if (MoreFragments) line.Append('+');
        if (DontFragment) line.Append(MoreFragments ? ", DF"u8 : "DF"u8);
        if (Reserved) line.Append(MoreFragments || DontFragment ? ", rsvd"u8 : "rsvd"u8);
    }
}

/// <summary>The values of an IPv4 header.</summary>
/// <param name="Source">Source address.</param>
/// <param name="Destination">Destination address.</param>
/// <param name="Protocol">What follows.</param>
/// <param name="TotalLength">Total length, header included.</param>
public readonly record struct Ipv4Header(IpAddress Source, IpAddress Destination, IpProtocol Protocol, ushort TotalLength)
{
    /// <summary>Bytes in a header without options.</summary>
    public const int Size = Ipv4View.MinSize;

    /// <summary>Type of service.</summary>
    public byte TypeOfService { get; init; }

    /// <summary>Identification.</summary>
    public ushort Identification { get; init; }

    /// <summary>Don't fragment.</summary>
    public bool DontFragment { get; init; }

    /// <summary>More fragments.</summary>
    public bool MoreFragments { get; init; }

    /// <summary>Fragment offset in bytes, a multiple of 8.</summary>
    public int FragmentOffset { get; init; }

    /// <summary>Time to live; 64 unless said otherwise.</summary>
    public byte Ttl { get; init; } = 64;

    /// <summary>The values of a header that was read; its options are dropped.</summary>
    public static Ipv4Header From(Ipv4View view) => new(view.Source, view.Destination, view.Protocol, view.TotalLength)
    {
        TypeOfService = view.TypeOfService,
        Identification = view.Identification,
        DontFragment = view.DontFragment,
        MoreFragments = view.MoreFragments,
        FragmentOffset = view.FragmentOffset,
        Ttl = view.Ttl,
    };

    /// <summary>Writes the header with its checksum.</summary>
    /// <param name="destination">Room for the header and options.</param>
    /// <param name="options">Options, a multiple of 4 and at most 40 bytes.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, the options are too long or uneven, or an address is of
    /// the other family.</exception>
    public int Write(Span<byte> destination, ReadOnlySpan<byte> options = default)
    {
        if (options.Length > 40 || options.Length % 4 != 0) throw new ArgumentException("Options take up to 40 bytes in steps of 4.", nameof(options));
        int size = Size + options.Length;
        Span<byte> room = Bytes.Room(destination, size);
        room[0] = (byte)(0x40 | size / 4);
        room[1] = TypeOfService;
        Bytes.Put16(room, 2, TotalLength);
        Bytes.Put16(room, 4, Identification);
        Bytes.Put16(room, 6, (DontFragment ? 0x4000 : 0) | (MoreFragments ? 0x2000 : 0) | (FragmentOffset / 8 & 0x1FFF));
        room[8] = Ttl;
        room[9] = (byte)Protocol;
        Bytes.PutAddress(room, 12, Source, 4);
        Bytes.PutAddress(room, 16, Destination, 4);
        options.CopyTo(room[Size..]);
        Bytes.Put16(room, 10, InternetChecksum.Compute(room));
        return size;
    }
}
