namespace NetStack.Tcp;

/// <summary>The states of a connection (RFC 9293 section 3.3.2).</summary>
public enum TcpState
{
    /// <summary>There is no connection.</summary>
    Closed = 0,

    /// <summary>Waiting for a SYN from anybody.</summary>
    Listen,

    /// <summary>A SYN was sent.</summary>
    SynSent,

    /// <summary>A SYN was received and one was sent, which is not acknowledged.</summary>
    SynReceived,

    /// <summary>Open: data flows both ways.</summary>
    Established,

    /// <summary>We closed; our FIN is not acknowledged.</summary>
    FinWait1,

    /// <summary>We closed and our FIN is acknowledged; the peer may still send.</summary>
    FinWait2,

    /// <summary>The peer closed; we may still send.</summary>
    CloseWait,

    /// <summary>Both closed at once; our FIN is not acknowledged.</summary>
    Closing,

    /// <summary>The peer closed, then we did; our FIN is not acknowledged.</summary>
    LastAck,

    /// <summary>Both FINs are acknowledged; old segments die out.</summary>
    TimeWait,
}

/// <summary>What moves a connection from state to state.</summary>
public enum TcpTrigger
{
    /// <summary>The user connects.</summary>
    ActiveOpen = 0,

    /// <summary>The user listens.</summary>
    PassiveOpen,

    /// <summary>A SYN came without an acknowledgement of ours.</summary>
    ReceiveSyn,

    /// <summary>A SYN came that acknowledges ours.</summary>
    ReceiveSynAck,

    /// <summary>Our SYN was acknowledged.</summary>
    ReceiveAckOfSyn,

    /// <summary>The user closes, or shuts sending down.</summary>
    Close,

    /// <summary>The peer's FIN came, in order.</summary>
    ReceiveFin,

    /// <summary>Our FIN was acknowledged.</summary>
    ReceiveAckOfFin,

    /// <summary>Twice the maximum segment lifetime passed.</summary>
    TimeWaitOver,

    /// <summary>A reset came or was sent, or the connection was given up.</summary>
    Abort,
}
