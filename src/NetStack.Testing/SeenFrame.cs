namespace NetStack.Testing;

/// <summary>What a frame says of itself, read once: addresses, ports, and where its parts begin.</summary>
internal readonly record struct SeenFrame
{
    internal IpAddress Source { get; init; }

    internal IpAddress Destination { get; init; }

    internal IpProtocol Protocol { get; init; }

    /// <summary>Ports of TCP and UDP; the identifier of an ICMP echo in both; 0 where there is none.</summary>
    internal ushort SourcePort { get; init; }

    internal ushort DestinationPort { get; init; }

    internal int TransportOffset { get; init; }

    internal int PayloadOffset { get; init; }

    internal int PayloadLength { get; init; }

    internal TcpFlags Flags { get; init; }

    internal uint Sequence { get; init; }

    internal uint Acknowledgement { get; init; }

    internal bool IsTcp => Protocol == IpProtocol.Tcp && TransportOffset > 0;

    internal bool IsSyn => (Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn;

    internal bool IsSynAck => (Flags & (TcpFlags.Syn | TcpFlags.Ack)) == (TcpFlags.Syn | TcpFlags.Ack);

    internal bool IsReset => (Flags & TcpFlags.Rst) != 0;

    internal bool IsFin => (Flags & TcpFlags.Fin) != 0;

    /// <summary>The sequence number behind it.</summary>
    internal uint SequenceEnd => unchecked(Sequence + (uint)PayloadLength + ((Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0 ? 1u : 0));

    /// <summary>Whether the sum over a TCP segment is right; of others nothing is said.</summary>
    internal bool IsIntact(ReadOnlySpan<byte> frame) =>
        !IsTcp || PseudoHeader.IsRight(Source, Destination, Protocol, frame[TransportOffset..(PayloadOffset + PayloadLength)]);

    /// <summary>Reads an Ethernet frame; false where it carries no whole IP packet.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> frame, out SeenFrame seen)
    {
        seen = default;
        if (!EthernetView.TryRead(frame, out EthernetView ethernet)) return false;
        ReadOnlySpan<byte> packet = frame[EthernetView.Size..];
        switch ((EtherType)ethernet.TypeOrLength)
        {
            case EtherType.Ipv4 when Ipv4View.TryRead(packet, out Ipv4View v4) && v4.HeaderLength >= Ipv4View.MinSize && v4.TotalLength >= v4.HeaderLength && v4.TotalLength <= packet.Length:
                SeenFrame first = new() { Source = v4.Source, Destination = v4.Destination, Protocol = v4.Protocol };
                seen = v4.FragmentOffset > 0 || v4.MoreFragments ? first : WithTransport(first, frame, EthernetView.Size + v4.HeaderLength, EthernetView.Size + v4.TotalLength);
                return true;
            case EtherType.Ipv6 when Ipv6View.TryRead(packet, out Ipv6View v6) && Ipv6View.Size + v6.PayloadLength <= packet.Length:
                first = new SeenFrame { Source = v6.Source, Destination = v6.Destination, Protocol = v6.NextHeader };
                seen = WithTransport(first, frame, EthernetView.Size + Ipv6View.Size, EthernetView.Size + Ipv6View.Size + v6.PayloadLength);
                return true;
            default:
                return false;
        }
    }

    private static SeenFrame WithTransport(SeenFrame seen, ReadOnlySpan<byte> frame, int offset, int end)
    {
        ReadOnlySpan<byte> bytes = frame[offset..end];
        switch (seen.Protocol)
        {
            case IpProtocol.Tcp when TcpView.TryRead(bytes, out TcpView tcp) && tcp.HeaderLength >= TcpView.MinSize && tcp.HeaderLength <= bytes.Length:
                return seen with
                {
                    TransportOffset = offset,
                    PayloadOffset = offset + tcp.HeaderLength,
                    PayloadLength = bytes.Length - tcp.HeaderLength,
                    SourcePort = tcp.SourcePort,
                    DestinationPort = tcp.DestinationPort,
                    Flags = tcp.Flags,
                    Sequence = tcp.Sequence,
                    Acknowledgement = tcp.Acknowledgement,
                };
            case IpProtocol.Udp when UdpView.TryRead(bytes, out UdpView udp):
                return seen with
                {
                    TransportOffset = offset,
                    PayloadOffset = offset + UdpView.Size,
                    PayloadLength = bytes.Length - UdpView.Size,
                    SourcePort = udp.SourcePort,
                    DestinationPort = udp.DestinationPort,
                };
            case IpProtocol.Icmp or IpProtocol.Icmpv6 when bytes.Length >= 8 && IsEcho(seen.Protocol, bytes[0]):
                ushort identifier = (ushort)(bytes[4] << 8 | bytes[5]);
                return seen with { TransportOffset = offset, PayloadOffset = offset + 8, PayloadLength = bytes.Length - 8, SourcePort = identifier, DestinationPort = identifier };
            default:
                return seen;
        }
    }

    private static bool IsEcho(IpProtocol protocol, byte type) => protocol == IpProtocol.Icmp ? type is 0 or 8 : type is 128 or 129;
}
