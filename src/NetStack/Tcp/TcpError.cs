namespace NetStack.Tcp;

/// <summary>Why a call failed or a connection ended; each maps to one <c>SocketError</c> of the same meaning.</summary>
public enum TcpError
{
    /// <summary>It did not.</summary>
    None = 0,

    /// <summary>Another owner has the port at an overlapping address.</summary>
    AddressInUse,

    /// <summary>The address is not ours, or no ephemeral port is free.</summary>
    AddressNotAvailable,

    /// <summary>There is no route.</summary>
    NetworkUnreachable,

    /// <summary>A router or the peer's host said that it cannot be reached.</summary>
    HostUnreachable,

    /// <summary>The peer answered the SYN with a reset, or said that the port or protocol is unreachable.</summary>
    ConnectionRefused,

    /// <summary>The peer reset the connection.</summary>
    ConnectionReset,

    /// <summary>We ended it: the user aborted, or our address or interface went away.</summary>
    ConnectionAborted,

    /// <summary>The peer did not answer in time.</summary>
    TimedOut,

    /// <summary>An argument makes no sense: a group address, port 0, families that differ.</summary>
    InvalidArgument,

    /// <summary>A limit of the settings is reached.</summary>
    NoBufferSpace,

    /// <summary>Bytes that were kept by handle are not any more what was verified: a device, or whoever else can, wrote their memory.</summary>
    BodyChanged,
}
