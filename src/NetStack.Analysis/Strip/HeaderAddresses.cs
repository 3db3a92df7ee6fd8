using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>The addresses in one header, given other names in place. Addresses of a kind that is not known become zeros.</summary>
internal readonly ref struct HeaderAddresses(Span<byte> header, AddressAnonymiser names)
{
    private readonly Span<byte> _header = header;

    internal void Mac(int at)
    {
        if (at + MacAddress.Size <= _header.Length) names.Map(MacAddress.Read(_header[at..])).Write(_header[at..]);
    }

    internal void V4(int at)
    {
        if (at + 4 <= _header.Length) names.Map(IpAddress.ReadV4(_header[at..])).Write(_header[at..]);
    }

    internal void V6(int at)
    {
        if (at + 16 <= _header.Length) names.Map(IpAddress.ReadV6(_header[at..])).Write(_header[at..]);
    }

    /// <summary>A link address of so many bytes in a field of so many.</summary>
    internal void LinkAddress(int at, int length, int field)
    {
        Span<byte> bytes = _header.Slice(at, Math.Min(field, _header.Length - at));
        if (length == MacAddress.Size && bytes.Length >= length) Mac(at);
        else bytes[..Math.Min(length, bytes.Length)].Clear();
        bytes[Math.Min(length, bytes.Length)..].Clear(); // padding may hold anything
    }

    internal void Arp()
    {
        int hardware = _header[4], protocol = _header[5];
        int at = ArpView.MinSize;
        for (int i = 0; i < 2 && at < _header.Length; i++)
        {
            LinkAddress(at, hardware, hardware);
            at += hardware;
            if (at >= _header.Length) return;
            if (protocol == 4 && BinaryPrimitives.ReadUInt16BigEndian(_header[2..]) == (ushort)EtherType.Ipv4) V4(at);
            else _header.Slice(at, Math.Min(protocol, _header.Length - at)).Clear();
            at += protocol;
        }
    }

    /// <summary>Routes and time stamps with addresses (RFC 791).</summary>
    internal void Ipv4Options()
    {
        for (int at = Ipv4View.MinSize; at + 2 <= _header.Length;)
        {
            byte kind = _header[at];
            if (kind == 0) return;
            if (kind == 1)
            {
                at++;
                continue;
            }
            int length = _header[at + 1];
            if (length < 2 || length > _header.Length - at)
            {
                _header[(at + 2)..].Clear(); // it cannot be told what this is
                return;
            }
            Ipv4Option((Ipv4OptionKind)kind, at, length);
            at += length;
        }
    }

    private void Ipv4Option(Ipv4OptionKind kind, int at, int length)
    {
        const int AddressesAt = 3;
        const int TimesAt = 4;
        if (kind is Ipv4OptionKind.RecordRoute or Ipv4OptionKind.LooseSourceRoute or Ipv4OptionKind.StrictSourceRoute)
        {
            for (int i = AddressesAt; i + 4 <= length; i += 4) V4(at + i);
        }
        else if (kind == Ipv4OptionKind.Timestamp && length > TimesAt && (_header[at + 3] & 15) != 0)
        {
            for (int i = TimesAt; i + 4 <= length; i += 8) V4(at + i); // address, time, address, time
        }
        else if ((byte)kind == 82 && length == 12)
        {
            V4(at + 8); // traceroute's originator (RFC 1393)
        }
    }

    /// <summary>The addresses of a routing header; zeros in one of a type that is not known.</summary>
    internal void Routing()
    {
        int first = 8;
        int count = (_header.Length - first) / 16;
        switch (_header[2])
        {
            case 0 or 2:
                break;
            case 4:
                count = Math.Min(count, _header[4] + 1);
                _header[Math.Min(_header.Length, first + count * 16)..].Clear(); // TLVs, an authenticator among them
                break;
            default:
                _header[Math.Min(first, _header.Length)..].Clear();
                return;
        }
        for (int i = 0; i < count; i++) V6(first + i * 16);
    }

    internal void HomeAddress()
    {
        if (HomeAddressAt(_header) is var at and >= 0) V6(at);
    }

    /// <summary>Where a header of IPv6 options holds a home address (RFC 6275 section 6.3); negative where it has none.</summary>
    internal static int HomeAddressAt(ReadOnlySpan<byte> header)
    {
        for (int at = 2; at + 2 <= header.Length;)
        {
            if (header[at] == 0)
            {
                at++;
                continue;
            }
            int length = header[at + 1];
            if (header[at] == 201 && length == 16 && at + 18 <= header.Length) return at + 2;
            at += 2 + length;
        }
        return -1;
    }

    /// <summary>Addresses that a multipath connection advertises (RFC 8684 section 3.4.1).</summary>
    internal void MultipathTcp()
    {
        const byte Multipath = 30;
        const int AddAddress = 3;
        for (int at = TcpView.MinSize; at + 2 <= _header.Length;)
        {
            byte kind = _header[at];
            if (kind == 0) return;
            if (kind == 1)
            {
                at++;
                continue;
            }
            int length = _header[at + 1];
            if (length < 2 || length > _header.Length - at) return;
            if (kind == Multipath && length >= 8 && _header[at + 2] >> 4 == AddAddress)
            {
                // By length: an IPv6 address is there from 20 bytes on, unless 8 of them are an IPv4 address's authenticator and port.
                bool isV4 = length is 8 or 10 or 16 or 18;
                int size = isV4 ? 4 : 16;
                if (isV4) V4(at + 4);
                else V6(at + 4);
                int rest = Math.Min(at + length, at + 4 + size + 2);
                _header[rest..(at + length)].Clear(); // the authenticator covers the address
            }
            at += length;
        }
    }

    internal void Igmp()
    {
        if (_header[0] == IgmpView.Report3)
        {
            Records(IgmpView.MinSize, 4);
            return;
        }
        V4(4);
        for (int at = IgmpView.Query3Size; at + 4 <= _header.Length; at += 4) V4(at);
    }

    internal void Icmpv6()
    {
        switch (_header[0])
        {
            case MldView.Query or MldView.Report or MldView.Done:
                V6(8);
                for (int at = MldView.Query2Size; at + 16 <= _header.Length; at += 16) V6(at);
                break;
            case MldView.Report2:
                Records(MldView.Report2HeaderSize, 16);
                break;
            case 135 or 136:
                V6(8);
                break;
            case 137:
                V6(8);
                V6(24);
                break;
        }
        if (_header[0] is >= 133 and <= 137) NeighbourOptions(ControlMessages.FixedSizeOfIcmpv6(_header[0]));
    }

    /// <summary>Source routes of the first GRE (RFC 1701); zeros where the family is not IPv4.</summary>
    internal void GreRoutes()
    {
        GreView.TryRead(_header, out GreView gre);
        if (_header.Length < GreView.MinSize || !gre.HasRouting) return;
        for (int at = gre.HeaderLength; at + 4 <= _header.Length;)
        {
            int length = _header[at + 3];
            int end = Math.Min(_header.Length, at + 4 + length);
            if (HeaderMap.U16(_header, at) != (int)EtherType.Ipv4) _header[(at + 4)..end].Clear();
            else for (int i = at + 4; i + 4 <= end; i += 4) V4(i);
            at = end;
        }
    }

    /// <summary>The sender's link address of NFLOG; zeros in what holds a link header, and in attributes that are not known.</summary>
    internal void Nflog()
    {
        const int LinkAddressAttribute = 8;
        NflogAttributes attributes = new(_header);
        while (attributes.MoveNext() && attributes.Type != NflogAttributes.Packet)
        {
            int at = attributes.ValueOffset;
            int length = Math.Min(attributes.ValueLength, _header.Length - at);
            // Numbers of at most 16 bytes, and the prefix, which is text.
            bool isHarmless = attributes.Type is >= 1 and <= 7 or >= 11 and <= 15 or 17 ? length <= 16 : attributes.Type == 10;
            if (attributes.Type == LinkAddressAttribute && length >= 12) LinkAddress(at + 4, HeaderMap.U16(_header, at), length - 4);
            else if (!isHarmless) _header.Slice(at, length).Clear();
        }
    }

    private void Records(int at, int size)
    {
        while (at + 4 <= _header.Length)
        {
            int addresses = 1 + HeaderMap.U16(_header, at + 2);
            at += 4;
            for (; addresses > 0 && at + size <= _header.Length; addresses--, at += size)
            {
                if (size == 4) V4(at);
                else V6(at);
            }
        }
    }

    private void NeighbourOptions(int at)
    {
        while (at + 2 <= _header.Length)
        {
            int length = _header[at + 1] * 8;
            if (length == 0 || length > _header.Length - at) return;
            switch ((NdpOptionType)_header[at])
            {
                case NdpOptionType.SourceLinkAddress or NdpOptionType.TargetLinkAddress:
                    LinkAddress(at + 2, length == 8 ? MacAddress.Size : length - 2, length - 2);
                    break;
                case NdpOptionType.PrefixInformation when length == 32:
                    Prefix(at + 16, 16, _header[at + 2]);
                    break;
                case NdpOptionType.RouteInformation when length >= 8:
                    Prefix(at + 8, length - 8, _header[at + 2]);
                    break;
                case NdpOptionType.DnsServers:
                    for (int i = 8; i + 16 <= length; i += 16) V6(at + i);
                    break;
                case NdpOptionType.Mtu or NdpOptionType.Nonce:
                    break;
                default:
                    _header[(at + 2)..(at + length)].Clear();
                    break;
            }
            at += length;
        }
    }

    /// <summary>The first bits of an address: they become those of every address they begin.</summary>
    private void Prefix(int at, int size, int bits)
    {
        Span<byte> whole = stackalloc byte[16];
        whole.Clear();
        _header.Slice(at, size).CopyTo(whole);
        names.Map(IpAddress.ReadV6(whole)).Write(whole);
        int kept = Math.Clamp(bits, 0, size * 8);
        for (int i = kept; i < 128; i++) whole[i / 8] &= (byte)~(0x80 >> i % 8);
        whole[..size].CopyTo(_header.Slice(at, size));
    }
}
