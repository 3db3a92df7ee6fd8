namespace NetStack.Icmp;

/// <summary>What became of ICMP errors that there was reason to send.</summary>
public sealed class IcmpErrorCounters
{
    internal IcmpErrorCounters()
    {
    }

    /// <summary>Errors sent.</summary>
    public long Sent { get; internal set; }

    /// <summary>Not sent because the rules forbid it: about a group, an error, a later fragment, a source that is no host's.</summary>
    public long Forbidden { get; internal set; }

    /// <summary>Not sent because there were too many.</summary>
    public long RateLimited { get; internal set; }

    /// <summary>Not sent for want of a buffer, a route or room in a queue.</summary>
    public long Unsent { get; internal set; }
}
