namespace NetStack.Multiplexer;

/// <summary>
/// The checks of what a client hands in, one by one. For control runs: an attack that is said to be stopped must succeed with its
/// check switched off.
/// </summary>
[Flags]
internal enum ClientChecks
{
    /// <summary>Believes everything.</summary>
    None = 0,

    /// <summary>A buffer that is posted is live and not posted already, and when its turn comes it still is and nobody else holds it.</summary>
    Posted = 1,

    /// <summary>A body to send passes to the port: the client's own copies of the handle are dead from then on, and before the device
    /// gets it its buffers are looked at once more.</summary>
    Bodies = 2,

    /// <summary>Memory that is registered for receiving is not a ring of the multiplexer, nor another client's.</summary>
    Memory = 4,

    /// <summary>Those of a product.</summary>
    All = Posted | Bodies | Memory,
}
