namespace NetStack.Nic;

/// <summary>A NIC that is one client's share of another: it tells on what terms its frames come.</summary>
public interface IClientNic : INic
{
    /// <summary>The terms; they do not change while it lives.</summary>
    ClientTerms Terms { get; }
}

/// <summary>
/// On what terms a client uses a device: what is copied, what it believes, and who brings frames into its memory. Two clients of
/// one device may differ in each, so every log line, metric and text that names a client says them in this one form.
/// </summary>
/// <param name="Copy">What decides about copies.</param>
/// <param name="Trust">What the client believes of the device.</param>
/// <param name="Placement"><c>own</c>: the device fills the client's ring, which is nobody else's. <c>copied</c>: it fills a ring of
/// several clients, and software sorts. <c>steered</c>: its flow table picks the client's own ring.</param>
/// <param name="Verification">For steered frames, <c>verify</c> or <c>trust</c>; null where nothing is steered.</param>
public sealed record ClientTerms(ICopyStrategy Copy, Trust Trust, string Placement, string? Verification = null)
{
    /// <summary>Such as <c>copy=CopyHeaders trust=none placement=copied</c>.</summary>
    public override string ToString() =>
        $"copy={Copy} trust={Trust} placement={Placement}" + (Verification is null ? "" : $" verification={Verification}");
}
