using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>Gives the bytes of TCP and UDP conversations as they become deliverable. It reads bodies: each captured byte once.</summary>
/// <remarks>Not thread-safe. Memory grows with the number of conversations followed, and with what waits for missing bytes.</remarks>
/// <param name="open">Makes the receiver of a direction when its first byte comes: the conversation, and whether B sends.</param>
/// <param name="options">How streams are put together; null for the defaults.</param>
public sealed class StreamFollower(Func<Flow, bool, IStreamReceiver> open, StreamOptions? options = null)
{
    private readonly Dictionary<(Flow Flow, bool IsReverse), StreamReassembler> _streams = [];
    private readonly Dictionary<(Flow Flow, bool IsReverse), IStreamReceiver> _datagrams = [];
    private readonly PayloadReader _payload = new();

    /// <summary>Takes a packet.</summary>
    /// <param name="packet">Its headers.</param>
    /// <param name="body">All its bytes.</param>
    /// <param name="meter">Counts what is read of them.</param>
    /// <param name="flow">What it is in its flow.</param>
    public void Add(in PacketHeaders packet, in PacketBody body, FetchMeter meter, in FlowPacket flow)
    {
        if (flow.Flow is not { } conversation || !StreamSegment.TryRead(packet, out StreamSegment segment)) return;
        ReadOnlySpan<byte> bytes = _payload.Read(body, segment.Offset, segment.Captured, meter);
        (Flow, bool) key = (conversation, flow.IsReverse);
        if (conversation.Protocol == IpProtocol.Tcp)
        {
            if (!_streams.TryGetValue(key, out StreamReassembler? stream)) _streams.Add(key, stream = new StreamReassembler(open(conversation, flow.IsReverse), options));
            stream.Add(segment.Sequence, segment.Flags, bytes, segment.Length, packet.Info.Number);
            return;
        }
        if (!_datagrams.TryGetValue(key, out IStreamReceiver? receiver)) _datagrams.Add(key, receiver = open(conversation, flow.IsReverse));
        if (!bytes.IsEmpty) receiver.Data(bytes, packet.Info.Number);
    }

    /// <summary>Delivers what waits for bytes that do not come.</summary>
    public void Finish()
    {
        foreach (StreamReassembler stream in _streams.Values) stream.Finish();
    }
}
