namespace NetStack.Tcp;

/// <summary>The timers of one connection that have no part of their own; <see cref="Instant.MaxValue"/> means none. A mutable value.</summary>
internal struct TcpTimers()
{
    /// <summary>The value of a timer that does not run.</summary>
    internal static Instant Never => Instant.MaxValue;

    /// <summary>Retransmission timeout (RFC 6298).</summary>
    internal Instant Retransmission = Never;

    /// <summary>Tail loss probe (RFC 8985 section 7).</summary>
    internal Instant Probe = Never;

    /// <summary>Reordering timer of RACK (RFC 8985 section 6.3).</summary>
    internal Instant Reordering = Never;

    /// <summary>FIN-WAIT-2 of an orphan.</summary>
    internal Instant FinWait2 = Never;

    /// <summary>Corked data goes all the same.</summary>
    internal Instant Cork = Never;

    /// <summary>The earliest one; null when none runs.</summary>
    internal readonly Instant? Earliest
    {
        get
        {
            long least = Math.Min(Math.Min(Retransmission.Nanoseconds, Probe.Nanoseconds), Math.Min(Reordering.Nanoseconds, FinWait2.Nanoseconds));
            least = Math.Min(least, Cork.Nanoseconds);
            return least == Never.Nanoseconds ? null : new Instant(least);
        }
    }

    /// <summary>Whether a timer came due; it is stopped then.</summary>
    internal static bool Take(ref Instant timer, Instant now)
    {
        if (timer > now) return false;
        timer = Never;
        return true;
    }

    /// <summary>Stops what waits for an acknowledgement.</summary>
    internal void StopSending() => Retransmission = Probe = Reordering = Cork = Never;
}
