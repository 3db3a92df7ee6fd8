namespace NetStack.Nic;

/// <summary>The built-in copy strategies. What each claims and costs is in docs/trust.md.</summary>
/// <remarks>A strategy says who may change bytes while we look at them. Who may see them, a copy per client or the hardware
/// writing into the client's own buffers, is placement, and is chosen beside the strategy where a client attaches.</remarks>
public static class CopyStrategy
{
    /// <summary>Every frame whole, into the client's private memory.</summary>
    public static ICopyStrategy CopyAll { get; } = new Fixed(CopyDecision.All, nameof(CopyAll));

    /// <summary>Headers privately, the body once at the user's border. The default.</summary>
    public static ICopyStrategy CopyHeaders { get; } = new Fixed(CopyDecision.Headers, nameof(CopyHeaders));

    /// <summary>Headers privately, the body untouched and unclaimed.</summary>
    public static ICopyStrategy PassThrough { get; } = new Fixed(CopyDecision.PassThrough, nameof(PassThrough));

    /// <summary>Nothing is copied, where the client trusts the device's data; elsewhere as <see cref="CopyHeaders"/>.</summary>
    public static ICopyStrategy ZeroCopy { get; } = new Fixed(CopyDecision.InPlace, nameof(ZeroCopy));

    /// <summary>
    /// Every frame whole into private memory, and every body to send copied once into memory of ours: the device never reaches
    /// the client's memory, nothing of it is ever mapped.
    /// </summary>
    public static ICopyStrategy Shadow { get; } = new Fixed(CopyDecision.All, nameof(Shadow), copiesTransmit: true);

    /// <summary>Whole frames up to <paramref name="threshold"/> bytes by one strategy, longer ones by another.</summary>
    /// <param name="threshold">Bytes, at least 0; 256 is what many drivers use.</param>
    /// <param name="below">For frames of at most <paramref name="threshold"/> bytes.</param>
    /// <param name="above">For longer ones.</param>
    public static ICopyStrategy CopyBreak(int threshold, ICopyStrategy below, ICopyStrategy above) => new Break(threshold, below, above);

    private sealed class Fixed(CopyDecision decision, string name, bool copiesTransmit = false) : ICopyStrategy
    {
        public bool CopiesTransmit => copiesTransmit;

        public CopyDecision Decide(in FrameFacts facts) => decision;

        public override string ToString() => name;
    }

    private sealed class Break(int threshold, ICopyStrategy below, ICopyStrategy above) : ICopyStrategy
    {
        public bool CopiesTransmit => below.CopiesTransmit || above.CopiesTransmit;

        public CopyDecision Decide(in FrameFacts facts) => facts.Length <= threshold ? below.Decide(facts) : above.Decide(facts);

        public override string ToString() => $"CopyBreak({threshold}, {below}, {above})";
    }
}
