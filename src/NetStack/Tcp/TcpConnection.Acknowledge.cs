using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>What an acceptable acknowledgement does: window, round trip, send queue, states that wait for the FIN's ACK.</summary>
public sealed partial class TcpConnection
{
    private const int MaxSackBlocks = 4;

    private static readonly TimeSpan ConfirmInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeastRenegingDelay = TimeSpan.FromMilliseconds(10);

    private Instant _confirmedAt = new(long.MinValue);
    private long _totalAcknowledged; // SND.UNA - ISS on a scale without end

    private void OnAcknowledgement(in TcpSegment segment, Instant now)
    {
        uint? echo = _hasTimestamps && segment.Options.HasTimestamps && segment.Options.TimestampEcho != 0 ? segment.Options.TimestampEcho : null;
        TimeSpan? byTimestamp = TimestampRoundTrip(echo, now);
        if (segment.Length > 0 && byTimestamp is { } seen) _tuner.OnTimestampSample(seen);
        Span<SackBlock> blocks = stackalloc SackBlock[MaxSackBlocks];
        blocks = blocks[..ReadSackBlocks(segment, blocks)];
        if (blocks.IsEmpty && IsRepeatedToIdle(segment))
        {
            if (UpdateSendWindow(segment)) _layer.MarkReady(this);
            return;
        }
        SequenceNumber before = SendUnacknowledged;
        int inFlight = _board.Pipe;
        AckFacts facts = new()
        {
            Acknowledgement = segment.Acknowledgement,
            Now = now,
            TimestampEcho = echo,
            MinimumRoundTrip = _rtt.Minimum,
        };
        AckOutcome outcome = _board.OnAck(facts, blocks, ref _rack);
        bool isWindowChanged = UpdateSendWindow(segment);
        bool isPlain = segment.SequenceLength == 0 && segment.Acknowledgement == before && !isWindowChanged;
        if (outcome.HasDuplicateSack) Counters.DuplicatesReported++;
        TakeRoundTrip(outcome, byTimestamp, now);
        if (outcome.IsAdvance)
        {
            OnAdvance(before, outcome, now);
            if (_state is TcpState.Closed or TcpState.TimeWait) return;
        }
        AckContext context = new(segment.Header.Flags, segment.Acknowledgement, echo, inFlight, isPlain, isPlain && _board.Outstanding > 0);
        Recover(outcome, context, now);
        RestartTimers(outcome, now);
        _layer.MarkReady(this);
    }

    /// <summary>Whether an acknowledgement tells a connection with nothing on its way what the last one did: so do all that come with
    /// data to whoever only receives.</summary>
    private bool IsRepeatedToIdle(in TcpSegment segment) =>
        _board.Outstanding == 0 && segment.Acknowledgement == SendUnacknowledged && (segment.Header.Flags & TcpFlags.Ece) == 0
        && _congestionState == CongestionState.Open && !_probe.IsOutstanding;

    private int ReadSackBlocks(in TcpSegment segment, Span<SackBlock> blocks)
    {
        bool isOnlyTimestamps = segment.Options.HasTimestamps && segment.OptionBytes.Length <= OptionLayout.TimestampsSize;
        if (!_hasSack || isOnlyTimestamps || segment.OptionBytes.IsEmpty) return 0;
        int count = 0;
        OptionReader reader = new(segment.OptionBytes);
        while (reader.MoveNext() && !reader.IsMalformed)
        {
            if (reader.Kind != (byte)TcpOptionKind.Sack) continue;
            foreach (SackBlock block in new SackBlocks(reader.Data))
            {
                if (count < blocks.Length) blocks[count++] = block;
            }
        }
        return count;
    }

    /// <summary>Takes the window of a segment that is not older than the one that set it last (RFC 9293 section 3.10.7.4, SND.WL1 and WL2).</summary>
    private bool UpdateSendWindow(in TcpSegment segment)
    {
        if (segment.Acknowledgement < SendUnacknowledged) return false;
        bool isNewer = _windowSequence < segment.Sequence || (_windowSequence == segment.Sequence && _windowAcknowledgement <= segment.Acknowledgement);
        long window = (long)segment.Header.Window << Math.Max(0, segment.IsSyn ? 0 : _sendScale);
        if (!isNewer) return false;
        _windowSequence = segment.Sequence;
        _windowAcknowledgement = segment.Acknowledgement;
        if (window == _sendWindow) return false;
        _sendWindow = window;
        _maxSendWindow = Math.Max(_maxSendWindow, window);
        return true;
    }

    private TimeSpan? TimestampRoundTrip(uint? echo, Instant now)
    {
        if (echo is not { } value) return null;
        int milliseconds = (int)(TcpLayer.TimestampClock(now) + _timestampOffset - value);
        return milliseconds is >= 0 and < 1_000_000 ? new TimeSpan(Math.Max(1, milliseconds) * TimeSpan.TicksPerMillisecond) : null; // no finer than the clock
    }

