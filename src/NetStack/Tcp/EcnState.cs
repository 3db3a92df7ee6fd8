using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>
/// Explicit congestion notification of one connection (RFC 3168 section 6.1): agreeing on it, echoing marks, reacting to echoes.
/// A mutable value: keep it in a field.
/// </summary>
internal struct EcnState
{
    /// <summary>The codepoint ECT(0).</summary>
    internal const byte Capable = 2;

    /// <summary>The codepoint CE.</summary>
    internal const byte CongestionExperienced = 3;

    private const TcpFlags Setup = TcpFlags.Ece | TcpFlags.Cwr;

    private bool _isEnabled;
    private bool _isReceiveOnly;
    private bool _isEchoing;
    private bool _owesReduced; // the next new data carries CWR
    private bool _hasReacted;
    private SequenceNumber _reactedUntil;

    /// <summary>Whether both ends agreed.</summary>
    internal readonly bool IsEnabled => _isEnabled;

    /// <summary>Whether segments with ACK carry ECE at present.</summary>
    internal readonly bool IsEchoing => _isEchoing;

    /// <summary>The flags of our SYN: those that ask for ECN, but no more once a SYN was lost, as some paths drop them (section 6.1.1.1).</summary>
    internal static TcpFlags SynFlags(bool isWanted, int retransmissions) => isWanted && retransmissions == 0 ? Setup : TcpFlags.None;

    /// <summary>Whether a peer's SYN asks for ECN.</summary>
    /// <param name="flags">Its flags.</param>
    /// <param name="trafficClass">Its traffic class: a SYN that is marked capable is not to be trusted (section 6.1.1).</param>
    internal static bool IsAsked(TcpFlags flags, byte trafficClass) => (flags & Setup) == Setup && (trafficClass & 3) == 0;

    /// <summary>The flags of our SYN-ACK.</summary>
    internal static TcpFlags SynAckFlags(bool isAgreed, int retransmissions) => isAgreed && retransmissions == 0 ? TcpFlags.Ece : TcpFlags.None;

    /// <summary>Whether a SYN-ACK agrees: ECE alone; both flags are a reflection by a broken peer.</summary>
    internal static bool IsAgreed(TcpFlags flags) => (flags & Setup) == TcpFlags.Ece;

    /// <summary>Both ends agreed, or not.</summary>
    internal void Enable(bool isAgreed) => _isEnabled = isAgreed;

    /// <summary>We also sent a SYN or SYN-ACK that did not ask for ECN: nothing of ours may be marked capable, yet what the peer
    /// marks is echoed, as it may have seen the one that asked (section 6.1.1).</summary>
    internal void StopMarking() => _isReceiveOnly = true;

    /// <summary>Takes an acceptable segment: a mark is echoed until the peer says that it reduced its window (section 6.1.3).</summary>
    /// <param name="trafficClass">The IP header's, of the segment or any of those it stands for.</param>
    /// <param name="flags">The segment's flags.</param>
    /// <param name="hasData">Whether it carries payload: marks on others do not count.</param>
    /// <returns>Whether the echo changed: the ACK is due at once.</returns>
    internal bool OnReceived(byte trafficClass, TcpFlags flags, bool hasData)
    {
        if (!_isEnabled) return false;
        bool before = _isEchoing;
        if ((flags & TcpFlags.Cwr) != 0) _isEchoing = false;
        if (hasData && (trafficClass & 3) == CongestionExperienced) _isEchoing = true;
        return _isEchoing != before;
    }

    /// <summary>Takes every ACK; true when the congestion control must react, which is once in a round trip (section 6.1.2).</summary>
    /// <param name="flags">The segment's flags.</param>
    /// <param name="acknowledgement">SEG.ACK.</param>
    /// <param name="next">SND.NXT.</param>
    internal bool OnAck(TcpFlags flags, SequenceNumber acknowledgement, SequenceNumber next)
    {
        if (acknowledgement > _reactedUntil) _hasReacted = false; // at once, before the number is too old to compare
        if (!_isEnabled || _hasReacted || (flags & (TcpFlags.Ece | TcpFlags.Syn)) != TcpFlags.Ece) return false;
        OnReduced(next);
        return true;
    }

    /// <summary>The window was reduced for another reason, a loss: the peer is told as well, and echoes of this round trip are answered.</summary>
    internal void OnReduced(SequenceNumber next)
    {
        if (!_isEnabled) return;
        _hasReacted = true;
        _reactedUntil = next;
        _owesReduced = true;
    }

    /// <summary>The codepoint of a segment: ECT(0) on new data, none on SYN, pure ACKs, retransmissions and window probes (sections
    /// 6.1.1 to 6.1.6).</summary>
    internal readonly byte CodepointOf(bool isNewData) => _isEnabled && !_isReceiveOnly && isNewData ? Capable : (byte)0;

    /// <summary>The ECN flags of a segment after the handshake; CWR goes with the first new data only.</summary>
    internal TcpFlags FlagsOf(bool isNewData)
    {
        TcpFlags flags = _isEchoing ? TcpFlags.Ece : TcpFlags.None;
        if (!isNewData || !_owesReduced) return flags;
        _owesReduced = false;
        return flags | TcpFlags.Cwr;
    }
}
