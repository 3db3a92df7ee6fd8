using NetStack.Ip;
using NetStack.Memory;
using NetStack.Tcp;

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

    /// <summary>Settings of IP, ICMP, UDP, raw sockets and multicast; forwarding is one of them.</summary>
    public IpSuiteOptions Protocols { get; set; } = new();

    /// <summary>Changes the settings of TCP: called once with the defaults. Seed and buffers stay the stack's.</summary>
    public Func<TcpSettings, TcpSettings>? Tcp { get; set; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitBufferSize, BufferPool.MinBufferSize, nameof(TransmitBufferSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitBuffers, 1, nameof(TransmitBuffers));
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitQueueLength, 1, nameof(TransmitQueueLength));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchLimit, 1, nameof(BatchLimit));
        ArgumentOutOfRangeException.ThrowIfLessThan(LoopbackMtu, NetInterface.MinIpv6Mtu, nameof(LoopbackMtu));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(LoopbackMtu, ushort.MaxValue, nameof(LoopbackMtu));
        Neighbours.Validate();
    }
}
