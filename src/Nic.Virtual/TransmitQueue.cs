using System.Buffers.Binary;
using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>
/// The driver's side of one transmit ring. Headers are copied into the ring's own header slots; bodies are named by address and
/// stay pinned until the device is past them.
/// </summary>
internal sealed class TransmitQueue
{
    private readonly VirtualNic _nic;
    private readonly VirtualDevice _device;
    private readonly VirtualNicOptions _options;
    private readonly QueueCounters _counters;
    private readonly int _queue;
    private readonly DmaRegion _ring;
    private readonly DmaRegion _headers;
    private readonly BufferPool _indexPool;
    private readonly BufferHandle _index;
    private readonly ulong _headersIova;
    private readonly PacketBody[] _bodies; // at the slot of a frame's last entry
    private readonly VirtualRegistration?[] _users; // whose memory an entry names
    private uint _produced;
    private uint _completed;

    internal TransmitQueue(VirtualNic nic, VirtualDevice device, VirtualNicOptions options, int queue, QueueCounters counters)
    {
        _nic = nic;
        _device = device;
        _options = options;
        _queue = queue;
        _counters = counters;
        _ring = DmaRegion.Allocate(options.RingSize * TxEntry.Size);
        _headers = DmaRegion.Allocate(options.RingSize * HeaderBlock.Capacity);
        _indexPool = BufferPool.Create(64, 1);
        _indexPool.TryRent(out _index);
        _bodies = new PacketBody[options.RingSize];
        _users = new VirtualRegistration?[options.RingSize];
        int domain = device.DomainOf(queue);
        _headersIova = nic.Iommu.Map(domain, _headers, DmaDirection.Read);
        device.Transmit.SetRing(queue, nic.Iommu.Map(domain, _ring, DmaDirection.Read), nic.Iommu.Map(domain, _indexPool.Region, DmaDirection.Write));
    }

    private int Room => _options.RingSize - (int)(_produced - _completed);

    internal int Transmit(ReadOnlySpan<TransmitFrame> frames)
    {
        uint start = _produced;
        int accepted = 0;
        for (; accepted < frames.Length; accepted++)
        {
            ref readonly TransmitFrame frame = ref frames[accepted];
            if (RefusalOf(frame) is { } refusal)
            {
                _counters.TransmitDrops.Add(refusal);
                PacketBody body = frame.Body;
                body.Release();
                continue;
            }
            if (1 + frame.Body.SliceCount > Room)
            {
                Reap();
                if (1 + frame.Body.SliceCount > Room) break;
            }
            Queue(frame);
        }
        if (_produced != start) _device.TransmitDoorbell(_queue, _produced);
        Reap();
        return accepted;
    }

    internal void Poll()
    {
        _device.Transmit.Run(_queue, _produced);
        Reap();
    }

    internal void Dispose()
    {
        for (int i = 0; i < _bodies.Length; i++) _bodies[i].TryRelease();
        _ring.Dispose();
        _headers.Dispose();
        _indexPool.Region.Dispose();
    }

    /// <summary>Why a frame can never be sent, if it cannot.</summary>
    private DropReason? RefusalOf(in TransmitFrame frame)
    {
        if (!_nic.IsLinkUp) return DropReason.LinkDown;
        if (frame.Length == 0) return DropReason.TooShort;
        if (OffloadFaultOf(frame.Offload, frame.Length) is { } fault) return fault;
        if (1 + frame.Body.SliceCount > _options.RingSize) return DropReason.Unsupported;
        for (int i = 0; i < frame.Body.SliceCount; i++)
        {
            if (_nic.TransmitRegistrationOf(frame.Body.Slice(i).Pool, _queue) is null) return DropReason.NotRegistered;
        }
        return null;
    }

    /// <summary>What is wrong with the lengths of a frame and of what the device is asked for.</summary>
    private DropReason? OffloadFaultOf(TransmitOffload offload, int length)
    {
        if (!_options.TransmitOffload && (offload.WantsSegmentation || offload.WantsChecksum)) return DropReason.Unsupported;
        if (offload.WantsChecksum && offload.ChecksumStart + offload.ChecksumOffset + 2 > length) return DropReason.MalformedHeaders;
        if (!offload.WantsSegmentation) return length > _options.MaxPlainLength ? DropReason.TooLong : null;
        if (offload.HeaderLength == 0 || offload.HeaderLength > length) return DropReason.MalformedHeaders;
        bool isTooLong = length > _options.MaxFrameLength || offload.HeaderLength + offload.SegmentSize > _options.MaxPlainLength;
        return isTooLong ? DropReason.TooLong : null;
    }

    private void Queue(in TransmitFrame frame)
    {
        int slot = SlotOf(_produced);
        ReadOnlySpan<byte> headers = frame.Headers.Bytes;
        headers.CopyTo(new DeviceMemory(_headers).Span(slot * HeaderBlock.Capacity, HeaderBlock.Capacity));
        int slices = frame.Body.SliceCount;
        Write(new TxEntry(_headersIova + (ulong)(slot * HeaderBlock.Capacity), (uint)headers.Length, slices == 0, frame.Offload));
        for (int i = 0; i < slices; i++)
        {
            BodySlice slice = frame.Body.Slice(i);
            VirtualRegistration user = _nic.TransmitRegistrationOf(slice.Pool, _queue)!;
            user.Sending++;
            _users[SlotOf(_produced)] = user;
            ulong iova = user.TransmitIova + (ulong)(slice.Pool.RegionOffset(slice.Buffer) - slice.Pool.Offset + slice.Offset);
            Write(new TxEntry(iova, (uint)slice.Length, i == slices - 1, default));
        }
        _bodies[SlotOf(_produced - 1)] = frame.Body;
        _counters.FramesSent++;
        _counters.BytesSent += frame.Length;
    }

    private void Write(TxEntry entry)
    {
        entry.Write(new DeviceMemory(_ring).Span(SlotOf(_produced) * TxEntry.Size, TxEntry.Size));
        _produced++;
    }

    /// <summary>
    /// Releases what the device is past. Its index is read once and believed only if it lies between what was reported before
    /// and what was queued.
    /// </summary>
    private void Reap()
    {
        if (_device.IsDead) return;
        Span<byte> word = stackalloc byte[4];
        _indexPool.Window(_index, 0, 4).CopyTo(word);
        uint reported = BinaryPrimitives.ReadUInt32LittleEndian(word);
        if (reported - _completed > _produced - _completed && (_options.Checks & CompletionChecks.TransmitIndex) != 0)
        {
            _counters.TransmitDrops.Add(DropReason.BadIndex);
            return;
        }
        for (; _completed != reported; _completed++)
        {
            ref VirtualRegistration? user = ref _users[SlotOf(_completed)];
            if (user is not null) user.Sending--;
            user = null;
            _bodies[SlotOf(_completed)].TryRelease(); // its owner may have released a buffer behind our back
        }
    }

    private int SlotOf(uint index) => (int)(index & (uint)(_options.RingSize - 1));
}
