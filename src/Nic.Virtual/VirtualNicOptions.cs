using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>How a virtual NIC is built.</summary>
public sealed record VirtualNicOptions
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "virtual0";

    /// <summary>Its MAC address.</summary>
    public MacAddress Mac { get; init; } = new(0x02_00_00_00_00_01);

    /// <summary>How frames begin.</summary>
    public LinkType LinkType { get; init; } = LinkType.Ethernet;

    /// <summary>The largest network packet, in bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>The longest frame the device receives or sends, in bytes.</summary>
    public int MaxFrameLength { get; init; } = 256 * 1024;

    /// <summary>Pairs of receive and transmit rings, 1 to 64.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Entries in each ring, a power of two from 2 to 65,536.</summary>
    public int RingSize { get; init; } = 512;

    /// <summary>Frames and refused completions handled in one <see cref="INicQueue.Receive"/>, at least 1. However many buffers
    /// a frame lies in, it counts as one.</summary>
    public int CompletionBudget { get; init; } = 64;

    /// <summary>Frames that make the device wake its driver at once, at least 1.</summary>
    public int WakeFrames { get; init; } = 1;

    /// <summary>How long fewer frames may wait for a wake-up.</summary>
    public TimeSpan WakeDelay { get; init; } = TimeSpan.Zero;

    /// <summary>Whether frames to other MAC addresses are received.</summary>
    public bool Promiscuous { get; init; } = true;

    /// <summary>Whether the outermost VLAN tag is taken out and reported.</summary>
    public bool VlanStrip { get; init; }

    /// <summary>Headers of at most so many bytes are placed in a buffer of their own; 0 switches header split off.</summary>
    public int HeaderSplitThreshold { get; init; }

    /// <summary>Whether the device says if checksums were right.</summary>
    public bool ReceiveChecksum { get; init; }

    /// <summary>Whether the device fills in checksums and cuts super-segments on request.</summary>
    public bool TransmitOffload { get; init; } = true;

    /// <summary>Rules in the exact flow table; 0 for a device without one.</summary>
    public int FlowRules { get; init; } = 64;

    /// <summary>Entries in the RSS indirection table, a power of two.</summary>
    public int RssTableSize { get; init; } = 128;

    /// <summary>Whether buffers are completed in the order they were posted.</summary>
    public bool InOrder { get; init; } = true;

    /// <summary>Whether each queue has an IOMMU domain of its own, rather than the device one for all.</summary>
    public bool DomainPerQueue { get; init; } = true;

    /// <summary>Whether the device overwrites every byte right after somebody fetched it.</summary>
    public bool ScrambleFetched { get; init; }

    /// <summary>Decides what is left to chance.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The IOMMU between device and memory.</summary>
    public IommuOptions Iommu { get; init; } = new();

    /// <summary>Where a hostile device is plugged in; null for an honest one.</summary>
    public DeviceTamper? Tamper { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Queues, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Queues, 64);
        if (RingSize is < 2 or > 65_536 || !System.Numerics.BitOperations.IsPow2(RingSize)) throw new ArgumentException("A ring has a power of two entries, 2 to 65,536.");
        if (RssTableSize < 1 || !System.Numerics.BitOperations.IsPow2(RssTableSize)) throw new ArgumentException("The RSS table has a power of two entries.");
        ArgumentOutOfRangeException.ThrowIfLessThan(CompletionBudget, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(WakeFrames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFrameLength, 64);
    }
}
