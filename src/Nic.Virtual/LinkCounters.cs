namespace NetStack.Nic.Virtual;

/// <summary>What one direction of a link did.</summary>
public sealed class LinkCounters
{
    /// <summary>Frames put in.</summary>
    public long Sent { get; internal set; }

    /// <summary>Frames given out, doubles included.</summary>
    public long Delivered { get; internal set; }

    /// <summary>Frames that were doubled.</summary>
    public long Duplicated { get; internal set; }

    /// <summary>Frames of which a bit was turned over.</summary>
    public long Corrupted { get; internal set; }

    /// <summary>Frames that were cut off.</summary>
    public long Truncated { get; internal set; }

    /// <summary>Frames that were held back.</summary>
    public long Reordered { get; internal set; }

    /// <summary>Frames that were dropped, by reason.</summary>
    public DropCounters Drops { get; } = new();
}
