namespace NetStack.Ip;

/// <summary>What IP did. The stack's thread writes, anybody may read roughly.</summary>
public sealed class IpCounters
{
    internal IpCounters()
    {
    }

    /// <summary>Packets that came in.</summary>
    public long Received { get; internal set; }

    /// <summary>Datagrams handed to a transport or a raw socket.</summary>
    public long Delivered { get; internal set; }

    /// <summary>Packets handed to be forwarded.</summary>
    public long Forwarded { get; internal set; }

    /// <summary>Fragments that came in.</summary>
    public long FragmentsReceived { get; internal set; }

    /// <summary>Datagrams put together from fragments.</summary>
    public long Reassembled { get; internal set; }

    /// <summary>Datagrams and super-segments that were sent, each counted once.</summary>
    public long Sent { get; internal set; }

    /// <summary>Fragments that were sent.</summary>
    public long FragmentsSent { get; internal set; }

    /// <summary>Segments that the software cutter made of super-segments.</summary>
    public long SegmentsCut { get; internal set; }

    /// <summary>Datagrams that could not be sent.</summary>
    public long SendFailures { get; internal set; }

    /// <summary>What was dropped on the way in.</summary>
    public IpDropCounters Drops { get; } = new();
}
