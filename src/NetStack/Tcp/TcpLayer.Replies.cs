using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Segments that no connection sends: resets, SYN-ACKs, ACKs in TIME-WAIT.</summary>
public sealed partial class TcpLayer
{
    private const int MaxHeader = 60;

    /// <summary>Our timestamp clock: milliseconds, plus an offset of the connection's own (RFC 7323 section 5.4).</summary>
    internal static uint TimestampClock(Instant now) => (uint)(ulong)(now.Nanoseconds / 1_000_000);

    /// <summary>Answers a segment that belongs to no connection with a reset (RFC 9293 section 3.10.7.1).</summary>
    internal void SendReset(in TcpSegment segment, Instant now)
    {
        TcpHeader header = segment.IsAck
            ? new TcpHeader(segment.Header.DestinationPort, segment.Header.SourcePort, segment.Header.Acknowledgement, 0, TcpFlags.Rst, 0)
            : new TcpHeader(segment.Header.DestinationPort, segment.Header.SourcePort, 0, segment.End.Value, TcpFlags.Rst | TcpFlags.Ack, 0);
        Counters.ResetsSent++;
        SendBare(segment.Tuple, segment.Tuple.Scope == 0 ? null : segment.Interface, default, header, default, now);
    }

    /// <summary>Sends a segment without payload for something that is no connection; if it cannot go it is counted.</summary>
    private void SendBare(in FourTuple tuple, int? boundInterface, (byte TrafficClass, byte HopLimit) how, in TcpHeader header, ReadOnlySpan<byte> options, Instant now)
    {
        IpSend send = new(tuple.Local.Address, tuple.Remote.Address, IpProtocol.Tcp)
        {
            Interface = boundInterface,
            TrafficClass = (byte)(how.TrafficClass & ~3),
            HopLimit = how.HopLimit,
            ChecksumOffset = ChecksumOffset,
            DontFragment = true,
        };
        Span<byte> bytes = stackalloc byte[MaxHeader];
        int length = header.Write(bytes, options);
        Counters.SegmentsSent++;
        Counters.Handed++;
        if (Ip.Send(send, bytes[..length], default, now) != SendOutcome.Sent) Drop(TcpDropReason.ReplyNotSent);
    }

    private void SendTimeWaitAck(TimeWaitEntry entry, Instant now)
    {
        TcpHeader header = new(entry.Tuple.Local.Port, entry.Tuple.Remote.Port, entry.SendNext.Value, entry.ReceiveNext.Value, TcpFlags.Ack, entry.Window);
        TcpOptionsBuilder options = new(stackalloc byte[40]);
        if (entry.HasTimestamps) OptionLayout.AddTimestamps(ref options, TimestampClock(now) + entry.TimestampOffset, entry.TimestampRecent);
        SendBare(entry.Tuple, entry.Interface, (entry.TrafficClass, entry.HopLimit), header, options.Written, now);
    }

    private void SendSynAck(PassiveOpen open, Instant now) => SendSynAck(open, TimestampClock(now), now);

    private void SendSynAck(PassiveOpen open, uint clock, Instant now)
    {
        ref Handshake handshake = ref open.Handshake;
        TcpFlags flags = TcpFlags.Syn | TcpFlags.Ack | EcnState.SynAckFlags(handshake.HasEcn, open.Retries);
        (uint next, uint expected) = (handshake.Iss.Value, (handshake.Irs + 1).Value);
        TcpHeader header = new(open.Tuple.Local.Port, open.Tuple.Remote.Port, next, expected, flags, (ushort)handshake.ReceiveWindow);
        TcpOptionsBuilder options = new(stackalloc byte[40]);
        OptionLayout.AddSyn(ref options, Settings.SynLayout, new SynOffer(open.Mss)
        {
            WindowScale = handshake.SendScale < 0 ? -1 : handshake.ReceiveScale,
            HasSack = handshake.HasSack,
            HasTimestamps = handshake.HasTimestamps,
            TimestampValue = clock + handshake.TimestampOffset,
            TimestampEcho = handshake.TimestampRecent,
        });
        int? bound = open.Tuple.Scope == 0 ? open.Listener.Binding.Options.Interface : open.Interface;
        SendBare(open.Tuple, bound, HowOf(open), header, options.Written, now);
    }

    /// <summary>The traffic class and the hop limit that the connection will have.</summary>
    private static (byte TrafficClass, byte HopLimit) HowOf(PassiveOpen open) => (open.Listener.Connection.TrafficClass, open.Listener.Connection.HopLimit);
}
