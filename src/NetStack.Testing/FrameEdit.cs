using System.Buffers.Binary;

namespace NetStack.Testing;

/// <summary>Changes to whole Ethernet frames that leave them right: lengths and checksums follow.</summary>
internal static class FrameEdit
{
    /// <summary>The longest reset that <see cref="WriteReset"/> writes.</summary>
    internal const int MaxReset = EthernetView.Size + Ipv6View.Size + TcpView.MinSize;

    /// <summary>Cuts a TCP segment's payload off.</summary>
    /// <param name="frame">The frame, which is changed.</param>
    /// <param name="seen">What it says.</param>
    /// <param name="payload">Bytes of payload that stay; a FIN does not.</param>
    /// <returns>The frame's new length.</returns>
    internal static int CutPayload(Span<byte> frame, in SeenFrame seen, int payload)
    {
        int length = seen.PayloadOffset + payload;
        frame = frame[..length];
        Span<byte> packet = frame[EthernetView.Size..];
        if (seen.Source.IsV4) BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
        else BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)(packet.Length - Ipv6View.Size));
        frame[seen.TransportOffset + 13] &= unchecked((byte)~TcpFlags.Fin);
        Sum(frame, seen.Source, seen.Destination, seen.Protocol, seen.TransportOffset);
        return length;
    }

    /// <summary>Writes a reset, as the sender of a frame or its receiver would send it.</summary>
    /// <param name="destination">Room for <see cref="MaxReset"/> bytes.</param>
    /// <param name="like">A frame of the connection.</param>
    /// <param name="seen">What it says.</param>
    /// <param name="isBack">Whether the reset goes the other way than the frame.</param>
    /// <param name="sequence">Its sequence number.</param>
    /// <param name="acknowledgement">What it acknowledges; null for nothing.</param>
    /// <returns>Its length.</returns>
    internal static int WriteReset(Span<byte> destination, ReadOnlySpan<byte> like, in SeenFrame seen, bool isBack, uint sequence, uint? acknowledgement)
    {
        EthernetView.TryRead(like, out EthernetView ethernet);
        (IpAddress from, IpAddress to) = isBack ? (seen.Destination, seen.Source) : (seen.Source, seen.Destination);
        EthernetHeader link = isBack ? new(ethernet.Source, ethernet.Destination, (EtherType)ethernet.TypeOrLength) : EthernetHeader.From(ethernet);
        int at = link.Write(destination);
        at += from.IsV4
            ? new Ipv4Header(from, to, IpProtocol.Tcp, Ipv4Header.Size + TcpView.MinSize) { DontFragment = true }.Write(destination[at..])
            : new Ipv6Header(from, to, IpProtocol.Tcp, TcpView.MinSize).Write(destination[at..]);
        (ushort fromPort, ushort toPort) = isBack ? (seen.DestinationPort, seen.SourcePort) : (seen.SourcePort, seen.DestinationPort);
        TcpFlags flags = TcpFlags.Rst | (acknowledgement is null ? 0 : TcpFlags.Ack);
        int end = at + new TcpHeader(fromPort, toPort, sequence, acknowledgement ?? 0, flags, 0).Write(destination[at..]);
        Sum(destination[..end], from, to, IpProtocol.Tcp, at);
        return end;
    }

    /// <summary>Puts other addresses and ports in. Sums are carried forward (RFC 1624), so that what was harmed stays so.</summary>
    internal static void Rewrite(Span<byte> frame, in SeenFrame seen, IpAddress source, IpAddress destination, ushort sourcePort, ushort destinationPort)
    {
        Span<byte> packet = frame[EthernetView.Size..];
        Span<byte> transport = frame[seen.TransportOffset..];
        scoped Span<byte> sum = transport[SumOffset(seen.Protocol)..];
        bool isSummed = seen.Protocol != IpProtocol.Udp || sum[0] != 0 || sum[1] != 0;
        bool coversAddresses = isSummed && seen.Protocol != IpProtocol.Icmp;
        Span<byte> addresses = stackalloc byte[8];
        source.Write(addresses);
        destination.Write(addresses[4..]);
        for (int i = 0; i < addresses.Length; i += 2)
        {
            ushort word = BinaryPrimitives.ReadUInt16BigEndian(addresses[i..]);
            if (coversAddresses) Carry(sum, packet[(12 + i)..], word);
            Replace(packet[(12 + i)..], word, packet[10..]);
        }
        Span<byte> unsummed = stackalloc byte[2];
        if (!isSummed) sum = unsummed;
        if (seen.Protocol == IpProtocol.Icmp) Replace(transport[4..], sourcePort, sum); // an echo has one identifier
        else
        {
            Replace(transport, sourcePort, sum);
            Replace(transport[2..], destinationPort, sum);
        }
        if (seen.Protocol == IpProtocol.Udp && isSummed && sum[0] == 0 && sum[1] == 0) sum[0] = sum[1] = 0xFF;
    }

    /// <summary>Puts the packet that an ICMP error quotes, and the error's own addresses, in other words.</summary>
    internal static void RewriteQuoted(Span<byte> frame, int icmpOffset, IpAddress source, IpAddress destination, IpAddress quotedSource, IpAddress quotedDestination, ushort quotedSourcePort, ushort quotedDestinationPort)
    {
        Span<byte> packet = frame[EthernetView.Size..];
        Span<byte> quoted = frame[(icmpOffset + 8)..];
        quotedSource.Write(quoted[12..]);
        quotedDestination.Write(quoted[16..]);
        int header = (quoted[0] & 15) * 4;
        PutPorts(quoted[header..], (IpProtocol)quoted[9], quotedSourcePort, quotedDestinationPort);
        SumHeader(quoted);
        source.Write(packet[12..]);
        destination.Write(packet[16..]);
        SumHeader(packet);
        Sum(frame[..(EthernetView.Size + BinaryPrimitives.ReadUInt16BigEndian(packet[2..]))], source, destination, IpProtocol.Icmp, icmpOffset);
    }

    private static void PutPorts(Span<byte> transport, IpProtocol protocol, ushort sourcePort, ushort destinationPort)
    {
        if (protocol == IpProtocol.Icmp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], sourcePort); // an echo has one identifier
            return;
        }
        BinaryPrimitives.WriteUInt16BigEndian(transport, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(transport[2..], destinationPort);
    }

    private static int SumOffset(IpProtocol protocol) => protocol switch
    {
        IpProtocol.Tcp => 16,
        IpProtocol.Udp => 6,
        _ => 2,
    };

    private static void Replace(Span<byte> field, ushort value, scoped Span<byte> sum)
    {
        Carry(sum, field, value);
        BinaryPrimitives.WriteUInt16BigEndian(field, value);
    }

    private static void Carry(scoped Span<byte> sum, ReadOnlySpan<byte> field, ushort value) =>
        BinaryPrimitives.WriteUInt16BigEndian(sum, InternetChecksum.Update(BinaryPrimitives.ReadUInt16BigEndian(sum), BinaryPrimitives.ReadUInt16BigEndian(field), value));

    private static void SumHeader(Span<byte> packet)
    {
        int length = Math.Min((packet[0] & 15) * 4, packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Compute(packet[..length]));
    }

    /// <summary>Sums a transport header and what follows it; in IPv4 the network header as well.</summary>
    private static void Sum(Span<byte> frame, IpAddress source, IpAddress destination, IpProtocol protocol, int transportOffset)
    {
        Span<byte> transport = frame[transportOffset..];
        int field = SumOffset(protocol);
        if (source.IsV4) SumHeader(frame[EthernetView.Size..]);
        BinaryPrimitives.WriteUInt16BigEndian(transport[field..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(transport[field..], protocol == IpProtocol.Icmp ? InternetChecksum.Compute(transport) : PseudoHeader.Checksum(source, destination, protocol, transport));
    }
}
