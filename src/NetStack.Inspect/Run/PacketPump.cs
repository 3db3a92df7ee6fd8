using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>Gives the sink the packets that match, from the first wanted to the last.</summary>
internal sealed class PacketPump(CaptureRequest request, PacketTest test, StandardOutput output, CaptureSource capture, IPacketSink sink, Progress? progress)
{
    private long _skip = request.Skip;

    /// <summary>Told of every packet; null where nobody watches.</summary>
    internal Progress? Progress => progress;

    /// <summary>How many packets were looked at.</summary>
    internal long Read { get; private set; }

    /// <summary>How many the sink was given.</summary>
    internal long Given { get; private set; }

    /// <summary>Whether there is a reader, and it has not had enough.</summary>
    internal bool WantsMore => Given < request.Count && !output.IsClosed && sink.WantsMore;

    internal void Add(in PacketHeaders packet, in PacketBody body)
    {
        FlowPacket flow = default;
        if (!IsWanted(packet, ref flow)) return;
        sink.Add(packet, body, flow);
        AfterPacket();
    }

    internal void Add(in CaptureRecord record, in PacketHeaders packet)
    {
        FlowPacket flow = default;
        if (!IsWanted(packet, ref flow)) return;
        sink.Add(record, packet, flow);
        AfterPacket();
    }

    /// <summary>The sink, where it decodes packets itself and no filter wants their headers.</summary>
    internal ISnapshotSink? Snapshots => sink is ISnapshotSink { WantsSnapshots: true } own && test.TakesAll ? own : null;

    /// <summary>Gives such a sink every packet until it wants no more.</summary>
    internal void AddAll(ISnapshotSink own)
    {
        while (WantsMore && capture.TryReadHeaders(out HeaderSnapshot headers, out PacketInfo info))
        {
            Read++;
            progress?.Report(Read, capture.Position);
            if (_skip > 0)
            {
                _skip--;
                continue;
            }
            own.Add(headers, info);
            Given++;
        }
    }

    private bool IsWanted(in PacketHeaders packet, ref FlowPacket flow)
    {
        Read++;
        progress?.Report(Read, capture.Position);
        if (!test.Matches(packet, ref flow)) return false;
        if (_skip == 0) return true;
        _skip--;
        return false;
    }

    private void AfterPacket()
    {
        Given++;
        if (request.FlushEach) output.Flush();
        else output.FlushIfFull();
    }
}
