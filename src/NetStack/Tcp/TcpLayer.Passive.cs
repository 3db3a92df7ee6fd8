using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Listeners, half-open connections and TIME-WAIT.</summary>
public sealed partial class TcpLayer
{
    private const int LeastMss = 64; // a peer that announces less is taken to mean this

    private readonly Stack<PassiveOpen> _freeOpens = new();
    private readonly Stack<TimeWaitEntry> _freeEntries = new();

    /// <summary>Forgets the half-open connections of a listener that closes.</summary>
    internal void ForgetHalfOpen(TcpListener listener)
    {
        if (listener.HalfOpen == 0) return;
        foreach (ITcpFlow flow in _flows.Values.ToArray())
        {
            if (flow is PassiveOpen open && ReferenceEquals(open.Listener, listener)) Forget(open);
        }
    }

    /// <summary>Replaces a connection by what TIME-WAIT needs of it.</summary>
    internal void EnterTimeWait(TcpConnection connection, Instant now)
    {
        Remove(connection);
        if (TimeWaitCount >= Settings.MaxTimeWait)
        {
            Counters.TimeWaitOverflow++;
            connection.OnTimeWaitOver();
            return;
        }
        TimeWaitEntry entry = _freeEntries.TryPop(out TimeWaitEntry? used) ? used : new TimeWaitEntry(this);
        connection.Describe(entry);
        entry.Since = now;
        entry.LastAnswer = new Instant(long.MinValue);
        TimeWaitCount++;
        Add(entry.Tuple, entry);
        _deadlines.Set(entry, now + Settings.TimeWait);
    }

    internal void OnTimeWaitOver(TimeWaitEntry entry)
    {
        _flows.Remove(entry.Tuple);
        _deadlines.Remove(entry);
        TimeWaitCount--;
        TcpConnection? owner = entry.Owner;
        entry.Owner = null;
        _freeEntries.Push(entry);
        owner?.OnTimeWaitOver();
    }

    /// <summary>A segment for a listener (RFC 9293 section 3.10.7.2).</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="above">Where our initial sequence number must begin, because the four-tuple was in TIME-WAIT; otherwise null.</param>
    /// <param name="now">The present.</param>
    private void OnListenerSegment(TcpListener listener, in TcpSegment segment, SequenceNumber? above, Instant now)
    {
        if (segment.IsRst)
        {
            Drop(TcpDropReason.NotForListener);
            return;
        }
        if (segment.IsAck)
        {
            if (!segment.IsSyn && TryAcceptCookie(listener, segment, now)) return;
            Drop(TcpDropReason.NotForListener);
            SendReset(segment, now);
            return;
        }
        if (!segment.IsSyn || segment.IsFin) Drop(segment.IsSyn ? TcpDropReason.BadFlags : TcpDropReason.NotForListener);
        else if (listener.IsFull) Drop(TcpDropReason.AcceptQueueFull);
        else OnSyn(listener, segment, above, now);
    }

    private void OnSyn(TcpListener listener, in TcpSegment segment, SequenceNumber? above, Instant now)
    {
        bool isFull = listener.HalfOpen >= listener.SynBacklog;
        if (isFull && Settings.SynCookies == SynCookieMode.Never)
        {
            Drop(TcpDropReason.SynQueueFull);
            return;
        }
        if (ConnectionCount >= Settings.MaxConnections)
        {
            Drop(TcpDropReason.TooManyConnections);
            return;
        }
        if (!Ip.TryFindPath(segment.Source, segment.Destination, listener.Binding.Options.Interface ?? ScopeOf(segment), out IpPath path))
        {
            Drop(TcpDropReason.ReplyNotSent);
            return;
        }
        PassiveOpen open = _freeOpens.TryPop(out PassiveOpen? used) ? used : new PassiveOpen(this);
        open.Tuple = segment.Tuple;
        open.Listener = listener;
        open.Interface = segment.Interface;
        open.Mss = (ushort)MssOf(path, listener.Connection);
        open.Retries = 0;
        open.InvalidAcks = new AckRateLimiter(Settings.InvalidAckInterval);
        open.Handshake = Agree(listener, segment, above ?? NextInitialSequence(segment.Tuple, now), now);
        if (isFull || Settings.SynCookies == SynCookieMode.Always)
        {
            SendCookie(open, now);
            return;
        }
        Add(open.Tuple, open);
        listener.HalfOpen++;
        _deadlines.Set(open, now + Settings.InitialRto);
        SendSynAck(open, now);
    }

