using System.Runtime.CompilerServices;
using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>One conversation: what both its ends sent. The table that made it goes on counting in it.</summary>
public sealed class Flow
{
    private readonly ulong _aHigh;
    private readonly ulong _aLow;
    private readonly ulong _bHigh;
    private readonly ulong _bLow;
    private readonly uint _ports;
    private readonly ushort _protocol;
    private SequenceBases _known;
    private FlowDirection _aToB;
    private FlowDirection _bToA;
    private uint _baseA;
    private uint _baseB;
    private long _lastSeconds;
    private int _lastNanoseconds;
    private readonly int _firstNanoseconds;
    private readonly long _firstSeconds;

    internal Flow(in FlowFacts facts, ulong hash, int stream)
    {
        _aHigh = facts.SourceHigh;
        _aLow = facts.SourceLow;
        _bHigh = facts.DestinationHigh;
        _bLow = facts.DestinationLow;
        _ports = facts.Ports;
        _protocol = facts.Protocol;
        Hash = hash;
        Stream = stream;
        FirstFrame = facts.Number;
        _firstSeconds = _lastSeconds = facts.Seconds;
        _firstNanoseconds = _lastNanoseconds = facts.Nanoseconds;
    }

    [Flags]
    private enum SequenceBases : byte
    {
        None,
        A,
        B,
    }

    /// <summary>Its two ends; A sent the first packet.</summary>
    public FlowKey Key => new(Protocol, Address(_aHigh, _aLow), (ushort)(_ports >> 16), Address(_bHigh, _bLow), (ushort)_ports);

    /// <summary>TCP or UDP.</summary>
    public IpProtocol Protocol => (IpProtocol)(byte)_protocol;

    /// <summary>Its number among those of its protocol, from 0, in the order of their first packets.</summary>
    public int Stream { get; }

    /// <summary>What A sent.</summary>
    public ref readonly FlowDirection AToB => ref _aToB;

    /// <summary>What B sent.</summary>
    public ref readonly FlowDirection BToA => ref _bToA;

    /// <summary>Packets both ways.</summary>
    public long Packets => _aToB.Packets + _bToA.Packets;

    /// <summary>Bytes on the wire both ways.</summary>
    public long Bytes => _aToB.Bytes + _bToA.Bytes;

    /// <summary>Bytes of payload both ways.</summary>
    public long PayloadBytes => _aToB.PayloadBytes + _bToA.PayloadBytes;

    /// <summary>Segments sent again, both ways.</summary>
    public long Retransmissions => Totals is { } totals ? (long)totals.AToB.Retransmissions + totals.BToA.Retransmissions : 0;

    /// <summary>What the analysis of its headers found; null for UDP, and where the table does not analyse.</summary>
    public TcpTotals? Totals { get; internal set; }

    /// <summary>Number of its first packet.</summary>
    public long FirstFrame { get; }

    /// <summary>Number of its last packet.</summary>
    public long LastFrame { get; private set; }

    /// <summary>When its first packet was captured; null where the file does not say.</summary>
    public Timestamp? FirstTime => At(_firstSeconds, _firstNanoseconds);

    /// <summary>When its last packet was captured; null where the file does not say.</summary>
    public Timestamp? LastTime => At(_lastSeconds, _lastNanoseconds);

    /// <summary>Nanoseconds from the first packet to the last, 0 where times run backwards; null where the file does not say.</summary>
    public long? Duration => LastTime is { } last && FirstTime is { } first ? (long)Int128.Clamp(last - first, 0, long.MaxValue) : null;

    /// <summary>The state of its analysis.</summary>
    internal TcpFlowState? Tcp { get; set; }

    /// <summary>The hash by which the table finds it.</summary>
    internal ulong Hash { get; }

    /// <summary>Whether packets of its ends still belong to it: false once a later connection of the same ends began.</summary>
    internal bool IsCurrent { get; set; } = true;

    /// <summary>Whether a full table gave it up.</summary>
    internal bool IsEvicted { get; set; }

    /// <summary>Whether a packet is of these two ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Matches(in FlowFacts facts, out bool isReverse)
    {
        isReverse = false;
        if (facts.Protocol != _protocol) return false;
        if (((_aHigh ^ facts.SourceHigh) | (_aLow ^ facts.SourceLow) | (_bHigh ^ facts.DestinationHigh) | (_bLow ^ facts.DestinationLow) | (_ports ^ facts.Ports)) == 0)
            return true;
        isReverse = true;
        uint swapped = facts.Ports << 16 | facts.Ports >> 16;
        return ((_aHigh ^ facts.DestinationHigh) | (_aLow ^ facts.DestinationLow) | (_bHigh ^ facts.SourceHigh) | (_bLow ^ facts.SourceLow) | (_ports ^ swapped)) == 0;
    }

    /// <summary>Whether a segment opens another connection between the same ends: a SYN with another number than this one's.</summary>
    internal bool IsEndedBy(in FlowFacts facts, bool isReverse) =>
        (facts.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn
        && (_known & (isReverse ? SequenceBases.B : SequenceBases.A)) != 0
        && facts.Sequence != (isReverse ? _baseB : _baseA);

    /// <summary>Counts a packet of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Count(in FlowFacts facts, bool isReverse)
    {
        ref FlowDirection sent = ref isReverse ? ref _bToA : ref _aToB;
        sent.Packets++;
        sent.Bytes += facts.WireLength;
        sent.PayloadBytes += facts.PayloadLength;
        LastFrame = facts.Number;
        _lastSeconds = facts.Seconds;
        _lastNanoseconds = facts.Nanoseconds;
        if (facts.IsTcp && _known != (SequenceBases.A | SequenceBases.B)) Learn(facts, isReverse);
    }

    /// <summary>Learns where a direction's numbers begin: at its SYN, before its first byte, or before what the other end acknowledges.</summary>
    private void Learn(in FlowFacts facts, bool isReverse)
    {
        Learn(isReverse, (facts.Flags & TcpFlags.Syn) != 0 ? facts.Sequence : facts.Sequence - 1);
        if ((facts.Flags & TcpFlags.Ack) != 0) Learn(!isReverse, facts.Acknowledgement - 1);
    }

    private void Learn(bool ofB, uint number)
    {
        SequenceBases which = ofB ? SequenceBases.B : SequenceBases.A;
        if ((_known & which) != 0) return;
        _known |= which;
        if (ofB) _baseB = number;
        else _baseA = number;
    }

    private IpAddress Address(ulong high, ulong low) => _protocol >> 8 == 6 ? IpAddress.V6(new UInt128(high, low)) : IpAddress.V4((uint)low);

    private static Timestamp? At(long seconds, int nanoseconds) => nanoseconds < 0 ? null : new Timestamp(seconds, nanoseconds);
}
