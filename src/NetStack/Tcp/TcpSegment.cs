using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>A received segment: its header as values, read once from private bytes. Its payload is in place already, or private.</summary>
internal ref struct TcpSegment
{
    /// <summary>The header's fixed part.</summary>
    internal TcpHeader Header;

    /// <summary>The options as bytes.</summary>
    internal ReadOnlySpan<byte> OptionBytes;

    /// <summary>The common options as values.</summary>
    internal TcpOptions Options;

    /// <summary>Who sent it.</summary>
    internal IpAddress Source;

    /// <summary>Whom it is for.</summary>
    internal IpAddress Destination;

    /// <summary>The interface it came in on.</summary>
    internal int Interface;

    /// <summary>TOS or traffic class.</summary>
    internal byte TrafficClass;

    /// <summary>Payload bytes.</summary>
    internal int Length;

    /// <summary>How many segments it stands for, at least 1.</summary>
    internal int Count;

    /// <summary>Whether the payload was copied to its place in the connection's receive queue.</summary>
    internal bool IsPlaced;

    /// <summary>Where in the stream the copying stopped, if <see cref="IsPlaced"/>: the window may have moved on since.</summary>
    internal long PlacedTo;

    /// <summary>Whether the payload is to be kept by handle: it lies in <see cref="Payload"/>.</summary>
    internal bool IsHeld;

    /// <summary>The payload in the frame, where it is to be kept by handle.</summary>
    internal InboundBytes Payload;

    /// <summary>The folded sum of <see cref="Payload"/>.</summary>
    internal ushort PayloadSum;

    /// <summary>The payload, private, where it could not be placed because there was no connection yet.</summary>
    internal ReadOnlySpan<byte> Scratch;

    /// <summary>Its first number.</summary>
    internal readonly SequenceNumber Sequence => new(Header.Sequence);

    /// <summary>What it acknowledges.</summary>
    internal readonly SequenceNumber Acknowledgement => new(Header.Acknowledgement);

    /// <summary>Sequence numbers it takes: payload, SYN and FIN (SEG.LEN).</summary>
    internal readonly int SequenceLength => Length + (IsSyn ? 1 : 0) + (IsFin ? 1 : 0);

    /// <summary>The number of its first payload byte.</summary>
    internal readonly SequenceNumber DataStart => IsSyn ? Sequence + 1 : Sequence;

    /// <summary>The number behind its last.</summary>
    internal readonly SequenceNumber End => Sequence + SequenceLength;

    internal readonly bool IsSyn => (Header.Flags & TcpFlags.Syn) != 0;

    internal readonly bool IsFin => (Header.Flags & TcpFlags.Fin) != 0;

    internal readonly bool IsAck => (Header.Flags & TcpFlags.Ack) != 0;

    internal readonly bool IsRst => (Header.Flags & TcpFlags.Rst) != 0;

    /// <summary>The connection it belongs to, seen from here.</summary>
    internal readonly FourTuple Tuple =>
        FourTuple.Of(new TcpEndpoint(Destination, Header.DestinationPort), new TcpEndpoint(Source, Header.SourcePort), Interface);
}
