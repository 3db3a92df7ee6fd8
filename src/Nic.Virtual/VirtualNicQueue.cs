using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>
/// The driver's side of one receive ring. What it believes is its own record of posted buffers; from shared memory it takes
/// each completion once, whole, and checks it against that record.
/// </summary>
internal sealed class VirtualNicQueue : INicQueue
{
    private readonly VirtualNic _nic;
    private readonly VirtualDevice _device;
    private readonly VirtualNicOptions _options;
    private readonly TransmitQueue _transmit;
    private readonly PostedBuffers _posted;
    private readonly FrameAssembler _assembler;
    private readonly DmaRegion _fillRing;
    private readonly BufferPool _completionRing;
    private readonly BufferHandle _completions;
    private readonly int _ringShift;
    private uint _produced; // fill entries written
    private uint _consumed; // completions taken

    internal VirtualNicQueue(VirtualNic nic, VirtualDevice device, VirtualNicOptions options, int index)
    {
        _nic = nic;
        _device = device;
        _options = options;
        Index = index;
        _ringShift = System.Numerics.BitOperations.Log2((uint)options.RingSize);
        _posted = new PostedBuffers(index, options.RingSize, remembers: !Checks(CompletionChecks.Posted));
        _assembler = new FrameAssembler(options.MaxFrameLength, options.RingSize, Counters.ReceiveDrops, Checks(CompletionChecks.Chain));
        _fillRing = DmaRegion.Allocate(options.RingSize * FillEntry.Size);
        _completionRing = BufferPool.Create(options.RingSize * RxCompletion.Size, 1);
        _completionRing.TryRent(out _completions);
        if (options.Tamper is not null) new DeviceMemory(_completionRing.Region).OnFetched((_, _) => device.RingRead(index));
        _transmit = new TransmitQueue(nic, device, options, index, Counters);
        int domain = device.DomainOf(index);
        device.SetRings(index, nic.Iommu.Map(domain, _fillRing, DmaDirection.Read), nic.Iommu.Map(domain, _completionRing.Region, DmaDirection.Write));
    }

    public int Index { get; }

    public QueueCounters Counters { get; } = new();

    public int PostRoom => _posted.Room;

    internal PostedBuffers PostedBuffers => _posted;

    /// <summary>Whether a completion waits. It looks at the owner word only.</summary>
    internal bool HasWork => IsCompleted(_completionRing.Window(_completions, SlotOf(_consumed), RxCompletion.Size));

