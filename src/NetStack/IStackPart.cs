namespace NetStack;

/// <summary>A part of the stack that has deadlines and things to send of its own.</summary>
internal interface IStackPart
{
    /// <summary>When <see cref="OnDeadline"/> is due next; null when never. Cheap: it is asked after every step.</summary>
    Instant? NextDeadline { get; }

    /// <summary>Does what is due. A spurious call does nothing.</summary>
    void OnDeadline(Instant now);

    /// <summary>
    /// Hands at most one packet or super-segment down to IP, if there is anything to send. The stack asks while its interface
    /// queues have room, so output is pulled and never piles up.
    /// </summary>
    /// <returns>False when there was nothing.</returns>
    bool TransmitOne(Instant now);
}
