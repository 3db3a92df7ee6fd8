using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What the analysis needs of one segment.</summary>
internal readonly struct TcpSegment
{
    internal TcpSegment(in TcpView view, int length, long number, long time)
    {
        Sequence = view.Sequence;
        Acknowledgment = view.Acknowledgement;
        Flags = view.Flags;
        Window = view.Window;
        Length = length;
        Number = number;
        Time = time;
    }

    internal uint Sequence { get; }
    internal uint Acknowledgment { get; }
    internal TcpFlags Flags { get; }
    internal int Window { get; }

    /// <summary>Payload bytes.</summary>
    internal int Length { get; }

    /// <summary>The packet's number.</summary>
    internal long Number { get; }

    /// <summary>Nanoseconds since the flow's first packet.</summary>
    internal long Time { get; }

    internal bool IsSyn => (Flags & TcpFlags.Syn) != 0;
    internal bool HasAck => (Flags & TcpFlags.Ack) != 0;
    internal bool IsReset => (Flags & TcpFlags.Rst) != 0;

    /// <summary>Whether it opens, ends or resets.</summary>
    internal bool IsControl => (Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Rst)) != 0;

    /// <summary>Whether it takes sequence numbers.</summary>
    internal bool TakesSequence => Length > 0 || (Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0;

    /// <summary>The sequence number after it: SYN and FIN take one.</summary>
    internal uint Next => Sequence + (uint)Length + ((Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0 ? 1u : 0);
}

/// <summary>Sequence numbers in their circle (RFC 9293 section 3.4).</summary>
internal static class SequenceOrder
{
    internal static bool IsBefore(this uint a, uint b) => (int)(a - b) < 0;

    internal static bool IsAfter(this uint a, uint b) => (int)(a - b) > 0;
}
