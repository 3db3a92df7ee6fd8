namespace NetStack.Tcp;

/// <summary>
/// How much may be sent in fast recovery (RFC 9937): in proportion to what arrives, down to the slow start threshold; below it,
/// as much as arrives, and a segment more while recovery goes well. Also paces the reduction after an ECN echo. A mutable
/// value: keep it in a field.
/// </summary>
/// <remarks>
/// On entry: <see cref="Begin"/>. For every ACK, the entering one included: <see cref="OnAck"/>, and the result becomes the
/// congestion window. For all that is sent: <see cref="OnSent"/>. At the end the window becomes the threshold.
/// </remarks>
internal struct ProportionalRateReduction
{
    private int _threshold;
    private long _recoverFlight; // RecoverFS
    private long _delivered; // prr_delivered
    private long _sent; // prr_out
    private int _window;

    /// <summary>The target: the slow start threshold on entry.</summary>
    internal readonly int Threshold => _threshold;

    /// <summary>Enters recovery (section 6.2).</summary>
    /// <param name="threshold">The slow start threshold that the congestion control chose.</param>
    /// <param name="outstanding">SND.NXT - SND.UNA, after the ACK that triggered.</param>
    /// <param name="sackedBefore">Bytes that were SACKed before that ACK and are not acknowledged by it.</param>
    /// <param name="acknowledged">Bytes by which that ACK advanced SND.UNA.</param>
    internal void Begin(int threshold, int outstanding, int sackedBefore, int acknowledged)
    {
        _threshold = threshold;
        _recoverFlight = Math.Max((long)outstanding - sackedBefore + acknowledged, 1);
        _delivered = 0;
        _sent = 0;
        _window = threshold;
    }

    /// <summary>Takes an ACK in recovery, and gives the congestion window in bytes.</summary>
    /// <param name="delivered">What the ACK delivered: <see cref="AckOutcome.Delivered"/>; for a duplicate ACK without SACK, one
    /// segment. With 0 the window stays, except for the fast retransmit that a timer began.</param>
    /// <param name="pipe">Bytes in the network after it and after marking losses.</param>
    /// <param name="isSafe">SafeACK: the ACK advances SND.UNA and shows no further loss.</param>
    /// <param name="maximumSegmentSize">Bytes in a full segment.</param>
    internal int OnAck(int delivered, int pipe, bool isSafe, int maximumSegmentSize)
    {
        if (delivered == 0 && _sent > 0) return _window;
        _delivered += delivered;
        long quota;
        if (pipe > _threshold)
        {
            quota = (_delivered * _threshold + _recoverFlight - 1) / _recoverFlight - _sent;
        }
        else
        {
            quota = Math.Max(_delivered - _sent, delivered);
            if (isSafe) quota += maximumSegmentSize;
            quota = Math.Min(_threshold - pipe, quota);
        }
        quota = Math.Max(quota, 0);
        if (_sent == 0 && quota == 0) quota = maximumSegmentSize; // the fast retransmit itself
        return _window = (int)Math.Min(pipe + quota, int.MaxValue);
    }

    /// <summary>Notes what was sent in recovery, new or again.</summary>
    internal void OnSent(int bytes) => _sent += bytes;
}
