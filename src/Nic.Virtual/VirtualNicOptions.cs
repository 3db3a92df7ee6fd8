using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>Who shares an IOMMU domain.</summary>
public enum DomainBinding
{
    /// <summary>Each queue has one of its own, as with PASIDs or virtual functions.</summary>
    PerQueue,

    /// <summary>All queues use one: the device has a single requester id, as an ordinary PCI function.</summary>
    PerDevice,
}

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

    /// <summary>Whether the headers of TCP and UDP frames are placed in a buffer of their own.</summary>
    public bool HeaderSplit { get; init; }

    /// <summary>Only frames longer than so many bytes are split; 0 splits all (ethtool's <c>hds-thresh</c>).</summary>
    public int HeaderSplitThreshold { get; init; } = 256;

    /// <summary>Whether the device says if checksums were right.</summary>
    public bool ReceiveChecksum { get; init; }

    /// <summary>Whether frames that stand for several segments (LRO) are received; if not they are dropped.</summary>
    public bool ReceiveCoalescing { get; init; } = true;

    /// <summary>Whether the device fills in checksums and takes super-segments (TSO).</summary>
    public bool TransmitOffload { get; init; } = true;

    /// <summary>Whether super-segments go onto the wire uncut, with their count and size beside them, as between virtual machines
    /// of one host; otherwise the device cuts them.</summary>
    public bool KeepSegments { get; init; }

    /// <summary>Rules in the exact flow table; 0 for a device without one.</summary>
    public int FlowRules { get; init; } = 64;

    /// <summary>Entries in the RSS indirection table, a power of two.</summary>
    public int RssTableSize { get; init; } = 128;

    /// <summary>Queues, from 0 on, that RSS spreads frames over; the others get only what a flow rule places there. Null for all.</summary>
    public int? RssQueues { get; init; }

    /// <summary>The RSS key, 40 bytes; null for the published one.</summary>
    public ReadOnlyMemory<byte>? RssKey { get; init; }

    /// <summary>Whether buffers are completed in the order they were posted.</summary>
    public bool InOrder { get; init; } = true;

    /// <summary>Who shares an IOMMU domain.</summary>
    public DomainBinding Domains { get; init; }

    /// <summary>Decides what is left to chance.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The IOMMU between device and memory.</summary>
    public IommuOptions Iommu { get; init; } = new();

    /// <summary>Where a hostile device is plugged in; null for an honest one.</summary>
    public DeviceTamper? Tamper { get; init; }

    /// <summary>What the driver checks of what the device says; less than all for control runs only.</summary>
    internal CompletionChecks Checks { get; init; } = CompletionChecks.All;

    /// <summary>The longest frame on the wire that stands for one segment, in bytes.</summary>
    internal int MaxPlainLength => (int)Math.Min(MaxFrameLength, (long)Mtu + VirtualNic.LinkOverhead);

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Queues, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Queues, 64);
        if (RingSize is < 2 or > 65_536 || !System.Numerics.BitOperations.IsPow2(RingSize)) throw new ArgumentException("A ring has a power of two entries, 2 to 65,536.");
        if (RssTableSize < 1 || !System.Numerics.BitOperations.IsPow2(RssTableSize)) throw new ArgumentException("The RSS table has a power of two entries.");
        ArgumentOutOfRangeException.ThrowIfLessThan(CompletionBudget, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(WakeFrames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFrameLength, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(Mtu, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(HeaderSplitThreshold);
        ArgumentOutOfRangeException.ThrowIfNegative(FlowRules);
        ArgumentOutOfRangeException.ThrowIfNegative(WakeDelay.Ticks, nameof(WakeDelay));
        if (RssQueues is < 1 || RssQueues > Queues) throw new ArgumentException($"RSS spreads over 1 to {Queues} queues.");
    }
}
