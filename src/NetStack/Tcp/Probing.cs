namespace NetStack.Tcp;

/// <summary>What a schedule says when its time has come.</summary>
internal enum ProbeAction
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>Send a probe.</summary>
    Probe,

    /// <summary>The peer is gone: end the connection.</summary>
    GiveUp,
}

/// <summary>When to probe an idle peer (RFC 9293 section 3.8.4). A mutable value: keep it in a field.</summary>
/// <param name="idle">Idle time before the first probe; RFC 1122 asks for two hours by default.</param>
/// <param name="interval">Time between probes.</param>
/// <param name="probes">How many unanswered probes end the connection, at least 1.</param>
internal struct KeepAlive(TimeSpan idle, TimeSpan interval, int probes)
{
    private int _sent;
    private Instant? _deadline;

    /// <summary>When <see cref="OnDeadline"/> is due; null while stopped.</summary>
    internal readonly Instant? Deadline => _deadline;

    /// <summary>Probes sent and not answered.</summary>
    internal readonly int Sent => _sent;

    /// <summary>Something was heard of the peer, or the schedule begins.</summary>
    internal void Restart(Instant now)
    {
        _sent = 0;
        _deadline = now + idle;
    }

    /// <summary>Probes no more: it was turned off, or data is in flight whose timer watches the peer.</summary>
    internal void Stop()
    {
        _sent = 0;
        _deadline = null;
    }

    /// <summary>Says what to do now.</summary>
    internal ProbeAction OnDeadline(Instant now)
    {
        if (!(_deadline <= now)) return ProbeAction.None;
        if (_sent >= probes)
        {
            _deadline = null;
            return ProbeAction.GiveUp;
        }
        _sent++;
        _deadline = now + interval;
        return ProbeAction.Probe;
    }
}

/// <summary>When to probe a peer whose window is closed (RFC 9293 section 3.8.6.1): the first time after a retransmission timeout, then at
/// doubled intervals, for as long as the peer answers. A mutable value: keep it in a field.</summary>
/// <param name="most">The longest interval.</param>
/// <param name="probes">How many unanswered probes end the connection.</param>
internal struct ZeroWindowProbe(TimeSpan most, int probes)
{
    private int _backoff;
    private int _unanswered;
    private Instant? _deadline;

    /// <summary>When <see cref="OnDeadline"/> is due; null while the window is open.</summary>
    internal readonly Instant? Deadline => _deadline;

    /// <summary>Whether the peer's window is being probed.</summary>
    internal readonly bool IsActive => _deadline is not null;

    /// <summary>Probes sent and not answered.</summary>
    internal readonly int Unanswered => _unanswered;

    /// <summary>The window closed while there is data to send and nothing in flight; no effect if that is known.</summary>
    internal void Start(Instant now, TimeSpan timeout)
    {
        if (_deadline is not null) return;
        _backoff = 0;
        _unanswered = 0;
        _deadline = now + (timeout < most ? timeout : most);
    }

    /// <summary>The window opened, or nothing is left to send.</summary>
    internal void Stop()
    {
        _deadline = null;
        _unanswered = 0;
    }

    /// <summary>The peer acknowledged a probe, its window still closed: it lives.</summary>
    internal void OnAnswer() => _unanswered = 0;

    /// <summary>Says what to do now.</summary>
    /// <param name="now">The present.</param>
    /// <param name="timeout">The retransmission timeout without backoff.</param>
    internal ProbeAction OnDeadline(Instant now, TimeSpan timeout)
    {
        if (!(_deadline <= now)) return ProbeAction.None;
        if (_unanswered >= probes)
        {
            _deadline = null;
            return ProbeAction.GiveUp;
        }
        _unanswered++;
        if (_backoff < 30) _backoff++;
        _deadline = now + (timeout.Ticks > most.Ticks >> _backoff ? most : timeout * (1 << _backoff));
        return ProbeAction.Probe;
    }
}

/// <summary>How long data may stay unacknowledged (RFC 5482, RFC 9293 section 3.8.3 R2 as a time). A mutable value: keep it in a field.</summary>
/// <param name="timeout">The limit; zero for none.</param>
internal struct UserTimeout(TimeSpan timeout)
{
    private Instant? _deadline;

    /// <summary>When the connection must be given up; null when there is no limit or nothing waits.</summary>
    internal readonly Instant? Deadline => _deadline;

    /// <summary>Something waits for an acknowledgement, and did already if this is not the first call.</summary>
    internal void Start(Instant now)
    {
        if (timeout > TimeSpan.Zero) _deadline ??= now + timeout;
    }

    /// <summary>The peer acknowledged something.</summary>
    /// <param name="isMoreOutstanding">Whether something waits still.</param>
    /// <param name="now">The present.</param>
    internal void OnProgress(bool isMoreOutstanding, Instant now) =>
        _deadline = isMoreOutstanding && timeout > TimeSpan.Zero ? now + timeout : null;

    /// <summary>Whether the time is up.</summary>
    internal readonly bool IsExpired(Instant now) => _deadline <= now;
}
