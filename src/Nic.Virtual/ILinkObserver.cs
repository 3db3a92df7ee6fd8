namespace NetStack.Nic.Virtual;

/// <summary>An end of a link.</summary>
public enum LinkEnd
{
    /// <summary>The first.</summary>
    A = 0,

    /// <summary>The second.</summary>
    B = 1,
}

/// <summary>What a link decided about a frame.</summary>
public readonly record struct LinkFate
{
    /// <summary>Why it will not arrive; null where it will.</summary>
    public DropReason? Dropped { get; init; }

    /// <summary>When it arrives.</summary>
    public Instant Arrival { get; init; }

    /// <summary>Whether it is the second of a pair.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>Whether it is held back, so that later ones overtake it.</summary>
    public bool IsReordered { get; init; }

    /// <summary>The bit that is turned over, counted from the first byte's lowest; null for none.</summary>
    public int? CorruptedBit { get; init; }

    /// <summary>Bytes that are left of it; null where it stays whole.</summary>
    public int? CutTo { get; init; }
}

/// <summary>Who is told of every frame on a link. It must not put frames in.</summary>
/// <remarks>Thread rule of <see cref="INic"/>.</remarks>
public interface ILinkObserver
{
    /// <summary>A frame sets out, or is dropped.</summary>
    /// <param name="from">Where it was put in.</param>
    /// <param name="frame">Its bytes before the link harmed them; only lent.</param>
    /// <param name="info">What is known of it besides.</param>
    /// <param name="fate">What the link decided.</param>
    /// <param name="now">The present.</param>
    void OnSent(LinkEnd from, ReadOnlySpan<byte> frame, in WireFrame info, in LinkFate fate, Instant now);

    /// <summary>A frame arrived at an end that had no room for it.</summary>
    /// <param name="from">Where it was put in.</param>
    /// <param name="frame">Its bytes as they arrived; only lent.</param>
    /// <param name="info">What is known of it besides.</param>
    /// <param name="now">The present.</param>
    void OnRefused(LinkEnd from, ReadOnlySpan<byte> frame, in WireFrame info, Instant now);
}
