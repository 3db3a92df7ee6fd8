namespace NetStack.Wire;

/// <summary>What ICMP and ICMPv6 messages other than echoes say, in tcpdump's words.</summary>
internal static class IcmpText
{
    internal static void Append(ref LineWriter line, IcmpView icmp)
    {
        bool hasQuote = Ipv4View.TryRead(icmp.Quoted, out Ipv4View quoted) && quoted.Version == 4;
        if (icmp.Type == IcmpView.DestinationUnreachable && hasQuote)
        {
            Unreachable(ref line, icmp, quoted);
            return;
        }
        ReadOnlySpan<byte> name = (icmp.Type, icmp.Code) switch
        {
            (3, _) => "unreachable"u8,
            (4, _) => "source quench"u8,
            (5, _) => "redirect"u8,
            (9, _) => "router advertisement"u8,
            (10, _) => "router solicitation"u8,
            (11, 0) => "time exceeded in-transit"u8,
            (11, 1) => "ip reassembly time exceeded"u8,
            (12, _) => "parameter problem"u8,
            (13, _) => "time stamp query"u8,
            (14, _) => "time stamp reply"u8,
            (17, _) => "address mask request"u8,
            (18, _) => "address mask reply"u8,
            _ => default,
        };
        AppendName(ref line, name, icmp.Type, icmp.Code);
        if (!icmp.IsWhole) return;
        if (icmp.Type == IcmpView.ParameterProblem && icmp.Code == 0)
        {
            line.Append(" - octet "u8);
            line.Append(icmp.Pointer);
        }
        else if (icmp.Type == IcmpView.Redirect && hasQuote)
        {
            line.Append(' ');
            line.Append(quoted.Destination);
            line.Append(icmp.Code is 0 or 2 ? " to net "u8 : " to host "u8);
            line.Append(icmp.Gateway);
        }
    }

    internal static void Append(ref LineWriter line, Icmpv6View icmp)
    {
        ReadOnlySpan<byte> name = (icmp.Type, icmp.Code) switch
        {
            (1, 0) => "destination unreachable, unreachable route"u8,
            (1, 1) => "destination unreachable, unreachable prohibited"u8,
            (1, 2) => "destination unreachable, beyond scope"u8,
            (1, 3) => "destination unreachable, unreachable address"u8,
            (1, 4) => "destination unreachable, unreachable port"u8,
            (1, _) => "destination unreachable"u8,
            (2, _) => "packet too big"u8,
            (3, 0) => "time exceeded in-transit"u8,
            (3, 1) => "time exceeded in-reassembly"u8,
            (4, _) => "parameter problem"u8,
            _ => default,
        };
        AppendName(ref line, name, icmp.Type, icmp.Code);
        if (!icmp.IsWhole) return;
        if (icmp.Type == Icmpv6View.PacketTooBig)
        {
            line.Append(", mtu "u8);
            line.Append(icmp.Mtu);
        }
        else if (icmp.Type == Icmpv6View.ParameterProblem)
        {
            line.Append(", octet "u8);
            line.Append(icmp.Pointer);
        }
        else if (icmp.Type == Icmpv6View.DestinationUnreachable && Ipv6View.TryRead(icmp.Quoted, out Ipv6View quoted) && quoted.Version == 6)
        {
            line.Append(", "u8);
            line.Append(quoted.Destination);
            if (icmp.Code == 4) Port(ref line, quoted.NextHeader, icmp.Quoted[Ipv6View.Size..], ReadOnlySpan<byte>.Empty);
        }
    }

    private static void Unreachable(ref LineWriter line, IcmpView icmp, Ipv4View quoted)
    {
        if (icmp.Code is 0 or 1 or 13) line.Append(icmp.Code == 0 ? "net "u8 : "host "u8);
        line.Append(quoted.Destination);
        switch (icmp.Code)
        {
            case 2:
                line.Append(" protocol "u8);
                line.Append((byte)quoted.Protocol);
                line.Append(" unreachable"u8);
                break;
            case 3:
                Port(ref line, quoted.Protocol, Bytes.Clip(icmp.Quoted, quoted.HeaderLength, icmp.Quoted.Length), " unreachable"u8);
                break;
            case 4:
                line.Append(" unreachable - need to frag"u8);
                if (icmp.NextHopMtu == 0) break;
                line.Append(" (mtu "u8);
                line.Append(icmp.NextHopMtu);
                line.Append(')');
                break;
            case 13:
                line.Append(" unreachable - admin prohibited filter"u8);
                break;
            default:
                line.Append(" unreachable"u8);
                break;
        }
    }

    /// <summary>Appends the destination port of a quoted transport header, where it is there.</summary>
    private static void Port(ref LineWriter line, IpProtocol protocol, ReadOnlySpan<byte> transport, ReadOnlySpan<byte> suffix)
    {
        if (transport.Length >= 4)
        {
            line.Append(protocol switch { IpProtocol.Tcp => " tcp port "u8, IpProtocol.Udp => " udp port "u8, _ => " port "u8 });
            line.Append(Bytes.U16(transport, 2));
        }
        line.Append(suffix);
    }

    private static void AppendName(ref LineWriter line, ReadOnlySpan<byte> name, byte type, byte code)
    {
        line.Append(name);
        if (!name.IsEmpty) return;
        line.Append("type "u8);
        line.Append(type);
        line.Append(", code "u8);
        line.Append(code);
    }
}
