namespace NetStack.Nic.Virtual;

/// <summary>
/// A clock that stands still while anything is to do and then jumps to the next deadline. The same parts with the same seeds
/// give the same run, however fast the machine is.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class VirtualClock
{
    private const int MaxHandOvers = 16;     // steps without a deadline in which parts may still hand work to each other
    private const int MaxStanding = 100_000; // steps at one instant: more is a standstill that does not know it

    private readonly List<IPollable> _parts = [];

    /// <summary>The present.</summary>
    public Instant Now { get; private set; }

    /// <summary>How often the clock jumped.</summary>
    public long Jumps { get; private set; }

    /// <summary>Adds a part; parts are polled in the order they were added.</summary>
    public void Add(IPollable part) => _parts.Add(part);

    /// <summary>Polls every part once at the present, then jumps to the next deadline if that is later.</summary>
    /// <returns>False when no part has a deadline: nothing will happen by itself any more.</returns>
    public bool Step()
    {
        foreach (IPollable part in _parts) part.Poll(Now);
        Instant? next = null;
        foreach (IPollable part in _parts) next = Instant.Earliest(next, part.NextDeadline);
        if (next is null) return false;
        if (next.Value > Now)
        {
            Now = next.Value;
            Jumps++;
        }
        return true;
    }

    /// <summary>Steps until a condition holds.</summary>
    /// <param name="done">The condition, looked at after every step.</param>
    /// <param name="limit">When to give up.</param>
    /// <returns>Whether it came to hold before the limit, and before nothing was left to happen.</returns>
    public bool RunUntil(Func<bool> done, Instant limit)
    {
        for (int standing = 0; Now <= limit;)
        {
            Instant before = Now;
            bool more = Step();
            if (done()) return true;
            standing = Now > before ? 0 : standing + 1;
            if ((!more && standing > MaxHandOvers) || standing > MaxStanding) return false;
        }
        return false;
    }
}