    private static int? ScopeOf(in TcpSegment segment) => segment.Tuple.Scope == 0 ? null : segment.Interface;

    /// <summary>What a SYN and our settings come to.</summary>
    private Handshake Agree(TcpListener listener, in TcpSegment segment, SequenceNumber iss, Instant now)
    {
        TcpOptions options = segment.Options;
        return new Handshake
        {
            Iss = iss,
            Irs = segment.Sequence,
            PeerMss = PeerMss(options, segment.Source),
            SendScale = Settings.WindowScaling ? Math.Min(14, options.WindowScale) : -1,
            ReceiveScale = (byte)ReceiveScale(listener.Connection),
            HasSack = Settings.Sack && options.SackPermitted,
            HasTimestamps = Settings.Timestamps && options.HasTimestamps,
            TimestampRecent = options.TimestampValue,
            TimestampOffset = TimestampOffsetOf(segment.Tuple),
            HasEcn = Settings.Ecn != EcnMode.Off && EcnState.IsAsked(segment.Header.Flags, segment.TrafficClass),
            ReceiveWindow = Math.Min(65_535, listener.Connection.ReceiveBuffer),
            PeerWindow = segment.Header.Window,
            SentAt = now,
        };
    }

    /// <summary>The MSS a peer announced (RFC 9293 section 3.7.1): the default where it announced none.</summary>
    internal static int PeerMss(in TcpOptions options, IpAddress peer)
    {
        if (options.MaximumSegmentSize <= 0) return peer.IsV4 ? 536 : 1220;
        return Math.Max(LeastMss, options.MaximumSegmentSize);
    }

    /// <summary>The MSS to announce on a path: what fits its MTU, clamped.</summary>
    internal int MssOf(in IpPath path, TcpConnectionOptions options)
    {
        int most = options.MaxMss > 0 ? Math.Min(options.MaxMss, Settings.MaxMss) : Settings.MaxMss;
        return Math.Clamp(path.Mtu - (path.Source.IsV4 ? 40 : 60), LeastMss, most);
    }

    /// <summary>The window scale that lets the largest receive buffer be offered (RFC 7323 section 2.3).</summary>
    internal static int ReceiveScale(TcpConnectionOptions options)
    {
        int scale = 0;
        while (scale < 14 && Math.Max(options.MaxReceiveBuffer, options.ReceiveBuffer) >> scale > 65_535) scale++;
        return scale;
    }

    /// <summary>A segment for a half-open connection (RFC 9293 section 3.10.7.4 for SYN-RECEIVED after a passive open).</summary>
    private void OnHandshakeSegment(PassiveOpen open, in TcpSegment segment, Instant now)
    {
        SequenceNumber next = open.Handshake.Irs + 1;
        if (segment.IsSyn && !segment.IsAck && !segment.IsRst && segment.Sequence == open.Handshake.Irs)
        {
            SendSynAck(open, now); // our SYN-ACK was lost
            return;
        }
        if (!IsAcceptable(open, segment, next))
        {
            Drop(TcpDropReason.OutsideWindow);
            if (!segment.IsRst) ChallengeHalfOpen(open, now);
        }
        else if (segment.IsRst)
        {
            if (segment.Sequence == next) OnHalfOpenReset(open);
            else
            {
                Drop(TcpDropReason.ResetNotExact);
                ChallengeHalfOpen(open, now);
            }
        }
        else if (segment.IsSyn)
        {
            Drop(TcpDropReason.UnexpectedSyn);
            Forget(open);
        }
        else if (!segment.IsAck) Drop(TcpDropReason.NoAcknowledgement);
        else if (segment.Acknowledgement != open.Handshake.Iss + 1)
        {
            Drop(TcpDropReason.BadAcknowledgement);
            SendReset(segment, now);
        }
        else if (open.Listener.IsFull) Drop(TcpDropReason.AcceptQueueFull);
        else Establish(open, segment, now);
    }

