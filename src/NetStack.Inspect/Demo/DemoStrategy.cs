using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;

namespace NetStack.Inspect;

/// <summary>How the browser of the demonstration attaches, and what docs/trust.md says of that against each attack.</summary>
internal sealed class DemoStrategy
{
    private readonly ICopyStrategy _copy;
    private readonly Trust _trust;

    private DemoStrategy(string name, ICopyStrategy copy, Trust trust = default, bool isSteered = false)
    {
        Name = name;
        _copy = copy;
        _trust = trust;
        IsSteered = isSteered;
    }

    /// <summary>All that can be asked for.</summary>
    internal static IReadOnlyList<DemoStrategy> All { get; } =
    [
        new("copy-all", CopyStrategy.CopyAll),
        new("copy-headers", CopyStrategy.CopyHeaders),
        new("pass-through", CopyStrategy.PassThrough),
        new("zero-copy", CopyStrategy.ZeroCopy, Trust.DataOnly),
        new("steered", CopyStrategy.CopyHeaders, isSteered: true),
        new("shadow", CopyStrategy.Shadow),
    ];

    /// <summary>Its name on the command line.</summary>
    internal string Name { get; }

    /// <summary>Whether the hardware places its frames into its own memory.</summary>
    internal bool IsSteered { get; }

    /// <summary>Whether it hands bodies on without summing them: nothing is claimed of them then.</summary>
    internal bool PassesOn => _copy == CopyStrategy.PassThrough;

    private bool IsInPlace => _trust.Data;

    internal void Configure(PortOptions options)
    {
        options.Copy = _copy;
        options.Trust = _trust;
        if (IsSteered) options.Placement = Placement.Steered;
    }

    /// <summary>What the matrix of docs/trust.md says of an attack.</summary>
    internal DemoOutcome Stated(string attack) => attack switch
    {
        "H6" => DemoOutcome.NotStopped,
        "H1" or "H2" or "H3" or "H4" or "H17" when IsInPlace => DemoOutcome.NotStopped,
        "H2" when PassesOn => DemoOutcome.NotStopped,
        "H3" or "H17" when PassesOn => DemoOutcome.NoTarget,
        "H14" when IsSteered => DemoOutcome.Detected,
        _ => DemoOutcome.Stopped,
    };
}

/// <summary>What comes of an attack.</summary>
internal enum DemoOutcome
{
    Stopped,
    Detected,
    NotStopped,
    NoTarget,
}
