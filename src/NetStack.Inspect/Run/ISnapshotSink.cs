using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>A sink that decodes packets itself, because it asks less of them than the whole. It gets their snapshots where nothing else looks at the headers.</summary>
internal interface ISnapshotSink : IPacketSink
{
    /// <summary>Whether it takes snapshots.</summary>
    bool WantsSnapshots { get; }

    /// <summary>Takes a packet of which nothing was read yet.</summary>
    void Add(HeaderSnapshot headers, in PacketInfo info);
}
