namespace NetStack;

/// <summary>What one end of a conversation sent.</summary>
public struct FlowDirection
{
    /// <summary>Packets.</summary>
    public long Packets { get; internal set; }

    /// <summary>Bytes on the wire, link headers included.</summary>
    public long Bytes { get; internal set; }

    /// <summary>Bytes behind the TCP or UDP header, by the length fields.</summary>
    public long PayloadBytes { get; internal set; }
}
