using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Ip;

/// <remarks>Output that is larger than a packet: fragments (RFC 791, RFC 8200 section 4.5) and segments cut from a super-segment.
/// Payload goes by handle, none is copied.</remarks>
internal sealed partial class IpLayer
{
    private SendOutcome SendFragments(in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader, PacketBody body, Instant now)
    {
        int payload = transportHeader.Length + body.Length;
        int headerLength = way.HeaderLength + (way.IsV4 ? 0 : Ipv6FragmentView.Size);
        int step = (way.Mtu - headerLength) & ~7;
        // Of a datagram that starts with more headers than a fragment holds, no first fragment could have them all.
        if (way.DontFragment || step < Math.Max(8, transportHeader.Length) || way.HeaderLength - (way.IsV4 ? 0 : Ipv6View.Size) + payload > ushort.MaxValue)
        {
            body.Release();
            return SendOutcome.TooLong;
        }
        Span<byte> header = stackalloc byte[transportHeader.Length];
        transportHeader.CopyTo(header);
        if (send.ChecksumOffset >= 0) WriteChecksum(header, send, ChecksumOf(way, send, header, body));
        uint identification = _identifications.Next(way.Source, send.Destination, send.Protocol);
        SendOutcome outcome = SendOutcome.Sent;
        for (int at = 0; at < payload && outcome == SendOutcome.Sent; at += step)
        {
            int length = Math.Min(step, payload - at);
            TransmitFrame frame = default;
            AppendFragmentHeader(ref frame.Headers, way, send, transportHeader, new Piece(identification, at, length, at + length < payload));
            int bodyAt = Math.Max(0, at - header.Length);
            if (at == 0) header.CopyTo(frame.Headers.Append(header.Length));
            frame.Body = body.Share(bodyAt, length - (at == 0 ? header.Length : 0));
            outcome = Output(way, ref frame, now);
            if (outcome == SendOutcome.Sent) Counters.FragmentsSent++;
        }
        body.Release();
        return outcome; // a datagram whose later fragments found no room is lost, and said to be
    }

    private void AppendFragmentHeader(ref HeaderBlock headers, in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader, in Piece piece)
    {
        if (way.IsV4)
        {
            Span<byte> header = AppendIpHeader(ref headers, way, send, transportHeader, piece.Length);
            FinishV4(header, (ushort)piece.Identification, piece.Offset / 8 | (piece.MoreFragments ? 0x2000 : 0));
            return;
        }
        Span<byte> unfragmentable = AppendIpHeader(ref headers, way, send, transportHeader, Ipv6FragmentView.Size + piece.Length);
        unfragmentable[send.HasRouterAlert ? Ipv6View.Size : FirstNextHeaderAt] = (byte)IpProtocol.Fragment;
        new Ipv6FragmentHeader(send.Protocol, piece.Offset, piece.MoreFragments, piece.Identification).Write(headers.Append(Ipv6FragmentView.Size));
    }

    /// <summary>Hands a super-segment to a device that cuts it, or cuts it.</summary>
    private SendOutcome SendSuperSegment(in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader, PacketBody body, Instant now)
    {
        int headers = way.Nic.LinkHeaderLength + way.HeaderLength + transportHeader.Length;
        bool isTcp = send.Protocol == IpProtocol.Tcp && transportHeader.Length >= TcpView.MinSize && send.ChecksumOffset >= 0;
        if (!isTcp || way.HeaderLength + transportHeader.Length + send.SegmentSize > way.Mtu || body.Length > MaxSuperSegment)
        {
            body.Release();
            return SendOutcome.TooLong;
        }
        if (!way.Nic.HasChecksumOffload || headers + body.Length > way.Nic.MaxSegmentationBytes) return CutSegments(way, send, transportHeader, body, now);
        TransmitFrame frame = default;
        Span<byte> header = AppendIpHeader(ref frame.Headers, way, send, transportHeader, transportHeader.Length + body.Length);
        if (way.IsV4) FinishV4(header, IdentificationFor(way, send), way.DontFragment ? 0x4000 : 0);
        frame.Body = body;
        AppendTransport(ref frame, way, send, transportHeader);
        frame.Offload = frame.Offload with { SegmentSize = (ushort)send.SegmentSize, HeaderLength = (ushort)headers };
        return Output(way, ref frame, now);
    }

    /// <summary>Cuts a super-segment as TSO hardware does: the headers are composed once, and what differs is written over.</summary>
    private SendOutcome CutSegments(in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader, PacketBody body, Instant now)
    {
        TransmitFrame frame = default;
        AppendIpHeader(ref frame.Headers, way, send, transportHeader, transportHeader.Length);
        frame.Headers.Append(transportHeader.Length);
        ushort identification = IdentificationFor(way, send);
        SendOutcome outcome = SendOutcome.Sent;
        for (int at = 0; !body.IsEmpty; at += send.SegmentSize)
        {
            int length = Math.Min(send.SegmentSize, body.Length);
            frame.Body = body.Share(0, length);
            body.TrimStart(length);
            Span<byte> headers = frame.Headers.Writable[way.Nic.LinkHeaderLength..];
            Span<byte> tcp = headers[way.HeaderLength..];
            transportHeader.CopyTo(tcp);
            FixTcp(tcp, at, isLast: body.IsEmpty);
            WriteLength(headers, way, tcp.Length + length);
            if (way.IsV4) FinishV4(headers[..way.HeaderLength], identification++, way.DontFragment ? 0x4000 : 0);
            FinishTransport(ref frame, way, send, tcp.Length);
            outcome = Output(way, ref frame, now);
            if (outcome != SendOutcome.Sent)
            {
                if (at > 0) outcome = SendOutcome.Sent; // what did not find room is lost on the way, like any segment
                break;
            }
            Counters.SegmentsCut++;
        }
        body.Release();
        return outcome;
    }

    private static void WriteLength(Span<byte> header, in Outgoing way, int payloadLength)
    {
        if (way.IsV4) BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(way.HeaderLength + payloadLength));
        else BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(way.HeaderLength - Ipv6View.Size + payloadLength));
    }

    private static void FixTcp(Span<byte> tcp, int at, bool isLast)
    {
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]) + (uint)at);
        if (!isLast) tcp[13] &= 0xFF ^ (byte)(TcpFlags.Fin | TcpFlags.Psh);
        if (at > 0) tcp[13] &= 0xFF ^ (byte)TcpFlags.Cwr;
    }

    /// <summary>A fragment that is to be sent.</summary>
    private readonly record struct Piece(uint Identification, int Offset, int Length, bool MoreFragments);
}
