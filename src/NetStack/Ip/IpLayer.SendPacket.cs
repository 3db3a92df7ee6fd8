using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Ip;

/// <remarks>Output of packets that bring their own IP header.</remarks>
internal sealed partial class IpLayer
{
    /// <summary>Sends a packet under the header that the caller wrote; lengths, checksum and what was left 0 are filled in.</summary>
    /// <param name="header">A whole IPv4 header with options, or an IPv6 header.</param>
    /// <param name="body">What follows it; it passes to IP.</param>
    /// <param name="boundInterface">The interface to leave by, or null.</param>
    /// <param name="allowBroadcast">Whether the destination may be a broadcast address.</param>
    /// <param name="now">The present.</param>
    internal SendOutcome SendPacket(ReadOnlySpan<byte> header, PacketBody body, int? boundInterface, bool allowBroadcast, Instant now)
    {
        bool isV4 = header[0] >> 4 == 4;
        IpAddress source = isV4 ? IpAddress.ReadV4(header[12..]) : IpAddress.ReadV6(header[8..]);
        IpAddress destination = isV4 ? IpAddress.ReadV4(header[16..]) : IpAddress.ReadV6(header[24..]);
        IpSend send = new(isV4 && source.IsUnspecified ? default : source, destination, (IpProtocol)header[isV4 ? 9 : 6])
        {
            Interface = boundInterface,
            AllowBroadcast = allowBroadcast,
        };
        SendOutcome outcome = TryPrepare(send, out Outgoing way);
        if (outcome == SendOutcome.Sent && header.Length + body.Length > Math.Min(way.Mtu, ushort.MaxValue)) outcome = SendOutcome.TooLong;
        if (outcome != SendOutcome.Sent)
        {
            body.Release();
            Counters.SendFailures++;
            return outcome;
        }
        TransmitFrame frame = default;
        frame.Headers.Append(way.Nic.LinkHeaderLength);
        Span<byte> room = frame.Headers.Append(header.Length);
        header.CopyTo(room);
        if (isV4)
        {
            way.Source.Write(room[12..]);
            BinaryPrimitives.WriteUInt16BigEndian(room[2..], (ushort)(header.Length + body.Length));
            ushort identification = BinaryPrimitives.ReadUInt16BigEndian(room[4..]);
            if (identification == 0) identification = (ushort)_identifications.Next(way.Source, destination, send.Protocol);
            FinishV4(room, identification, BinaryPrimitives.ReadUInt16BigEndian(room[6..]));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(room[4..], (ushort)body.Length);
        }
        frame.Body = body;
        outcome = Output(way, ref frame, now);
        if (outcome == SendOutcome.Sent) Counters.Sent++;
        else Counters.SendFailures++;
        return outcome;
    }
}
