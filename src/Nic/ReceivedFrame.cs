using NetStack.Wire;

namespace NetStack.Nic;

/// <summary>
/// A frame on its way up: metadata by value, the one snapshot of its headers, its bytes by handle. A mutable value with linear
/// ownership: whoever holds it hands it on or calls <see cref="Release"/>, once.
/// </summary>
public struct ReceivedFrame
{
    /// <summary>All bytes of the frame, by handle. The frame owns the pins.</summary>
    public PacketBody Body;

    /// <summary>The one snapshot, which reads through <see cref="Body"/>; nothing need be fetched yet.</summary>
    public HeaderSnapshot Headers;

    /// <summary>Where <see cref="Headers"/> returns to.</summary>
    public HeaderSnapshotPool Snapshots;

    /// <summary>How the frame begins.</summary>
    public LinkType LinkType;

    /// <summary>How the consumer may treat the bytes behind the snapshot.</summary>
    public BodyAccess Access;

    /// <summary>What the device says of the checksums. A claim of the device.</summary>
    public ChecksumVerdict Checksum;

    /// <summary>The interface the frame came in on, from 0; for captures, over the whole file.</summary>
    public int Interface;

    /// <summary>The frame's length on the wire in bytes; more than <see cref="Length"/> where a capture cut it.</summary>
    public int WireLength;

    /// <summary>When the frame arrived; null when the source does not say. A claim of the source.</summary>
    public Timestamp? Arrival;

    /// <summary>The tag of the flow rule that placed the frame; none when no rule did. Already checked against what was programmed.</summary>
    public FlowTag Tag;

    /// <summary>The device's hash over the flow; 0 when there is none. A claim of the device.</summary>
    public uint RssHash;

    /// <summary>The VLAN tag control information the device stripped, or -1. A claim of the device.</summary>
    public int StrippedVlan;

    /// <summary>How many segments the frame stands for: 1, or more after LRO/GRO. At least 1, at most what the length allows.</summary>
    public int SegmentCount;

    /// <summary>Body bytes in each coalesced segment but the last; 0 when <see cref="SegmentCount"/> is 1.</summary>
    public int SegmentSize;

    /// <summary>Bytes of the frame in memory.</summary>
    public readonly int Length => Body.Length;

    /// <summary>Returns the snapshot and releases every buffer. Releasing twice through one variable does nothing.</summary>
    public void Release()
    {
        if (Headers is not null)
        {
            Snapshots.Return(Headers);
            Headers = null!;
        }
        Body.Release();
    }
}

/// <summary>What a copy strategy left the consumer to do with the bytes behind the snapshot.</summary>
public enum BodyAccess
{
    /// <summary>A device may still write them: copy them once, at the user's border, summing in the same pass.</summary>
    CopyOnDeliver = 0,

    /// <summary>A device may still write them and nobody looks: pass them on by handle or drop them.</summary>
    PassThrough = 1,

    /// <summary>They are the client's own copy: nobody else writes them.</summary>
    Private = 2,

    /// <summary>The client declared that it trusts the device: they may be read in place.</summary>
    InPlace = 3,
}

/// <summary>What a device says of a frame's checksums.</summary>
public enum ChecksumVerdict
{
    /// <summary>Nothing: not looked at.</summary>
    None = 0,

    /// <summary>The network and transport checksums are right.</summary>
    Good = 1,

    /// <summary>One of them is wrong.</summary>
    Bad = 2,

    /// <summary>The transport checksum is only begun, because the frame never left the machine (CHECKSUM_PARTIAL).</summary>
    Partial = 3,
}
