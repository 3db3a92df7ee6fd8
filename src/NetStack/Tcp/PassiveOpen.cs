using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Something in the connection table.</summary>
internal interface ITcpFlow : IDeadlineItem
{
    /// <summary>Its deadline came. It sets its next one; a deadline that is over would come again at once.</summary>
    void OnDeadline(Instant now);
}

/// <summary>What both ends agreed on in the handshake.</summary>
internal struct Handshake
{
    /// <summary>Our initial sequence number.</summary>
    internal SequenceNumber Iss;

    /// <summary>The peer's initial sequence number.</summary>
    internal SequenceNumber Irs;

    /// <summary>The MSS the peer announced, in bytes; the default where it did not.</summary>
    internal int PeerMss;

    /// <summary>The scale of the peer's windows; -1 where scaling is off.</summary>
    internal int SendScale;

    /// <summary>The scale of our windows, if <see cref="SendScale"/> says that scaling is on.</summary>
    internal byte ReceiveScale;

    /// <summary>Whether both permit SACK.</summary>
    internal bool HasSack;

    /// <summary>Whether both use timestamps.</summary>
    internal bool HasTimestamps;

    /// <summary>The peer's newest timestamp.</summary>
    internal uint TimestampRecent;

    /// <summary>What is added to our clock in our timestamps.</summary>
    internal uint TimestampOffset;

    /// <summary>Whether both use ECN.</summary>
    internal bool HasEcn;

    /// <summary>The window of the peer's SYN, not scaled.</summary>
    internal int PeerWindow;

    /// <summary>The window of our SYN or SYN-ACK.</summary>
    internal int ReceiveWindow;

    /// <summary>When our SYN-ACK was sent; null where it was sent more than once, or nobody remembers, as of a cookie.</summary>
    internal Instant? SentAt;

    /// <summary>Whether our SYN-ACK was sent again because no answer came.</summary>
    internal bool WasRetransmitted;
}

/// <summary>A half-open connection, SYN-RECEIVED after LISTEN: no more than is needed to answer and to build the connection.</summary>
internal sealed class PassiveOpen(TcpLayer layer) : ITcpFlow
{
    private int _deadlineSlot;

    /// <summary>Which connection it may become.</summary>
    internal FourTuple Tuple;

    /// <summary>What was agreed on.</summary>
    internal Handshake Handshake;

    /// <summary>Who is to accept it.</summary>
    internal TcpListener Listener = null!;

    /// <summary>The interface the SYN came in on.</summary>
    internal int Interface;

    /// <summary>The MSS of our SYN-ACK.</summary>
    internal ushort Mss;

    /// <summary>How often the SYN-ACK was sent again.</summary>
    internal int Retries;

    /// <summary>When a bad segment may be answered.</summary>
    internal AckRateLimiter InvalidAcks;

    ref int IDeadlineItem.DeadlineSlot => ref _deadlineSlot;

    void ITcpFlow.OnDeadline(Instant now) => layer.OnSynAckTimeout(this, now);
}

/// <summary>A connection in TIME-WAIT: what is needed to answer old segments and to judge new SYNs (RFC 9293 section 3.10.7.4).</summary>
internal sealed class TimeWaitEntry(TcpLayer layer) : ITcpFlow
{
    private int _deadlineSlot;

    /// <summary>Which connection it was.</summary>
    internal FourTuple Tuple;

    /// <summary>SND.NXT, behind our FIN.</summary>
    internal SequenceNumber SendNext;

    /// <summary>RCV.NXT, behind the peer's FIN.</summary>
    internal SequenceNumber ReceiveNext;

    /// <summary>The window field of our last ACK.</summary>
    internal ushort Window;

    /// <summary>The interface, where the connection was bound to one.</summary>
    internal int? Interface;

    /// <summary>Traffic class of the connection.</summary>
    internal byte TrafficClass;

    /// <summary>Whether timestamps are on.</summary>
    internal bool HasTimestamps;

    /// <summary>The peer's newest timestamp.</summary>
    internal uint TimestampRecent;

    /// <summary>What is added to our clock in our timestamps.</summary>
    internal uint TimestampOffset;

    /// <summary>When it began.</summary>
    internal Instant Since;

    /// <summary>When a segment outside the window was last answered.</summary>
    internal Instant LastAnswer;

    /// <summary>The connection, while its user still has it.</summary>
    internal TcpConnection? Owner;

    ref int IDeadlineItem.DeadlineSlot => ref _deadlineSlot;

    void ITcpFlow.OnDeadline(Instant now) => layer.OnTimeWaitOver(this);
}
