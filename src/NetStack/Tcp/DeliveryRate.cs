namespace NetStack.Tcp;

/// <summary>What was delivered when a range was sent (draft-cheng-iccrg-delivery-rate-estimation, P.delivered and so on).</summary>
/// <param name="Delivered">Bytes delivered so far.</param>
/// <param name="DeliveredAt">When the last of them was.</param>
/// <param name="FirstSentAt">When the flight that is measured began.</param>
/// <param name="IsAppLimited">Whether the sender had too little to send.</param>
internal readonly record struct DeliverySnapshot(long Delivered, Instant DeliveredAt, Instant FirstSentAt, bool IsAppLimited);

/// <summary>
/// Measures how fast the path delivers (draft-cheng-iccrg-delivery-rate-estimation). Owned by the <see cref="SackScoreboard"/>. A
/// mutable value: keep it in a field.
/// </summary>
internal struct DeliveryRate
{
    private long _delivered;
    private long _appLimitedUntil; // delivered bytes at which the application's lull is over; 0 for none
    private Instant _deliveredAt;
    private Instant _firstSentAt;

    /// <summary>All bytes that were acknowledged or SACKed.</summary>
    internal readonly long Delivered => _delivered;

    /// <summary>Says that the application gives too little to fill the window.</summary>
    internal void OnAppLimited(int inFlight) => _appLimitedUntil = Math.Max(_delivered + inFlight, 1);

    /// <summary>What a range keeps that is sent now.</summary>
    internal DeliverySnapshot OnSent(bool isFirstInFlight, Instant now)
    {
        if (isFirstInFlight) _firstSentAt = _deliveredAt = now;
        return new DeliverySnapshot(_delivered, _deliveredAt, _firstSentAt, _appLimitedUntil != 0);
    }

    /// <summary>Counts a range that was delivered, and lets the ACK's sample start at it if it was sent later than the others.</summary>
    internal void OnDelivered(in SentRange range, Instant now, ref DeliverySample sample)
    {
        _delivered += range.Length;
        _deliveredAt = now;
        if (sample.HasRange && (range.Delivery.Delivered, range.SentAt).CompareTo((sample.Prior.Delivered, sample.SentAt)) < 0) return;
        sample = new DeliverySample(true, range.Delivery, range.SentAt);
        _firstSentAt = range.SentAt;
    }

    /// <summary>The rate an ACK shows: the bytes and the time, where the longer of sending and acknowledging counts.</summary>
    internal (long Bytes, TimeSpan Interval) Finish(in DeliverySample sample)
    {
        if (_appLimitedUntil != 0 && _delivered > _appLimitedUntil) _appLimitedUntil = 0;
        if (!sample.HasRange) return default;
        TimeSpan sending = sample.SentAt - sample.Prior.FirstSentAt;
        TimeSpan acknowledging = _deliveredAt - sample.Prior.DeliveredAt;
        return (_delivered - sample.Prior.Delivered, sending > acknowledging ? sending : acknowledging);
    }
}

/// <summary>The range an ACK's rate is measured from.</summary>
/// <param name="HasRange">Whether there is one.</param>
/// <param name="Prior">What was delivered when it was sent.</param>
/// <param name="SentAt">When it was sent.</param>
internal readonly record struct DeliverySample(bool HasRange, DeliverySnapshot Prior, Instant SentAt);