    /// <summary>RFC 6298 with Karn's algorithm; by timestamp where what is acknowledged was sent again (RFC 7323 section 4).</summary>
    private void TakeRoundTrip(in AckOutcome outcome, TimeSpan? byTimestamp, Instant now)
    {
        TimeSpan? sample = outcome.RoundTrip ?? (outcome.IsAdvance ? byTimestamp : null);
        if (sample is not { } roundTrip) return;
        int samples = RttEstimator.ExpectedSamples(_board.Outstanding + outcome.Acknowledged, Math.Max(1, _mss));
        _rtt.OnSample(roundTrip, now, samples, outcome.ShortestRoundTrip);
    }

    /// <summary>SND.UNA advanced.</summary>
    private void OnAdvance(SequenceNumber before, in AckOutcome outcome, Instant now)
    {
        int held = _sendQueue.Length;
        int passed = SendUnacknowledged - (IsSynAcknowledged ? before : before + 1); // the SYN is not in the queue
        int taken = Math.Clamp(passed, 0, held);
        _sendQueue.TrimStart(taken);
        _acknowledgedBytes += taken;
        _totalAcknowledged += outcome.Acknowledged;
        _smallEnd = SequenceNumber.Max(_smallEnd, SendUnacknowledged); // numbers left behind would come to look new
        _recoveryEnd = SequenceNumber.Max(_recoveryEnd, SendUnacknowledged - 1);
        _timeouts = 0;
        _isMoreComing = false;
        SoftError = TcpError.None; // whatever it was, the path works
        if (now >= _confirmedAt + ConfirmInterval)
        {
            _confirmedAt = now;
            _layer.Ip.ConfirmReachable(Tuple.Remote.Address, now);
        }
        if (_isFinQueued && !_isFinAcknowledged && SendUnacknowledged == SendNext && passed > held)
        {
            _isFinAcknowledged = true;
            OnFinAcknowledged(now);
        }
        bool isMoreOutstanding = _board.Outstanding > 0 || _sendQueue.Length > 0;
        _userTimeout.OnProgress(isMoreOutstanding, now);
        if (taken > 0) OfferWrite();
    }

    private void OnFinAcknowledged(Instant now)
    {
        Raise(TcpEvents.Sent);
        if (_state is not (TcpState.FinWait1 or TcpState.Closing or TcpState.LastAck)) return;
        Move(TcpTrigger.ReceiveAckOfFin);
        if (_state == TcpState.Closed) End(TcpError.None);
        else if (_state == TcpState.TimeWait) BeginTimeWait(now);
        else if (_isUserClosed) _timers.FinWait2 = now + Settings.FinWait2Timeout;
    }

    /// <summary>Lets the writer go on once a third of the buffer is free.</summary>
    private void OfferWrite()
    {
        _sendLimit = SendBufferTuner.Grow(_sendLimit, _options.MaxSendBuffer, _congestion.CongestionWindow);
        if (!_wantsWrite || _isFinQueued || _sendQueue.Length > _sendLimit - _sendLimit / 3) return;
        _wantsWrite = false;
        Raise(TcpEvents.Writable);
    }

    /// <summary>RFC 6298 sections 5.2 and 5.3, RFC 8985 section 7.2.</summary>
    private void RestartTimers(in AckOutcome outcome, Instant now)
    {
        if (_board.Outstanding == 0)
        {
            _timers.Retransmission = _timers.Probe = _timers.Reordering = TcpTimers.Never;
            return;
        }
        if (outcome.IsAdvance) _timers.Retransmission = now + _rtt.Timeout;
        if (outcome.IsReneging)
        {
            TimeSpan delay = _rtt.Smoothed / 2;
            _timers.Retransmission = Instant.Min(_timers.Retransmission, now + (delay > LeastRenegingDelay ? delay : LeastRenegingDelay));
        }
        if (outcome.IsAdvance || outcome.Sacked > 0) ArmProbe(now);
    }

    /// <summary>Arms the tail loss probe where it may help.</summary>
    private void ArmProbe(Instant now)
    {
        bool mayProbe = UsesRack && _congestionState == CongestionState.Open && _board.SackedBytes == 0 && !_probe.IsOutstanding
            && _board.Outstanding > 0 && IsSynAcknowledged && _timeouts == 0;
        _timers.Probe = mayProbe
            ? TailLossProbe.TimeoutAt(now, _rtt, _board.Outstanding <= _mss, TailLossProbe.DefaultMaximumAckDelay, _timers.Retransmission)
            : TcpTimers.Never;
    }
}

/// <summary>An acknowledgement, as loss recovery sees it.</summary>
/// <param name="Flags">The segment's flags.</param>
/// <param name="Acknowledgement">SEG.ACK.</param>
/// <param name="Echo">TSecr; null without timestamps.</param>
/// <param name="InFlight">Bytes in the network before it.</param>
/// <param name="IsPlain">Whether it has no text, acknowledges nothing new and changes no window.</param>
/// <param name="IsDuplicate">Whether it is besides a duplicate ACK (RFC 5681 section 2).</param>
internal readonly record struct AckContext(TcpFlags Flags, SequenceNumber Acknowledgement, uint? Echo, int InFlight, bool IsPlain, bool IsDuplicate);
