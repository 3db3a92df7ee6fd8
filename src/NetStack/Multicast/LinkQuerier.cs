namespace NetStack.Multicast;

/// <summary>What an interface's queriers of one protocol are like (RFC 3376 section 7.2, RFC 3810 section 8.2).</summary>
internal sealed class LinkQuerier(int nic, bool isV6, int robustness)
{
    private static readonly TimeSpan DefaultQueryInterval = TimeSpan.FromSeconds(125);

    private readonly int _robustness = robustness;
    private TimeSpan _queryInterval = DefaultQueryInterval;

    internal int Interface { get; } = nic;

    internal bool IsV6 { get; } = isV6;

    /// <summary>How often a change is reported.</summary>
    internal int Robustness { get; private set; } = robustness;

    /// <summary>When the answer to a general query is due.</summary>
    internal Instant? GeneralDue { get; set; }

    /// <summary>Until when an IGMPv1 querier is believed to be there.</summary>
    internal Instant? Version1Until { get; private set; }

    /// <summary>Until when an IGMPv2 or MLDv1 querier is believed to be there.</summary>
    internal Instant? Version2Until { get; private set; }

    /// <summary>The version to speak: 1 to 3 for IGMP; 2 means MLDv1 and 3 means MLDv2.</summary>
    internal int Version => Version1Until is not null ? 1 : Version2Until is not null ? 2 : 3;

    /// <summary>When an older querier is forgotten.</summary>
    internal Instant? NextDeadline => Instant.Earliest(GeneralDue, Instant.Earliest(Version1Until, Version2Until));

    /// <summary>Notes a query.</summary>
    /// <returns>Whether the version to speak changed, which ends everything pending.</returns>
    internal bool Heard(in MembershipQuery query, Instant now)
    {
        int before = Version;
        if (query.Version == 3)
        {
            Robustness = query.Robustness != 0 ? query.Robustness : _robustness;
            _queryInterval = query.QueryInterval > TimeSpan.Zero ? query.QueryInterval : DefaultQueryInterval;
        }
        Instant until = now + (_queryInterval * Robustness) + query.MaxDelay;
        if (query.Version == 1) Version1Until = until;
        if (query.Version == 2) Version2Until = until;
        return Version != before;
    }

    /// <summary>Forgets older queriers whose time is over.</summary>
    /// <returns>Whether the version to speak changed.</returns>
    internal bool Expire(Instant now)
    {
        int before = Version;
        if (Version1Until <= now) Version1Until = null;
        if (Version2Until <= now) Version2Until = null;
        return Version != before;
    }
}
