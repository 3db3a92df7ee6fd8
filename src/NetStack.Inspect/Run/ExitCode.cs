namespace NetStack.Inspect;

/// <summary>What the tool's exit status means.</summary>
internal static class ExitCode
{
    /// <summary>The whole input was read.</summary>
    internal const int Done = 0;

    /// <summary>A usage error, or an input or output that cannot be opened, read or written.</summary>
    internal const int Unusable = 1;

    /// <summary>The capture is cut short or corrupt; everything before the damage was printed.</summary>
    internal const int Damaged = 2;
}