    public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers)
    {
        if (registration is not VirtualRegistration own || own.Queue != Index || own.ReceiveIova == 0 || !_nic.Owns(own))
            throw new InvalidOperationException($"The registration is not for receiving on queue {Index} of {_nic.Info.Name}.");
        if (!own.IsActive) throw new InvalidOperationException("The registration is being withdrawn.");
        int count = Math.Min(buffers.Length, _posted.Room);
        Mark(own, buffers[..count]);
        Span<byte> ring = new DeviceMemory(_fillRing).Span(0, _options.RingSize * FillEntry.Size);
        for (int i = 0; i < count; i++)
        {
            ulong iova = own.ReceiveIova + (ulong)(own.Pool.RegionOffset(buffers[i]) - own.Pool.Offset);
            uint id = _posted.Add(own, buffers[i]);
            int slot = (int)(_produced++ & (uint)(_options.RingSize - 1));
            new FillEntry(id, (uint)own.Pool.BufferSize, iova).Write(ring.Slice(slot * FillEntry.Size, FillEntry.Size));
        }
        Counters.BuffersPosted += count;
        if (count > 0) _device.FillDoorbell(Index, _produced);
        return count;
    }

    public int Receive(Span<ReceivedFrame> frames)
    {
        int count = 0;
        if (_device.IsDead) return 0;
        uint start = _consumed;
        for (int budget = _options.CompletionBudget; budget > 0 && count < frames.Length;)
        {
            if (!TryTakeCompletion(out RxCompletion completion)) break;
            ChainProgress progress = Assemble(completion);
            if (progress == ChainProgress.Whole && TryFinish(out frames[count])) count++;
            if (progress != ChainProgress.Partial) budget--; // a chain is bounded by what was posted
        }
        if (_consumed != start) _device.CompletionDoorbell(Index, _consumed);
        return count;
    }

    public int Transmit(ReadOnlySpan<TransmitFrame> frames) => _transmit.Transmit(frames);

    /// <summary>Takes what was sent off the ring, and lets the device go on.</summary>
    internal void Poll() => _transmit.Poll();

    /// <summary>Takes a registration's buffers back that the device has not filled.</summary>
    internal void Withdraw(VirtualRegistration registration)
    {
        if (registration.ReceiveIova == 0) return;
        List<uint> ids = [];
        _device.Withdraw(Index, registration.ReceiveIova, registration.ReceiveEnd, ids);
        foreach (uint id in ids)
        {
            if (!_posted.IsPosted(id, registration) || !_posted.TryTake(id, out _, out BufferHandle buffer)) continue;
            registration.GiveBack(buffer);
            Counters.BuffersCompleted++;
        }
    }

    /// <summary>Whether the device has nothing of a registration any more that it will give back by itself. A buffer that it
    /// neither gave back nor completed, as only a hostile one does, is not waited for.</summary>
    internal bool IsClear(VirtualRegistration registration)
    {
        if (!Checks(CompletionChecks.Drained)) return true;
        if (registration.Sending > 0 || (registration.Posted > 0 && HasWork)) return false;
        if (_assembler.Uses(registration.Pool)) _assembler.Abort(isLast: false); // begun by the device, and it has nothing left to end it with
        return true;
    }

    /// <summary>Takes back what the device kept, once it cannot reach it any more.</summary>
    internal void Reclaim(VirtualRegistration registration)
    {
        if (registration.Posted > 0) Counters.BuffersCompleted += _posted.Release(registration);
    }

    internal void Dispose()
    {
        _assembler.Abort(isLast: true);
        Counters.BuffersCompleted += _posted.Release(null);
        _transmit.Dispose();
        _fillRing.Dispose();
        _completionRing.Region.Dispose();
    }

    /// <summary>Notes that buffers are posted; all of them or, with an exception, none.</summary>
    private static void Mark(VirtualRegistration registration, ReadOnlySpan<BufferHandle> buffers)
    {
        for (int i = 0; i < buffers.Length; i++)
        {
            if (registration.TryMark(buffers[i])) continue;
            foreach (BufferHandle marked in buffers[..i]) registration.Unmark(marked);
            throw new InvalidOperationException($"Buffer {buffers[i]} is stale, of another pool, or posted already.");
        }
    }

    private int SlotOf(uint index) => (int)(index & (uint)(_options.RingSize - 1)) * RxCompletion.Size;

    private bool IsCompleted(SharedSpan entry)
    {
        Span<byte> owner = stackalloc byte[4];
        entry.Slice(RxCompletion.OwnerOffset, 4).CopyTo(owner);
        uint word = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(owner);
        return word == RxCompletion.OwnerOf(_consumed, _ringShift) || (word != 0 && !Checks(CompletionChecks.Owner));
    }

    /// <summary>Looks at the owner word, then copies the entry once; nothing of it is read from shared memory again.</summary>
    private bool TryTakeCompletion(out RxCompletion completion)
    {
        SharedSpan entry = _completionRing.Window(_completions, SlotOf(_consumed), RxCompletion.Size);
        if (!IsCompleted(entry))
        {
            completion = default;
            return false;
        }
        Volatile.ReadBarrier(); // the owner word before the entry
        entry.TakeLine(out HeaderLine line);
        completion = RxCompletion.Read(line);
        _consumed++;
        return true;
    }

    /// <summary>Whether a check is switched on. Asked only once a check failed, so it costs an honest device nothing.</summary>
    private bool Checks(CompletionChecks check) => (_options.Checks & check) != 0;

    /// <summary>Checks one completion against what was posted, and adds its buffer to the frame.</summary>
    private ChainProgress Assemble(in RxCompletion completion)
    {
        PostedBuffers posted = _posted;
        if (!posted.IsOurs(completion.BufferId))
        {
            if (Checks(CompletionChecks.Queue))
                return _assembler.Refuse(completion, completion.BufferId >= (uint)(_options.Queues * _options.RingSize) ? DropReason.BadBufferId : DropReason.WrongQueue);
            posted = _nic.PostedUnder(completion.BufferId);
        }
        if (!posted.TryTake(completion.BufferId, out VirtualRegistration registration, out BufferHandle buffer))
        {
            if (Checks(CompletionChecks.Posted)) return _assembler.Refuse(completion, DropReason.NotPosted);
            posted.TakeAgain(completion.BufferId, out registration, out buffer);
        }
        Counters.BuffersCompleted++;
        if (completion.ByteCount > (uint)registration.Pool.BufferSize && Checks(CompletionChecks.Capacity))
        {
            registration.GiveBack(buffer);
            return _assembler.Refuse(completion, DropReason.LengthOverCapacity);
        }
        if (!registration.Pool.IsLive(buffer) && Checks(CompletionChecks.Posted)) return _assembler.Refuse(completion, DropReason.Released);
        return _assembler.Add(completion, new BodySlice(registration.Pool, buffer, 0, LengthOf(completion)));
    }

    /// <summary>How many bytes a completion says there are: with all checks, what was checked.</summary>
    private int LengthOf(in RxCompletion completion)
    {
        if (_options.Checks == CompletionChecks.All) return (int)completion.ByteCount;
        bool isHeader = (completion.Flags & RxFlags.HeaderSplit) != 0 && completion.ChainIndex == 0;
        if (isHeader && !Checks(CompletionChecks.HeaderSplit)) return completion.HeaderLength;
        if (Checks(CompletionChecks.ReadOnce)) return (int)completion.ByteCount;
        _completionRing.Window(_completions, SlotOf(_consumed - 1), RxCompletion.Size).TakeLine(out HeaderLine again);
        return (int)RxCompletion.Read(again).ByteCount;
    }

    /// <summary>Checks what holds for a whole frame, and gives it out.</summary>
    private bool TryFinish(out ReceivedFrame frame)
    {
        frame = default;
        PacketBody body = _assembler.Take(out RxCompletion first, out int buffers);
        if (FaultOf(first, body) is { } fault)
        {
            body.Release();
            Counters.ReceiveDrops.Add(fault);
            return false;
        }
        frame.Body = body;
        frame.Snapshots = _nic.Snapshots;
        frame.Headers = _nic.Snapshots.Rent(body, _nic.Meter);
        frame.LinkType = (LinkType)first.LinkType;
        frame.Interface = (int)(first.Interface & int.MaxValue);
        frame.WireLength = (int)Math.Clamp(first.WireLength, (uint)body.Length, int.MaxValue);
        frame.Arrival = (first.Flags & RxFlags.Stamped) != 0 && first.Nanoseconds < 1_000_000_000 ? new Timestamp(first.Seconds, (int)first.Nanoseconds) : null;
        frame.Checksum = (first.Flags & RxFlags.ChecksumBad) != 0 ? ChecksumVerdict.Bad : (first.Flags & RxFlags.ChecksumGood) != 0 ? ChecksumVerdict.Good : ChecksumVerdict.None;
        frame.RssHash = first.RssHash;
        frame.StrippedVlan = (first.Flags & RxFlags.VlanStripped) != 0 ? first.Vlan : -1;
        frame.SegmentCount = first.Segments;
        frame.SegmentSize = first.Segments > 1 ? first.SegmentSize : 0;
        frame.Tag = CheckedTag(first);
        Count(body.Length, buffers);
        return true;
    }

    /// <summary>What a frame's first completion claims that cannot be.</summary>
    private DropReason? FaultOf(in RxCompletion first, in PacketBody body)
    {
        if ((first.Flags & RxFlags.Error) != 0) return DropReason.DeviceError;
        if ((first.Flags & RxFlags.HeaderSplit) != 0 && (first.HeaderLength == 0 || first.HeaderLength != first.ByteCount) && Checks(CompletionChecks.HeaderSplit)) return DropReason.BadHeaderSplit;
        bool isOne = first.Segments == 1;
        bool isPossible = isOne || (first.Segments > 1 && first.SegmentSize > 0 && (long)(first.Segments - 1) * first.SegmentSize < body.Length);
        return isPossible || !Checks(CompletionChecks.Segments) ? null : DropReason.BadSegments;
    }

    /// <summary>A tag counts only if its rule is programmed and may place frames here; otherwise the frame goes on without one.</summary>
    private FlowTag CheckedTag(in RxCompletion first)
    {
        if ((first.Flags & RxFlags.Tagged) == 0) return FlowTag.None;
        if (_nic.Flows.MayArriveOn(first.Tag, Index) || !Checks(CompletionChecks.Tag)) return first.Tag;
        Counters.ReceiveDrops.Add(DropReason.BadTag);
        return FlowTag.None;
    }

    private void Count(int length, int buffers)
    {
        Counters.FramesReceived++;
        Counters.BytesReceived += length;
        if (buffers <= 1) return;
        Counters.FramesChained++;
        Counters.BuffersChained += buffers - 1;
    }
}
