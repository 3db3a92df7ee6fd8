using NetStack.Memory;
using NetStack.Tcp.Congestion;

namespace NetStack.Tcp;

/// <summary>In what order a SYN carries its options; what they say is the same.</summary>
public enum SynOptionLayout
{
    /// <summary>MSS, NOP, window scale, SACK permitted, timestamps.</summary>
    Default = 0,

    /// <summary>As Linux: MSS, SACK permitted, timestamps, NOP, window scale; without timestamps MSS, NOP, NOP, SACK permitted,
    /// NOP, window scale.</summary>
    Linux,
}

/// <summary>When explicit congestion notification (RFC 3168) is negotiated.</summary>
public enum EcnMode
{
    /// <summary>Never.</summary>
    Off = 0,

    /// <summary>When the peer asks, as Linux does by default.</summary>
    Passive,

    /// <summary>When the peer asks, and asked for when we connect.</summary>
    Active,
}

/// <summary>When a listener answers with SYN cookies (RFC 4987 section 3.6).</summary>
public enum SynCookieMode
{
    /// <summary>When its SYN queue is full.</summary>
    WhenFull = 0,

    /// <summary>Never: what does not fit the SYN queue is dropped.</summary>
    Never,

    /// <summary>Always: nothing is remembered of a SYN.</summary>
    Always,
}

/// <summary>Settings of the TCP layer; a connection takes over those of <see cref="Defaults"/> and may change its own.</summary>
public sealed record TcpSettings
{
    /// <summary>What every secret and every choice comes from: initial sequence numbers, ports, cookies, hash keys. Take it from a
    /// cryptographic random source in production, from the test's seed in a test.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Where bytes to be sent are kept, in memory that the NIC can read. Its buffers bound what all connections together
    /// can have unacknowledged.</summary>
    public required BufferPool TransmitPool { get; init; }

    /// <summary>Bytes in one receive block, a power of two from 512.</summary>
    public int ReceiveBlockSize { get; init; } = 8192;

    /// <summary>The most bytes in receive blocks of all connections together.</summary>
    public long ReceiveMemory { get; init; } = 256L << 20;

    /// <summary>The share of a pool's buffers that must be free, 0 to 1, where a received segment is to be kept by handle: see
    /// <see cref="TcpConnection.ReceivesBodies"/>. What a device has for its receive ring is not free.</summary>
    public double BodyReserve { get; init; } = 0.125;

