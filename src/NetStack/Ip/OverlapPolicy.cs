namespace NetStack.Ip;

/// <summary>
/// What becomes of fragments that overlap. Real stacks differ, and an inspector that does not know which one it looks at sees
/// other bytes than the target does; so the choice is open. Bytes are as first or last received, or as the named stack keeps them.
/// </summary>
public enum OverlapPolicy
{
    /// <summary>A fragment that repeats another byte for byte is ignored; any other overlap ends the datagram, and its later
    /// fragments are dropped too (RFC 5722, RFC 8200 section 4.5).</summary>
    Reject = 0,

    /// <summary>What came first stays.</summary>
    First,

    /// <summary>What came last stays.</summary>
    Last,

    /// <summary>4.4BSD and its heirs: what came first stays against a fragment that begins at the same place or later; a new
    /// fragment overwrites what begins after it.</summary>
    Bsd,

    /// <summary>Linux before 4.19: as <see cref="Bsd"/>, but a new fragment overwrites one that begins at the same place.</summary>
    Linux,
}
