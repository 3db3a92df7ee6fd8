namespace NetStack.Nic;

/// <summary>Something that is driven by time handed in: a device, a link, a multiplexer, a client.</summary>
/// <remarks>Thread rule of <see cref="INic"/>.</remarks>
public interface IPollable
{
    /// <summary>Does what is due: moderation, timed delivery, completions. Spurious calls are harmless.</summary>
    /// <param name="now">The present; never earlier than in the call before.</param>
    void Poll(Instant now);

    /// <summary>When <see cref="Poll"/> has to be called next although nothing arrives; null when never.</summary>
    Instant? NextDeadline { get; }
}