    /// <summary>How long a segment may be kept by handle and not be read before it is copied.</summary>
    public TimeSpan BodyLease { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>What a new connection starts with.</summary>
    public TcpConnectionOptions Defaults { get; init; } = new();

    /// <summary>Offer and accept window scaling (RFC 7323 section 2).</summary>
    public bool WindowScaling { get; init; } = true;

    /// <summary>Offer and accept timestamps (RFC 7323 section 3).</summary>
    public bool Timestamps { get; init; } = true;

    /// <summary>Offer and accept selective acknowledgements (RFC 2018).</summary>
    public bool Sack { get; init; } = true;

    /// <summary>Explicit congestion notification (RFC 3168).</summary>
    public EcnMode Ecn { get; init; } = EcnMode.Passive;

    /// <summary>Detect losses by time (RACK, RFC 8985) where the peer permits SACK; without, by RFC 6675.</summary>
    public bool Rack { get; init; } = true;

    /// <summary>The initial congestion window in segments, 1 to 10 (RFC 6928).</summary>
    public int InitialWindow { get; init; } = 10;

    /// <summary>The least MSS the path may force on us, in bytes.</summary>
    public int MinMss { get; init; } = 536;

    /// <summary>The largest MSS we announce or send, in bytes: MSS clamping for tunnels.</summary>
    public int MaxMss { get; init; } = 65_495;

    /// <summary>The MSS that is tried after retransmissions went unanswered, in bytes (RFC 4821, RFC 8899 section 4.3 in short).</summary>
    public int BlackHoleMss { get; init; } = 1024;

    /// <summary>How many timeouts in a row make a path with large segments a black hole; 0 for never.</summary>
    public int BlackHoleTimeouts { get; init; } = 3;

    /// <summary>The order of options in a SYN.</summary>
    public SynOptionLayout SynLayout { get; init; }

    /// <summary>The retransmission timeout before any sample (RFC 6298 section 2.1).</summary>
    public TimeSpan InitialRto { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The least retransmission timeout; Linux and we take 200 ms, RFC 6298 says 1 s.</summary>
    public TimeSpan MinRto { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest retransmission timeout.</summary>
    public TimeSpan MaxRto { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How often a SYN is sent again before a connect times out; the default takes 4 minutes, where RFC 9293 section 3.8.3
    /// wants 3 at least and Linux takes 2.</summary>
    public int SynRetries { get; init; } = 7;

    /// <summary>How often a SYN-ACK is sent again before a half-open connection is forgotten.</summary>
    public int SynAckRetries { get; init; } = 5;

    /// <summary>After how many timeouts in a row the user hears a soft <see cref="TcpError.TimedOut"/> while the connection goes on
    /// (RFC 9293 section 3.8.3, R1, which is 3 at least); 0 for never.</summary>
    public int RetriesUntilSoftError { get; init; } = 3;

    /// <summary>How often data is sent again before the connection times out (RFC 9293 section 3.8.3, R2).</summary>
    public int Retries { get; init; } = 15;

    /// <summary>How often an orphan, a connection its user let go of, sends again before it is given up.</summary>
    public int OrphanRetries { get; init; } = 8;

    /// <summary>The most orphans; above it a closed connection is reset.</summary>
    public int MaxOrphans { get; init; } = 16_384;

    /// <summary>How long an orphan waits in FIN-WAIT-2 for the peer's FIN.</summary>
    public TimeSpan FinWait2Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Twice the maximum segment lifetime (RFC 9293 section 3.4.1 says 4 minutes; Linux takes 60 s).</summary>
    public TimeSpan TimeWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The most connections in TIME-WAIT; above it the state is skipped and counted.</summary>
    public int MaxTimeWait { get; init; } = 65_536;

    /// <summary>How long an acknowledgement may be delayed, at most 500 ms (RFC 9293 section 3.8.6.3).</summary>
    public TimeSpan DelayedAck { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>How many segments are acknowledged at once at a connection's start, when the peer is in slow start.</summary>
    public int QuickAcks { get; init; } = 16;

    /// <summary>When listeners answer with SYN cookies.</summary>
    public SynCookieMode SynCookies { get; init; }

    /// <summary>The most challenge ACKs of all connections per second (RFC 5961 section 7), made unguessable by chance.</summary>
    public int ChallengeAcksPerSecond { get; init; } = 1000;

    /// <summary>The least time between two ACKs of one connection that answer segments outside the window.</summary>
    public TimeSpan InvalidAckInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The lowest ephemeral port (RFC 6056 section 3.2).</summary>
    public ushort FirstEphemeralPort { get; init; } = 32_768;

    /// <summary>The highest ephemeral port.</summary>
    public ushort LastEphemeralPort { get; init; } = 60_999;

    /// <summary>The most connections in any state but TIME-WAIT.</summary>
    public int MaxConnections { get; init; } = 1_000_000;
}

/// <summary>What may be set on one connection, before and while it is open.</summary>
public sealed record TcpConnectionOptions
{
    /// <summary>Makes the congestion control of a connection; the default is CUBIC. Fixed once the connection is made.</summary>
    public Func<ICongestionControl> CongestionControl { get; init; } = static () => new Cubic();

    /// <summary>Bytes a connection may hold for its reader at first, and what the first window offers.</summary>
    public int ReceiveBuffer { get; init; } = 128 * 1024;

    /// <summary>Up to how many bytes the receive buffer grows by itself; <see cref="ReceiveBuffer"/> or less stops that.</summary>
    public int MaxReceiveBuffer { get; init; } = 6 * 1024 * 1024;

    /// <summary>Whether the connection keeps payload by handle from its first byte on; later see <see cref="TcpConnection.ReceivesBodies"/>.</summary>
    public bool ReceivesBodies { get; init; }

    /// <summary>Bytes a writer may have unacknowledged at first.</summary>
    public int SendBuffer { get; init; } = 64 * 1024;

    /// <summary>Up to how many bytes the send buffer grows by itself, with the congestion window.</summary>
    public int MaxSendBuffer { get; init; } = 4 * 1024 * 1024;

    /// <summary>Send small segments at once (turns Nagle's algorithm off, RFC 9293 section 3.7.4).</summary>
    public bool NoDelay { get; init; }

    /// <summary>Probe an idle peer (RFC 9293 section 3.8.4).</summary>
    public bool KeepAlive { get; init; }

    /// <summary>How long a connection is idle before the first probe.</summary>
    public TimeSpan KeepAliveIdle { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long between probes.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>How many unanswered probes end the connection.</summary>
    public int KeepAliveProbes { get; init; } = 9;

    /// <summary>How long data may stay unacknowledged (RFC 5482); zero leaves it to <see cref="TcpSettings.Retries"/>.</summary>
    public TimeSpan UserTimeout { get; init; }

    /// <summary>What a close does to data that is not sent: null sends it in the background, zero resets the connection.</summary>
    public TimeSpan? Linger { get; init; }

    /// <summary>TOS or traffic class; its ECN bits are ours to set.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>TTL or hop limit; 0 for the stack's default.</summary>
    public byte HopLimit { get; init; }

    /// <summary>The largest MSS of this connection, in bytes; 0 for the path's.</summary>
    public int MaxMss { get; init; }
}
