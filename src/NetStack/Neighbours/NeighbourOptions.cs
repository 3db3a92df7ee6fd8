namespace NetStack.Neighbours;

/// <summary>How link-layer addresses are found and kept: the protocol constants of RFC 4861 section 10, which serve ARP as well,
/// those of RFC 5227 section 1.1, and the bounds.</summary>
public sealed class NeighbourOptions
{
    /// <summary>Neighbours remembered per interface, at least 8.</summary>
    public int Capacity { get; set; } = 512;

    /// <summary>Packets held for one neighbour while its address is asked for, at least 1; a newer one drives out the oldest. Enough for
    /// the fragments of the longest datagram over Ethernet.</summary>
    public int PendingPerNeighbour { get; set; } = 64;

    /// <summary>Packets held per interface, at least 1.</summary>
    public int PendingPerInterface { get; set; } = 256;

    /// <summary>MAX_MULTICAST_SOLICIT: requests before an address counts as not to be found.</summary>
    public int MaxMulticastSolicit { get; set; } = 3;

    /// <summary>MAX_UNICAST_SOLICIT: probes before a neighbour counts as gone.</summary>
    public int MaxUnicastSolicit { get; set; } = 3;

    /// <summary>RETRANS_TIMER: the time between solicitations.</summary>
    public TimeSpan RetransTimer { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>REACHABLE_TIME: how long a sign of life lasts; each interface takes 0.5 to 1.5 times this by chance.</summary>
    public TimeSpan BaseReachableTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>DELAY_FIRST_PROBE_TIME: how long upper layers may still give a sign of life before a probe is sent.</summary>
    public TimeSpan DelayFirstProbeTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether an added IPv4 address is probed for before it is used (RFC 5227 section 2.1), which takes 4 to 9 s. It is
    /// announced and defended in any case.</summary>
    public bool ProbeIpv4Addresses { get; set; }

    /// <summary>What is done when another host uses an IPv4 address of ours.</summary>
    public ConflictPolicy ConflictPolicy { get; set; } = ConflictPolicy.DefendOnce;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Capacity, 8, nameof(Capacity));
        ArgumentOutOfRangeException.ThrowIfLessThan(PendingPerNeighbour, 1, nameof(PendingPerNeighbour));
        ArgumentOutOfRangeException.ThrowIfLessThan(PendingPerInterface, 1, nameof(PendingPerInterface));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMulticastSolicit, 1, nameof(MaxMulticastSolicit));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxUnicastSolicit, 1, nameof(MaxUnicastSolicit));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RetransTimer, TimeSpan.Zero, nameof(RetransTimer));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(BaseReachableTime, TimeSpan.Zero, nameof(BaseReachableTime));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DelayFirstProbeTime, TimeSpan.Zero, nameof(DelayFirstProbeTime));
    }
}

/// <summary>The three ways of RFC 5227 section 2.4 to meet a conflict.</summary>
public enum ConflictPolicy
{
    /// <summary>Give the address up at once.</summary>
    GiveUp,

    /// <summary>Announce it once; give it up when there is another conflict within DEFEND_INTERVAL (10 s).</summary>
    DefendOnce,

    /// <summary>Keep it whatever happens, announcing it at most once in DEFEND_INTERVAL.</summary>
    Keep,
}
