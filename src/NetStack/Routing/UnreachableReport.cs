using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>
/// Tells the sender of a packet that its neighbour does not answer (RFC 1122 section 2.3.2.2, RFC 4861 section 7.2.2): the transport
/// that sent it, or, where it was passed on, whoever sent it to us, by an ICMP error.
/// </summary>
internal sealed class UnreachableReport(NetworkStack stack, IpLayer ip)
{
    private const int QuotedBytes = 1280; // no ICMP error quotes more

    private readonly byte[] _quote = new byte[HeaderBlock.Capacity + QuotedBytes];

    /// <summary>Reports a packet; its body stays with the caller.</summary>
    /// <param name="nic">The interface it should have left by.</param>
    /// <param name="frame">The frame, whose headers are ours and whose body may be somebody else's.</param>
    /// <param name="type">IPv4 or IPv6.</param>
    /// <param name="now">The present.</param>
    internal void Send(NetInterface nic, in TransmitFrame frame, EtherType type, Instant now)
    {
        ReadOnlySpan<byte> packet = MakePrivate(frame, nic.LinkHeaderLength);
        if (type == EtherType.Ipv4 && Ipv4View.TryRead(packet, out Ipv4View v4) && v4.FragmentOffset == 0 && packet.Length >= v4.HeaderLength)
            Send(nic, packet, v4.HeaderLength, (v4.Source, v4.Destination, v4.Protocol), now);
        else if (type == EtherType.Ipv6 && Ipv6View.TryRead(packet, out Ipv6View v6))
            Send(nic, packet, Ipv6View.Size, (v6.Source, v6.Destination, v6.NextHeader), now);
    }

    private void Send(NetInterface nic, ReadOnlySpan<byte> packet, int headerLength, (IpAddress Source, IpAddress Destination, IpProtocol Next) of, Instant now)
    {
        InboundBytes rest = new(packet[headerLength..]);
        if (stack.FindLocal(of.Source) is null)
        {
            ip.Errors.HostUnreachable(new InboundDatagram
            {
                Source = of.Source,
                Destination = of.Destination,
                Protocol = of.Next,
                Interface = nic.Index,
                NetworkHeader = packet[..headerLength],
                Bytes = rest,
            }, now);
            return;
        }
        Ipv6Chain chain = of.Source.IsV6 ? Ipv6Chain.Walk(rest, of.Next) : default;
        IpProtocol protocol = of.Source.IsV6 ? chain.Protocol : of.Next;
        int offset = of.Source.IsV6 ? chain.Offset : 0;
        if (chain.IsLaterFragment || offset > rest.Length) return;
        ip.TransportOf(protocol)?.OnError(new IcmpErrorReport
        {
            Kind = IcmpErrorKind.HostUnreachable,
            Message = of.Source.IsV4 ? ((byte)3, (byte)1) : ((byte)1, (byte)3),
            Reporter = of.Source,
            Source = of.Source,
            Destination = of.Destination,
            Protocol = protocol,
            Quoted = packet[(headerLength + offset)..],
        }, now);
    }

    /// <summary>As much of a packet as an error quotes, in private memory.</summary>
    private ReadOnlySpan<byte> MakePrivate(in TransmitFrame frame, int linkHeaderLength)
    {
        ReadOnlySpan<byte> headers = frame.Headers.Bytes[linkHeaderLength..];
        headers.CopyTo(_quote);
        int length = Math.Min(frame.Body.Length, QuotedBytes);
        PacketBody front = frame.Body.Share(0, length);
        front.CopyTo(0, _quote.AsSpan(headers.Length), stack.Meter);
        front.Release();
        return _quote.AsSpan(0, headers.Length + length);
    }
}