    private static bool IsAcceptable(PassiveOpen open, in TcpSegment segment, SequenceNumber next)
    {
        ref readonly Handshake handshake = ref open.Handshake;
        bool hasTime = !segment.IsRst && handshake.HasTimestamps && segment.Options.HasTimestamps;
        if (hasTime && (int)(segment.Options.TimestampValue - handshake.TimestampRecent) < 0) return false;
        uint window = (uint)handshake.ReceiveWindow;
        return segment.Sequence.IsWithin(next, window) || (segment.SequenceLength > 0 && (segment.End - 1).IsWithin(next, window));
    }

    private void OnHalfOpenReset(PassiveOpen open)
    {
        Counters.ResetsReceived++;
        Forget(open); // back to LISTEN
    }

    private void ChallengeHalfOpen(PassiveOpen open, Instant now)
    {
        if (!open.InvalidAcks.TryTake(now) || !MayChallenge(now)) return;
        ref Handshake handshake = ref open.Handshake;
        (SequenceNumber next, SequenceNumber expected) = (handshake.Iss + 1, handshake.Irs + 1);
        TcpHeader header = new(open.Tuple.Local.Port, open.Tuple.Remote.Port, next.Value, expected.Value, TcpFlags.Ack, (ushort)handshake.ReceiveWindow);
        TcpOptionsBuilder options = new(stackalloc byte[40]);
        if (handshake.HasTimestamps) OptionLayout.AddTimestamps(ref options, TimestampClock(now) + handshake.TimestampOffset, handshake.TimestampRecent);
        SendBare(open.Tuple, open.Tuple.Scope == 0 ? null : open.Interface, 0, header, options.Written, now);
    }

    /// <summary>The handshake is complete: makes the connection and lets it take the segment, with its data.</summary>
    private void Establish(PassiveOpen open, in TcpSegment segment, Instant now)
    {
        int? bound = open.Listener.Binding.Options.Interface ?? ScopeOf(segment);
        if (!Ip.TryFindPath(segment.Source, segment.Destination, bound, out IpPath path))
        {
            Drop(TcpDropReason.ReplyNotSent);
            return;
        }
        TcpListener listener = open.Listener;
        Handshake handshake = open.Handshake;
        handshake.WasRetransmitted = open.Retries > 0;
        if (open.Retries > 0) handshake.SentAt = null;
        Forget(open);
        Establish(listener, handshake, path, segment, now);
    }

    private void Establish(TcpListener listener, in Handshake handshake, in IpPath path, in TcpSegment segment, Instant now)
    {
        TcpConnection connection = TcpConnection.CreatePassive(this, segment.Tuple, listener, handshake, path, now);
        Add(connection.Tuple, connection);
        Counters.PassiveOpens++;
        connection.OnSegment(segment, now);
        if (connection.State != TcpState.Closed) listener.Add(connection);
    }

    /// <summary>A SYN-ACK was not answered in time: sends it again, backing off, and in the end gives up.</summary>
    internal void OnSynAckTimeout(PassiveOpen open, Instant now)
    {
        if (open.Retries >= Settings.SynAckRetries)
        {
            Forget(open);
            return;
        }
        open.Retries++;
        Counters.Retransmitted++;
        TimeSpan timeout = Settings.InitialRto * (1 << Math.Min(open.Retries, 16));
        _deadlines.Set(open, now + (timeout < Settings.MaxRto ? timeout : Settings.MaxRto));
        SendSynAck(open, now);
    }

    /// <summary>A router says that our SYN-ACK's peer takes less: announces a smaller MSS from now on.</summary>
    private void ShrinkHandshake(PassiveOpen open, int mtu, Instant now)
    {
        int mss = Math.Max(Settings.MinMss, mtu - (open.Tuple.Local.Address.IsV4 ? 40 : 60));
        if (mss >= open.Mss) return;
        open.Mss = (ushort)mss;
        SendSynAck(open, now);
    }

    private void Forget(PassiveOpen open)
    {
        _flows.Remove(open.Tuple);
        _deadlines.Remove(open);
        open.Listener.HalfOpen--;
        open.Listener = null!;
        _freeOpens.Push(open);
    }
}
