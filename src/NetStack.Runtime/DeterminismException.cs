namespace NetStack;

/// <summary>A simulation is no longer the same run each time: something in it went by the real clock, or on a thread outside the pool.</summary>
/// <remarks>The message ends with the stack of the one who did it.</remarks>
public sealed class DeterminismException : InvalidOperationException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What happened, and where.</param>
    public DeterminismException(string message)
        : base(message)
    {
    }
}
