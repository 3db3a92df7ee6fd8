using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>How a packet is told in a line.</summary>
public sealed record PacketLineOptions
{
    /// <summary>The time in front.</summary>
    public TimeFormat Time { get; init; }

    /// <summary>Decimals of a second, 6 or 9; null for six until a time needs nine, then nine.</summary>
    public int? Decimals { get; init; }

    /// <summary>Whether the packet's number stands first.</summary>
    public bool Number { get; init; }

    /// <summary>Whether the link-layer header is told, tags included.</summary>
    public bool LinkHeader { get; init; }

    /// <summary>0 for what is needed to follow a conversation; 1 for the network header in a line of its own, and checksums; 2 for
    /// every sequence number and UDP checksums too.</summary>
    public int Verbosity { get; init; }

    /// <summary>Whether protocols are told in a word.</summary>
    public bool Quiet { get; init; }

    /// <summary>Whether TCP's numbers are those on the wire, and not counted from the connection's first.</summary>
    public bool AbsoluteSequence { get; init; }

    /// <summary>Whether transport checksums are left alone: verifying one, from <see cref="Verbosity"/> 1 on, reads the body.</summary>
    public bool NoChecksums { get; init; }

    /// <summary>Whether the line carries colours for a terminal (ECMA-48).</summary>
    public bool Color { get; init; }
}
