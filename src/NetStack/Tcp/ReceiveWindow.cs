namespace NetStack.Tcp;

/// <summary>
/// The window we advertise: its right edge never moves left, and moves right in steps worth a segment only (RFC 9293 section
/// 3.8.6.2.2, silly window avoidance). A mutable value.
/// </summary>
internal struct ReceiveWindow
{
    private SequenceNumber _edge;

    /// <summary>Begins with the window of the SYN.</summary>
    /// <param name="next">RCV.NXT.</param>
    /// <param name="window">What the SYN said, in bytes.</param>
    /// <param name="scale">The scale of later windows; 0 where there is none.</param>
    internal void Start(SequenceNumber next, int window, int scale)
    {
        _edge = next + window;
        Scale = scale;
    }

    /// <summary>The scale of the window field.</summary>
    internal int Scale { get; private set; }

    /// <summary>The first number the peer may not send.</summary>
    internal readonly SequenceNumber Edge => _edge;

    /// <summary>What the peer may still send, in bytes (RCV.WND).</summary>
    internal readonly int Left(SequenceNumber next) => Math.Max(0, _edge - next);

    /// <summary>How many bytes the edge would move if it were chosen now; 0 where the step would be silly.</summary>
    /// <param name="next">RCV.NXT.</param>
    /// <param name="free">Bytes of room behind it.</param>
    /// <param name="segment">The size of the peer's segments.</param>
    /// <param name="limit">The whole receive buffer.</param>
    internal readonly int Step(SequenceNumber next, int free, int segment, int limit)
    {
        int step = Math.Min(free, 65_535 << Scale) - Left(next);
        return step >= Math.Min(segment, limit / 2) && step > 0 ? step : 0;
    }

    /// <summary>Moves the edge as far as it goes, and gives the field for a header.</summary>
    /// <inheritdoc cref="Step" path="/param"/>
    internal ushort Advertise(SequenceNumber next, int free, int segment, int limit)
    {
        int window = Left(next) + Step(next, free, segment, limit);
        // Rounded up, lest the edge moves left by less than a unit; but never more than a unit beyond what there is room for: the
        // roundings of many segments would add up to a promise that cannot be kept.
        int unit = 1 << Scale;
        int rounded = (window + unit - 1) >> Scale;
        if (next + (rounded << Scale) > _edge && rounded << Scale > free + unit) rounded = window >> Scale;
        int field = Math.Min(65_535, rounded);
        _edge = SequenceNumber.Max(_edge, next + (field << Scale));
        return (ushort)field;
    }
}
