using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Link;

/// <summary>
/// Hands packets that the stack sent to itself back to it, without a device: the headers lie in a buffer of its own, the body goes
/// by handle, and no checksum need be looked at, because nothing left this memory.
/// </summary>
internal sealed class LoopbackDelivery
{
    private const int Buffers = 4; // one is in use at a time, unless somebody keeps a packet

    private readonly NetworkStack _stack;
    private readonly NetInterface _loopback;
    private readonly BufferPool _headers;
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly FetchMeter _meter = new();

    internal LoopbackDelivery(NetworkStack stack, NetInterface loopback)
    {
        _stack = stack;
        _loopback = loopback;
        _headers = BufferPool.Create(HeaderBlock.Capacity, Buffers, RegionWriter.Owner);
    }

    /// <summary>Delivers the oldest packet, if there is one.</summary>
    internal void DeliverOne(Instant now)
    {
        if (!_loopback.TryTake(out TransmitFrame frame)) return;
        if (!_headers.TryRent(out BufferHandle buffer))
        {
            _loopback.Drops.Add(LinkDropReason.NoLoopbackBuffer);
            frame.Body.Release();
            return;
        }
        ReadOnlySpan<byte> headers = frame.Headers.Bytes;
        _headers.Write(buffer, 0, headers);
        PacketBody packet = new(new BodySlice(_headers, buffer, 0, headers.Length));
        for (int i = 0; i < frame.Body.SliceCount; i++)
        {
            BodySlice slice = frame.Body.Slice(i);
            slice.Pool.Retain(slice.Buffer);
            packet.Append(slice);
        }
        int payload = frame.Offload.WantsSegmentation ? frame.Length - frame.Offload.HeaderLength : 0;
        frame.Body.Release();
        HeaderSnapshot snapshot = _snapshots.Rent(packet, _meter);
        InboundFrame inbound = new(snapshot, LinkType.Raw)
        {
            Body = packet,
            IsTransportChecksumGood = frame.Offload.WantsChecksum, // nobody filled one in; where one is, it is of what came from elsewhere
            SegmentCount = payload > 0 ? (payload + frame.Offload.SegmentSize - 1) / frame.Offload.SegmentSize : 1,
            SegmentSize = frame.Offload.SegmentSize,
        };
        _stack.Receive(_loopback, inbound, now);
        _snapshots.Return(snapshot);
        packet.Release();
    }
}
