using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>What a SYN offers.</summary>
/// <param name="Mss">The MSS to announce.</param>
internal readonly record struct SynOffer(ushort Mss)
{
    /// <summary>The window scale; -1 for none.</summary>
    internal int WindowScale { get; init; } = -1;

    /// <summary>Whether SACK is permitted.</summary>
    internal bool HasSack { get; init; }

    /// <summary>Whether timestamps are offered.</summary>
    internal bool HasTimestamps { get; init; }

    internal uint TimestampValue { get; init; }

    internal uint TimestampEcho { get; init; }
}

/// <summary>Puts options in their order, padded so that every option header is a multiple of 4.</summary>
internal static class OptionLayout
{
    /// <summary>Bytes of the timestamps option with its padding (RFC 7323 appendix A).</summary>
    internal const int TimestampsSize = 12;

    internal static void AddSyn(ref TcpOptionsBuilder options, SynOptionLayout layout, in SynOffer offer)
    {
        options.AddMaximumSegmentSize(offer.Mss);
        if (layout == SynOptionLayout.Linux) AddLinux(ref options, offer);
        else AddDefault(ref options, offer);
    }

    /// <summary>NOP, NOP, timestamps: how every segment after the SYN begins.</summary>
    internal static void AddTimestamps(ref TcpOptionsBuilder options, uint value, uint echo)
    {
        options.AddNoOperation();
        options.AddNoOperation();
        options.AddTimestamps(value, echo);
    }

    private static void AddLinux(ref TcpOptionsBuilder options, in SynOffer offer)
    {
        if (offer.HasTimestamps)
        {
            if (offer.HasSack) options.AddSackPermitted();
            else Pad(ref options);
            options.AddTimestamps(offer.TimestampValue, offer.TimestampEcho);
        }
        else if (offer.HasSack)
        {
            Pad(ref options);
            options.AddSackPermitted();
        }
        if (offer.WindowScale < 0) return;
        options.AddNoOperation();
        options.AddWindowScale((byte)offer.WindowScale);
    }

    private static void AddDefault(ref TcpOptionsBuilder options, in SynOffer offer)
    {
        if (offer.WindowScale >= 0)
        {
            options.AddNoOperation();
            options.AddWindowScale((byte)offer.WindowScale);
        }
        if (offer.HasSack) options.AddSackPermitted();
        else if (offer.HasTimestamps) Pad(ref options);
        if (offer.HasTimestamps) options.AddTimestamps(offer.TimestampValue, offer.TimestampEcho);
    }

    private static void Pad(ref TcpOptionsBuilder options)
    {
        options.AddNoOperation();
        options.AddNoOperation();
    }
}
