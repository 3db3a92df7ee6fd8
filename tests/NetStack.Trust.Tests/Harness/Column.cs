using NetStack.Multiplexer;
using NetStack.Nic;

namespace NetStack.TrustTests;

/// <summary>How a client's user treats what it gets.</summary>
public enum Use
{
    /// <summary>Decides on the private headers, then copies the frame and sums it in one pass.</summary>
    CopyOut,

    /// <summary>Decides on the private headers and hands the body to the next component, which makes its own copy later.</summary>
    PassOn,

    /// <summary>Reads headers and body where they lie.</summary>
    InPlace,
}

/// <summary>A column of the matrix: a pair of placement and inspection, as a client attaches.</summary>
public sealed class Column
{
    private readonly ICopyStrategy _copy;
    private readonly Trust _trust;

    private Column(string name, ICopyStrategy copy, Use use, bool isSteered = false, Trust trust = default)
    {
        Name = name;
        _copy = copy;
        Use = use;
        IsSteered = isSteered;
        _trust = trust;
    }

    public static Column CopyAll { get; } = new("CopyAll", CopyStrategy.CopyAll, Use.CopyOut);
    public static Column CopyHeaders { get; } = new("CopyHeaders, delivered", CopyStrategy.CopyHeaders, Use.CopyOut);
    public static Column PassThrough { get; } = new("PassThrough", CopyStrategy.PassThrough, Use.PassOn);
    public static Column ZeroCopy { get; } = new("ZeroCopy", CopyStrategy.ZeroCopy, Use.InPlace, trust: Trust.DataOnly);
    public static Column SteeredTrust { get; } = new("Steered (Trust) + CopyHeaders", CopyStrategy.CopyHeaders, Use.CopyOut, true, Trust.SteeringOnly);
    public static Column SteeredVerify { get; } = new("Steered (Verify) + CopyHeaders", CopyStrategy.CopyHeaders, Use.CopyOut, true);
    public static Column SteeredInPlace { get; } = new("Steered + in place", CopyStrategy.ZeroCopy, Use.InPlace, true, Trust.Full);
    public static Column Shadow { get; } = new("Shadow", CopyStrategy.Shadow, Use.CopyOut);

    /// <summary>All, in the order of the matrix.</summary>
    public static IReadOnlyList<Column> All { get; } = [CopyAll, CopyHeaders, PassThrough, ZeroCopy, SteeredTrust, SteeredVerify, SteeredInPlace, Shadow];

    public string Name { get; }

    public Use Use { get; }

    /// <summary>Whether the hardware places the client's frames into its own memory.</summary>
    public bool IsSteered { get; }

    /// <summary>Whether the multiplexer copies whole frames before the client sees them.</summary>
    public bool CopiesAll => this == CopyAll || this == Shadow;

    /// <summary>Whether bodies to send are copied into memory that is mapped for that.</summary>
    public bool CopiesTransmit => _copy.CopiesTransmit;

    /// <summary>Whether the client reads what the device may still write.</summary>
    public bool IsInPlace => Use == Use.InPlace;

    public static Column Of(string name) => All.Single(c => c.Name == name);

    /// <summary>Attaches as this column's client does.</summary>
    public void Configure(PortOptions options)
    {
        options.Copy = _copy;
        options.Trust = _trust;
        if (IsSteered) options.Placement = Placement.Steered;
    }

    public override string ToString() => Name;
}
