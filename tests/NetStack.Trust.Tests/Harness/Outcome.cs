namespace NetStack.TrustTests;

/// <summary>What came of an attack.</summary>
public enum Outcome
{
    /// <summary>No client saw anything but frames that were sent to it, each as it was sent.</summary>
    Stopped,

    /// <summary>It succeeded, and is reported as having happened.</summary>
    Detected,

    /// <summary>It succeeded.</summary>
    NotStopped,

    /// <summary>The column has nothing it could be aimed at.</summary>
    NotApplicable,
}

/// <summary>What the matrix says of an attack and a column.</summary>
/// <param name="Outcome">What comes of it.</param>
/// <param name="Note">A footnote; cells with the same text share it.</param>
public readonly record struct Cell(Outcome Outcome, string? Note = null)
{
    public static implicit operator Cell(Outcome outcome) => new(outcome);
}

/// <summary>A row of the matrix. Each class that derives from it and is not abstract is one.</summary>
public abstract class Attack
{
    /// <summary>Its number: H for a device, C for a client.</summary>
    public abstract string Id { get; }

    /// <summary>What it does, in a few words.</summary>
    public abstract string Title { get; }

    /// <summary>What docs/trust.md says of a column.</summary>
    public abstract Cell Stated(Column column);

    /// <summary>Runs it and looks.</summary>
    public abstract Outcome Run(Column column, ulong seed);

    /// <summary>
    /// The same attack with exactly that defence switched off. It must succeed, or a cell that says "stopped" shows nothing.
    /// Called for cells that are stated as stopped or detected.
    /// </summary>
    /// <returns>Whether the attack succeeded.</returns>
    public abstract bool Control(Column column, ulong seed);

    /// <summary>For messages: what was seen with a seed.</summary>
    public virtual string Explain(Column column, ulong seed) => Run(column, seed).ToString();

    public override string ToString() => $"{Id} {Title}";
}
