namespace NetStack.Multicast;

/// <summary>What a list of sources says (RFC 3376 section 2).</summary>
public enum SourceFilterMode
{
    /// <summary>Only from these; from none is no membership.</summary>
    Include = 0,

    /// <summary>From all but these.</summary>
    Exclude,
}

/// <summary>What became of a change of membership.</summary>
public enum GroupResult
{
    /// <summary>Done.</summary>
    Success = 0,

    /// <summary>The address is no group, or not of the socket's family.</summary>
    InvalidGroup,

    /// <summary>There is no such interface.</summary>
    InvalidInterface,

    /// <summary>A source is no unicast address of the group's family, or there are too many.</summary>
    InvalidSources,

    /// <summary>This host is in as many groups as the settings allow.</summary>
    TooManyGroups,
}

/// <summary>Settings of multicast membership: IGMPv3 (RFC 3376) and MLDv2 (RFC 3810).</summary>
public sealed record MulticastOptions
{
    /// <summary>How often a change is reported, until a querier says otherwise; 1 to 7.</summary>
    public int Robustness { get; init; } = 2;

    /// <summary>The most time between two reports of one change (RFC 3376 section 8.11).</summary>
    public TimeSpan UnsolicitedReportInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most sources in one filter.</summary>
    public int MaxSources { get; init; } = 64;

    /// <summary>The most groups this host is in, over all interfaces.</summary>
    public int MaxGroups { get; init; } = 1024;
}

/// <summary>What membership protocols did.</summary>
public sealed class MulticastCounters
{
    internal MulticastCounters()
    {
    }

    /// <summary>Queries heard and heeded.</summary>
    public long Queries { get; internal set; }

    /// <summary>Reports and leaves sent.</summary>
    public long ReportsSent { get; internal set; }

    /// <summary>Reports that could not be sent.</summary>
    public long ReportsLost { get; internal set; }

    /// <summary>Messages that were too short, summed up wrong or cannot be.</summary>
    public long Malformed { get; internal set; }

    /// <summary>Messages that did not come from the link: no link-local source, no router alert.</summary>
    public long NotFromLink { get; internal set; }
}
