using NetStack.Memory;

namespace NetStack;

/// <summary>How a <see cref="NetworkStack"/> works. Read once, when the stack is built.</summary>
public sealed class StackOptions
{
    /// <summary>Decides every random choice of the stack. Two stacks with the same seed and the same input do the same.</summary>
    public ulong Seed { get; set; } = 1;

    /// <summary>
    /// The secret behind everything a peer must not guess: stable interface identifiers (RFC 7217), sequence numbers, ports. Null
    /// derives one from <see cref="Seed"/>, which is fit for tests only; a program hands in 128 bits of its system's randomness.
    /// </summary>
    public UInt128? Secret { get; set; }

    /// <summary>Whether packets for others are passed on between interfaces.</summary>
    public bool Forwarding { get; set; }

    /// <summary>TTL and hop limit of what the stack sends, 1 to 255, unless a router (RFC 4861) or a socket says otherwise.</summary>
    public byte DefaultHopLimit { get; set; } = 64;

    /// <summary>Bytes in each buffer that holds data to send, at least <see cref="BufferPool.MinBufferSize"/>.</summary>
    public int TransmitBufferSize { get; set; } = 4096;

    /// <summary>How many buffers hold data to send, over the whole stack; at least 1.</summary>
    public int TransmitBuffers { get; set; } = 2048;

    /// <summary>Frames that may wait for one interface's device, at least 1.</summary>
    public int TransmitQueueLength { get; set; } = 256;

    /// <summary>The most frames the stack takes from one part, or from its loopback, in one step; at least 1.</summary>
    public int BatchLimit { get; set; } = 64;

    /// <summary>The largest packet the loopback interface carries, in bytes, 1,280 to 65,535.</summary>
    public int LoopbackMtu { get; set; } = 65_535;

    /// <summary>How link-layer addresses are found and kept.</summary>
    public NeighbourOptions Neighbours { get; } = new();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(DefaultHopLimit, 1, nameof(DefaultHopLimit));
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitBufferSize, BufferPool.MinBufferSize, nameof(TransmitBufferSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitBuffers, 1, nameof(TransmitBuffers));
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitQueueLength, 1, nameof(TransmitQueueLength));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchLimit, 1, nameof(BatchLimit));
        ArgumentOutOfRangeException.ThrowIfLessThan(LoopbackMtu, NetInterface.MinIpv6Mtu, nameof(LoopbackMtu));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LoopbackMtu, ushort.MaxValue, nameof(LoopbackMtu));
        Neighbours.Validate();
    }
}
