using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>What a client asks for when it attaches. Read once, at <see cref="PacketMultiplexer.Attach"/>.</summary>
public sealed class PortOptions
{
    /// <summary>Which of the frames addressed to it the port wants; null for all. ARP and neighbour discovery for its addresses come
    /// whatever the filter.</summary>
    public PortFilter? Filter { get; set; }

    /// <summary>What is copied, frame by frame.</summary>
    public ICopyStrategy Copy { get; set; } = CopyStrategy.CopyHeaders;

    /// <summary>What this client believes of the device. Others on the same NIC may believe otherwise.</summary>
    public Trust Trust { get; set; }

    /// <summary>Who brings the frames into the client's memory.</summary>
    public Placement Placement { get; set; }

    /// <summary>
    /// Whether steered frames are classified again. Null: as <see cref="Trust"/> says of steering. Only with
    /// <see cref="Placement.Steered"/>.
    /// </summary>
    public SteeringVerification? Verification { get; set; }

    /// <summary>Private buffers for copies that the port owns; 0 for a client that only posts its own.</summary>
    public int BufferCount { get; set; } = 256;

    /// <summary>Bytes in each of them, and in those of a steered queue; at least 64. Longer frames chain.</summary>
    public int BufferSize { get; set; } = 2048;

    /// <summary>Buffers of the port that a steered queue is filled from; 0 for a client that only posts its own.</summary>
    public int SteeredBufferCount { get; set; } = 256;

    /// <summary>Whether those of a steered queue are cleared before they are posted again, as
    /// <see cref="MultiplexerOptions.ScrubBuffers"/>. What a client posts itself is the client's to clear.</summary>
    public bool ScrubBuffers { get; set; }

    /// <summary>
    /// Buffers that are mapped for sending once and that bodies are copied into: every body where the strategy
    /// <see cref="ICopyStrategy.CopiesTransmit"/>, else those that lie in memory the client did not register. 0: the latter are
    /// refused. Null: 64 where the strategy needs them, else 0.
    /// </summary>
    public int? TransmitBuffers { get; set; }

    /// <summary>Frames that may wait to be received, at least 1.</summary>
    public int QueueDepth { get; set; } = 256;

    /// <summary>Frames that may wait to be sent, at least 1.</summary>
    public int TransmitDepth { get; set; } = 256;

    /// <summary>
    /// Frames by handle that may wait or be held by the client at a time; further ones are copied out, and dropped where there is
    /// no buffer for the copy. At least 0.
    /// </summary>
    public int HeldFrames { get; set; } = 128;

    /// <summary>
    /// How long a frame by handle may wait or be held: while the client has one for longer, further ones are copied out, and dropped
    /// where there is no buffer for the copy. What it holds stays its own. Told apart to a quarter of the time, counted from the poll
    /// that lent it. Null: no limit.
    /// </summary>
    /// <remarks>Frames that lie in the client's own memory, as on a steered queue, are passed by handle whatever it holds.</remarks>
    public TimeSpan? HoldTime { get; set; }

    /// <summary>The port's MAC address; null for the NIC's.</summary>
    public MacAddress? Mac { get; set; }

    /// <summary>
    /// The addresses the port owns. It may send from these only, gets unicast packets to these only, and ARP and neighbour
    /// solicitations for them are its own. With none it gets every packet for its MAC address and may send only what a host without
    /// an address may. <see cref="MultiplexerPort.AddAddress"/> adds later ones.
    /// </summary>
    public IList<IpAddress> Addresses { get; } = [];

    /// <summary>Takes packets to, and sends packets from, addresses that are not its own, and may send router advertisements and
    /// answer ARP for others. Its MAC address stays its own.</summary>
    public bool Router { get; set; }

    /// <summary>Sees every frame that matches its filter, whoever it is addressed to, steered ones included, by copy where another
    /// client owns the memory. For captures.</summary>
    public bool Promiscuous { get; set; }

    /// <summary>Takes what nobody else wants, later fragments of unknown datagrams included.</summary>
    public bool Default { get; set; }

    /// <summary>What is checked of frames the client sends.</summary>
    public SourceCheck SourceCheck { get; set; }

    /// <summary>Declares an address of the port.</summary>
    /// <exception cref="FormatException">The text is no address.</exception>
    public PortOptions Address(string address)
    {
        Addresses.Add(IpAddress.Parse(address));
        return this;
    }

    /// <summary>What is asked for, in one line for logs; <see cref="MultiplexerPort.Terms"/> tells what became of it.</summary>
    public override string ToString() => TermsOf(Placement == Placement.Steered).ToString();

    internal SteeringVerification VerificationInForce => Verification ?? (Trust.Steering ? SteeringVerification.Trust : SteeringVerification.Verify);

    internal ClientTerms TermsOf(bool isSteered) => isSteered
        ? new ClientTerms(Copy, Trust, "steered", VerificationInForce == SteeringVerification.Trust ? "trust" : "verify")
        : new ClientTerms(Copy, Trust, "copied");

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Copy);
        ArgumentOutOfRangeException.ThrowIfNegative(BufferCount);
        ArgumentOutOfRangeException.ThrowIfNegative(SteeredBufferCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferSize, 64);
        ArgumentOutOfRangeException.ThrowIfNegative(TransmitBuffers ?? 0, nameof(TransmitBuffers));
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueDepth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitDepth, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(HeldFrames);
        if (HoldTime is { } time) ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(HoldTime));
        if (Verification == SteeringVerification.Trust && !Trust.Steering)
            throw new ArgumentException("Steering without verification needs a client that declares Trust.Steering.", nameof(Verification));
    }
}

/// <summary>Who brings a client's frames into memory only that client sees.</summary>
public enum Placement
{
    /// <summary>The multiplexer, in software: what the port's strategy copies, it copies out of the shared ring.</summary>
    CopyPerClient = 0,

    /// <summary>
    /// The hardware: a flow table places the port's flows into its own buffers on a queue of its own. Where queues or table run
    /// out, or the filter is not exact enough, as <see cref="CopyPerClient"/>.
    /// </summary>
    Steered = 1,
}

/// <summary>What the multiplexer does with the device's claim that a steered frame is of the client's flow.</summary>
public enum SteeringVerification
{
    /// <summary>Classifies again, on the snapshot. A frame that is not the client's is dropped and reported as a leak that happened.</summary>
    Verify = 0,

    /// <summary>Believes the tag, once it is known to be programmed for that queue.</summary>
    Trust = 1,
}

/// <summary>What is checked of the sources of frames a client sends.</summary>
public enum SourceCheck
{
    /// <summary>MAC address, IP address, and the senders that ARP and neighbour discovery name, must be the port's own, and nothing but ARP,
    /// IPv4 and IPv6 passes.</summary>
    Owned = 0,

    /// <summary>Nothing: the client may forge. For test tools.</summary>
    None = 1,
}
