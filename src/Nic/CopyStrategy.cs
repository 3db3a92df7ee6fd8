namespace NetStack.Nic;

/// <summary>
/// Decides, frame by frame, what is copied. It sees private facts only and cannot reach a byte; the engine copies.
/// </summary>
/// <remarks>Called on the pumping thread for every frame: it must not block or allocate. One instance may serve many clients.</remarks>
public interface ICopyStrategy
{
    /// <summary>What to do with a frame.</summary>
    CopyDecision Decide(in FrameFacts facts);

    /// <summary>
    /// Whether bodies to send are copied into memory that was mapped for the device once, so that the client's own memory is
    /// never mapped at all. Asked once, when a client attaches.
    /// </summary>
    bool CopiesTransmit => false;
}

/// <summary>What a strategy may know of a frame: lengths and our own state, nothing a device can still change.</summary>
public readonly struct FrameFacts
{
    /// <summary>Bytes of the frame in memory.</summary>
    public int Length { get; init; }

    /// <summary>The rule that placed the frame, or none.</summary>
    public FlowTag Tag { get; init; }

    /// <summary>What the client declared to believe of this device.</summary>
    public Trust Trust { get; init; }

    /// <summary>Whether the frame lies in the client's own registered memory already.</summary>
    public bool Steered { get; init; }

    /// <summary>Free private buffers the client has for copies.</summary>
    public int FreeBuffers { get; init; }

    /// <summary>Frames the client holds by handle and has not released.</summary>
    public int HeldFrames { get; init; }
}

/// <summary>What the engine does with a frame.</summary>
public enum CopyDecision
{
    /// <summary>Copy the headers, pass the body by handle, to be copied once at the user's border.</summary>
    Headers = 0,

    /// <summary>Copy the whole frame into the client's private buffers; the device's buffer is free at once.</summary>
    All = 1,

    /// <summary>Copy the headers, pass the body by handle; nobody will look at it.</summary>
    PassThrough = 2,

    /// <summary>Copy nothing. Only for a client that trusts the device's data; otherwise it becomes <see cref="Headers"/>.</summary>
    InPlace = 3,

    /// <summary>Drop and count.</summary>
    Drop = 4,
}
