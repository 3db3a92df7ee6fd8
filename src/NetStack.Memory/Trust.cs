namespace NetStack;

/// <summary>
/// What one caller believes of one device. Trust is data, declared where a client attaches, and it is per question:
/// a device may be believed to place frames right (<see cref="Steering"/>) and still not be believed to leave them alone
/// (<see cref="Data"/>). The default believes nothing.
/// </summary>
/// <param name="Data">The device does not rewrite bytes after it handed them over, so they may be read in place.</param>
/// <param name="Steering">The device places a flow's frames only where that flow's owner asked for them.</param>
public readonly record struct Trust(bool Data, bool Steering)
{
    /// <summary>Believes nothing. The default.</summary>
    public static Trust None => default;

    /// <summary>Believes that bytes stay as they were handed over, nothing else.</summary>
    public static Trust DataOnly => new(true, false);

    /// <summary>Believes the placement of flows, nothing else.</summary>
    public static Trust SteeringOnly => new(false, true);

    /// <summary>Believes everything: a device as trusted as this process.</summary>
    public static Trust Full => new(true, true);

    /// <summary><c>none</c>, <c>data</c>, <c>steering</c> or <c>data+steering</c>.</summary>
    public override string ToString() => (Data, Steering) switch
    {
        (false, false) => "none",
        (true, false) => "data",
        (false, true) => "steering",
        _ => "data+steering",
    };
}
