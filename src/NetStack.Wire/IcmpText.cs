namespace NetStack.Wire;

/// <summary>What ICMP and ICMPv6 messages other than echoes say, in tcpdump's words.</summary>
internal static class IcmpText
{
    internal static void Append(ref LineWriter line, IcmpView icmp)
    {
        bool hasQuote = Ipv4View.TryRead(icmp.Quoted, out Ipv4View quoted) && quoted.Version == 4;
        switch (icmp.Type)
        {
            case IcmpView.DestinationUnreachable when hasQuote:
                Unreachable(ref line, icmp, quoted);
                break;
            case IcmpView.Redirect when hasQuote:
                line.Append(icmp.Code < 2 ? "redirect "u8 : "redirect-tos "u8);
                line.Append(quoted.Destination);
                line.Append(icmp.Code is 0 or 2 ? " to net "u8 : " to host "u8);
                line.Append(icmp.Gateway);
                break;
            case IcmpView.TimeExceeded when icmp.Code < 2:
                line.Append(icmp.Code == 0 ? "time exceeded in-transit"u8 : "ip reassembly time exceeded"u8);
                break;
            case IcmpView.TimeExceeded:
                Numbered(ref line, "time exceeded-#"u8, icmp.Code);
                break;
            case IcmpView.ParameterProblem when icmp.Code != 0:
                Numbered(ref line, "parameter problem - code "u8, icmp.Code);
                break;
            case IcmpView.ParameterProblem when icmp.IsWhole:
                Numbered(ref line, "parameter problem - octet "u8, icmp.Pointer);
                break;
            case 13 or 14 when icmp.IsWhole:
                Numbered(ref line, icmp.Type == 13 ? "time stamp query id "u8 : "time stamp reply id "u8, icmp.Identifier);
                Numbered(ref line, " seq "u8, icmp.Sequence);
                break;
            default:
                Name(ref line, icmp.Type);
                break;
        }
    }

    internal static void Append(ref LineWriter line, Icmpv6View icmp)
    {
        bool hasQuote = Ipv6View.TryRead(icmp.Quoted, out Ipv6View quoted) && quoted.Version == 6;
        switch (icmp.Type)
        {
            case Icmpv6View.DestinationUnreachable:
                line.Append(icmp.Code switch
                {
                    0 => "destination unreachable, unreachable route"u8,
                    1 => "destination unreachable, unreachable prohibited"u8,
                    2 => "destination unreachable, beyond scope"u8,
                    3 => "destination unreachable, unreachable address"u8,
                    4 => "destination unreachable, unreachable port"u8,
                    _ => "destination unreachable, code "u8,
                });
                if (icmp.Code > 4) line.Append(icmp.Code);
                if (hasQuote) Unreachable(ref line, icmp, quoted);
                break;
            case Icmpv6View.PacketTooBig when icmp.IsWhole:
                Numbered(ref line, "packet too big, mtu "u8, icmp.Mtu);
                break;
            case Icmpv6View.TimeExceeded:
                line.Append(icmp.Code == 0 ? "time exceeded in-transit"u8 : "time exceeded in-transit (reassembly)"u8);
                if (icmp.Code != 0 || !hasQuote) break;
                line.Append(" for "u8);
                line.Append(quoted.Destination);
                break;
            case Icmpv6View.ParameterProblem when icmp.IsWhole:
                line.Append(icmp.Code switch { 0 => "parameter problem, erroneous"u8, 1 => "parameter problem, next header"u8, _ => "parameter problem, option"u8 });
                Numbered(ref line, " - octet "u8, icmp.Pointer);
                break;
            default:
                Numbered(ref line, "type-#"u8, icmp.Type);
                break;
        }
    }

    private static void Unreachable(ref LineWriter line, IcmpView icmp, Ipv4View quoted)
    {
        line.Append(icmp.Code switch { 0 or 6 or 9 or 11 => "net "u8, 1 or 7 or 10 or 12 or 13 or 14 or 15 => "host "u8, _ => default });
        line.Append(quoted.Destination);
        if (icmp.Code == 2) Numbered(ref line, " protocol "u8, (byte)quoted.Protocol);
        if (icmp.Code == 3) Port(ref line, quoted.Protocol, Bytes.Clip(icmp.Quoted, quoted.HeaderLength, icmp.Quoted.Length));
        line.Append(" unreachable"u8);
        line.Append(icmp.Code switch
        {
            <= 3 => default,
            4 => " - need to frag"u8,
            5 => " - source route failed"u8,
            6 or 7 => " - unknown"u8,
            8 => " - source host isolated"u8,
            9 or 10 => " - admin prohibited"u8,
            11 or 12 => " - tos prohibited"u8,
            13 => " - admin prohibited filter"u8,
            14 => " - host precedence violation"u8,
            15 => " - precedence cutoff"u8,
            _ => " - #"u8,
        });
        if (icmp.Code > 15) line.Append(icmp.Code);
        if (icmp.Code != 4 || icmp.NextHopMtu == 0) return;
        Numbered(ref line, " (mtu "u8, icmp.NextHopMtu);
        line.Append(')');
    }

    private static void Unreachable(ref LineWriter line, Icmpv6View icmp, Ipv6View quoted)
    {
        line.Append(icmp.Code < 4 ? " "u8 : ", "u8);
        line.Append(quoted.Destination);
        if (icmp.Code == 4) Port(ref line, quoted.NextHeader, icmp.Quoted[Ipv6View.Size..]);
        if (icmp.Code != 2) return;
        line.Append(", source address "u8);
        line.Append(quoted.Source);
    }

    /// <summary>Appends the destination port of a quoted transport header, where it is there.</summary>
    private static void Port(ref LineWriter line, IpProtocol protocol, ReadOnlySpan<byte> transport)
    {
        if (transport.Length < 4) return;
        if (protocol is not (IpProtocol.Tcp or IpProtocol.Udp)) Numbered(ref line, " protocol "u8, (byte)protocol);
        Numbered(ref line, protocol switch { IpProtocol.Tcp => " tcp port "u8, IpProtocol.Udp => " udp port "u8, _ => " port "u8 }, Bytes.U16(transport, 2));
    }

    private static void Name(ref LineWriter line, byte type)
    {
        ReadOnlySpan<byte> name = type switch
        {
            3 => "unreachable"u8,
            4 => "source quench"u8,
            5 => "redirect"u8,
            9 => "router advertisement"u8,
            10 => "router solicitation"u8,
            12 => "parameter problem"u8,
            17 => "address mask request"u8,
            18 => "address mask reply"u8,
            _ => default,
        };
        line.Append(name);
        if (name.IsEmpty) Numbered(ref line, "type-#"u8, type);
    }

    private static void Numbered(ref LineWriter line, ReadOnlySpan<byte> text, uint number)
    {
        line.Append(text);
        line.Append(number);
    }
}
