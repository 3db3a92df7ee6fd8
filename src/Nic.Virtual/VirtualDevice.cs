using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>
/// The device: what would be silicon. It knows rings and buffers by address only and reaches memory through the IOMMU; it has
/// no reference to a pool, a registration or a client. The driver talks to it by doorbells.
/// </summary>
internal sealed class VirtualDevice
{
    private readonly VirtualNicOptions _options;
    private readonly Iommu _iommu;
    private readonly FlowTable _flows;
    private readonly Toeplitz _toeplitz;
    private readonly byte[] _rssTable;
    private readonly ReceiveSide[] _receive;
    private readonly DeviceControls _controls;
    private readonly int _ringShift;
    private SeededRandom _random;

    internal VirtualDevice(VirtualNicOptions options, Iommu iommu, FlowTable flows)
    {
        _options = options;
        _iommu = iommu;
        _flows = flows;
        _ringShift = System.Numerics.BitOperations.Log2((uint)options.RingSize);
        _random = new SeededRandom(options.Seed);
        _controls = new DeviceControls(this);
        _rssTable = new byte[options.RssTableSize];
        for (int i = 0; i < _rssTable.Length; i++) _rssTable[i] = (byte)(i % (options.RssQueues ?? options.Queues));
        _toeplitz = new Toeplitz(options.RssKey is { } key ? key.Span : Toeplitz.DefaultKey);
        _receive = new ReceiveSide[options.Queues];
        for (int i = 0; i < _receive.Length; i++) _receive[i] = new ReceiveSide(options.RingSize);
        Transmit = new TransmitSide(this, options);
        options.Tamper?.OnAttach(_controls);
    }

    internal int Queues => _options.Queues;

    internal int RingSize => _options.RingSize;

    /// <summary>The sending half.</summary>
    internal TransmitSide Transmit { get; }

    /// <summary>The present, as the driver last told it.</summary>
    internal Instant Now { get; set; }

    /// <summary>Whether frames pass.</summary>
    internal bool IsLinkUp { get; set; } = true;

    /// <summary>Whether the device was taken down for good: it reaches no memory any more.</summary>
    internal bool IsDead { get; set; }

    /// <summary>Frames completed since the driver last armed itself.</summary>
    internal int Unannounced { get; set; }

    /// <summary>How often the driver rang: once for each batch, not for each buffer.</summary>
    internal long Doorbells { get; private set; }

    /// <summary>What the device dropped before it reached a ring.</summary>
    internal DropCounters Drops { get; } = new();

    internal int DomainOf(int queue) => _options.Domains == DomainBinding.PerQueue ? queue + 1 : 1;

    /// <summary>The driver says where a queue's receive rings lie.</summary>
    internal void SetRings(int queue, ulong fillIova, ulong completionIova)
    {
        _receive[queue].FillIova = fillIova;
        _receive[queue].CompletionIova = completionIova;
    }

    /// <summary>The driver posted buffers: fetch their descriptors up to a free-running index.</summary>
    internal void FillDoorbell(int queue, uint producer)
    {
        ReceiveSide side = _receive[queue];
        Doorbells++;
        Span<byte> bytes = stackalloc byte[FillEntry.Size];
        for (; side.Fetched != producer && side.PostedCount < _options.RingSize; side.Fetched++)
        {
            uint slot = side.Fetched & (uint)(_options.RingSize - 1);
            if (!TryRead(queue, side.FillIova + slot * FillEntry.Size, bytes)) continue;
            FillEntry entry = FillEntry.Read(bytes);
            side.At(side.PostedCount++) = entry;
            _options.Tamper?.OnPosted(queue, new PostedBuffer(entry.BufferId, entry.Iova, (int)entry.Capacity));
        }
    }

    /// <summary>The driver took completions up to a free-running index.</summary>
    internal void CompletionDoorbell(int queue, uint consumer) => _receive[queue].Consumed = consumer;

    /// <summary>Gives back the numbers of posted buffers that lie in a range of addresses; they will not be written any more.</summary>
    internal void Withdraw(int queue, ulong start, ulong end, List<uint> ids)
    {
        ReceiveSide side = _receive[queue];
        int kept = 0;
        for (int i = 0; i < side.PostedCount; i++)
        {
            FillEntry entry = side.At(i);
            if (entry.Iova >= start && entry.Iova < end) ids.Add(entry.BufferId);
            else side.At(kept++) = entry;
        }
        side.PostedCount = kept;
    }

    /// <summary>The driver read something of a completion ring.</summary>
    internal void RingRead(int queue) => _options.Tamper!.OnRingRead(queue, _controls);

    /// <summary>The driver polls: what a hostile device does without a frame.</summary>
    internal void Poll() => _options.Tamper?.OnPoll(_controls);

    /// <summary>The driver queued frames to send up to a free-running index of entries.</summary>
    internal void TransmitDoorbell(int queue, uint producer)
    {
        Doorbells++;
        Transmit.Run(queue, producer);
    }

    /// <summary>A frame comes in from the wire: filter, steer, place, complete.</summary>
    /// <returns>False when its queue has no room for all of it; nothing was written then.</returns>
    internal bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        if (frame.Length > _options.MaxFrameLength || (info.SegmentCount > 1 && !_options.ReceiveCoalescing))
        {
            Drops.Add(DropReason.TooLong);
            return true;
        }
        FrameKey key = FrameKey.Read(frame, info.LinkType);
        if (!_options.Promiscuous && key.HasMac && key.DestinationMac != _options.Mac && !key.DestinationMac.IsMulticast) return true;
        uint hash = _toeplitz.Hash(key);
        int queue = _rssTable[(int)(hash & (uint)(_rssTable.Length - 1))];
        FlowRule? rule = _flows.Match(key, out FlowTag tag);
        if (rule?.Action == FlowAction.Drop)
        {
            Drops.Add(DropReason.FlowRule);
            return true;
        }
        if (rule?.Action == FlowAction.Queue) queue = rule.Queue;
        RxCompletion completion = Describe(info, hash, tag, frame, key);
        _options.Tamper?.OnPlace(frame, ref queue, ref completion);
        if (_options.VlanStrip && key.Vlan >= 0 && key.HasMac && frame.Length >= 18)
        {
            completion.Flags |= RxFlags.VlanStripped;
            completion.Vlan = BinaryPrimitives.ReadUInt16BigEndian(frame[14..]);
            completion.WireLength -= 4;
            return TryPlace(queue, frame[..12], frame[16..], completion, HeadersEnd(frame, key) - 4);
        }
        return TryPlace(queue, frame, default, completion, HeadersEnd(frame, key));
    }

    /// <summary>Writes a completion as the device's next entry, the owner word last.</summary>
    internal void WriteCompletion(int queue, in RxCompletion completion)
    {
        WriteEntry(queue, _receive[queue].Produced++, completion);
        if ((completion.Flags & RxFlags.EndOfPacket) != 0) Unannounced++;
    }

    /// <summary>The index of the completion that is written next.</summary>
    internal uint NextCompletion(int queue) => _receive[queue].Produced;

    internal int CompletionRoom(int queue) => Math.Max(0, _options.RingSize - (int)(_receive[queue].Produced - _receive[queue].Consumed));

    /// <summary>Writes a completion as any entry, the owner word last.</summary>
    internal void WriteEntry(int queue, uint index, in RxCompletion completion)
    {
        if (IsDead) return;
        ReceiveSide side = _receive[queue];
        uint slot = index & (uint)(_options.RingSize - 1);
        if (!_iommu.TryTranslate(DomainOf(queue), side.CompletionIova + slot * RxCompletion.Size, RxCompletion.Size, DmaDirection.Write, Now, out DmaRegion ring, out int offset)) return;
        Span<byte> entry = new DeviceMemory(ring).Span(offset, RxCompletion.Size);
        completion.Write(entry);
        Volatile.WriteBarrier(); // the entry before its owner word
        BinaryPrimitives.WriteUInt32LittleEndian(entry[RxCompletion.OwnerOffset..], RxCompletion.OwnerOf(index, _ringShift));
    }

    internal bool TryWrite(int queue, ulong iova, ReadOnlySpan<byte> bytes)
    {
        if (IsDead || !_iommu.TryTranslate(DomainOf(queue), iova, bytes.Length, DmaDirection.Write, Now, out DmaRegion region, out int offset)) return false;
        bytes.CopyTo(new DeviceMemory(region).Span(offset, bytes.Length));
        return true;
    }

    internal bool TryRead(int queue, ulong iova, Span<byte> bytes)
    {
        if (IsDead || !_iommu.TryTranslate(DomainOf(queue), iova, bytes.Length, DmaDirection.Read, Now, out DmaRegion region, out int offset)) return false;
        new DeviceMemory(region).Span(offset, bytes.Length).CopyTo(bytes);
        return true;
    }

    /// <summary>The host read bytes of a buffer.</summary>
    internal void Fetched(int queue, ulong buffer, int offset, int length) => _options.Tamper!.OnFetched(queue, buffer, offset, length);

    /// <summary>The device is about to read a piece of a frame to send.</summary>
    internal void Sending(int queue, ulong address, int length) => _options.Tamper?.OnTransmit(queue, address, length);

    private RxCompletion Describe(in WireFrame info, uint hash, FlowTag tag, ReadOnlySpan<byte> frame, in FrameKey key)
    {
        RxCompletion completion = new()
        {
            RssHash = hash,
            Tag = tag,
            Flags = tag.IsNone ? RxFlags.None : RxFlags.Tagged,
            Segments = (ushort)Math.Clamp(info.SegmentCount, 1, ushort.MaxValue),
            SegmentSize = (ushort)Math.Clamp(info.SegmentSize, 0, ushort.MaxValue),
            LinkType = (ushort)info.LinkType,
            Interface = (uint)info.Interface,
            WireLength = (uint)info.WireLength,
        };
        if (info.Arrival is { } arrival)
        {
            completion.Flags |= RxFlags.Stamped;
            completion.Seconds = arrival.Seconds;
            completion.Nanoseconds = (uint)arrival.Nanoseconds;
        }
        if (_options.ReceiveChecksum) completion.Flags |= Checksums.Verdict(frame, key);
        return completion;
    }

    /// <summary>Places a frame, given as two parts, into as many posted buffers as it takes; all of it or nothing.</summary>
    private bool TryPlace(int queue, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, RxCompletion completion, int headersEnd)
    {
        ReceiveSide side = _receive[queue];
        int length = first.Length + second.Length;
        if (!_options.InOrder) Shuffle(side);
        int split = SplitOf(side, length, headersEnd);
        int buffers = BuffersFor(side, length, split);
        if (buffers == 0 || side.Produced - side.Consumed + (uint)buffers > (uint)_options.RingSize) return false;
        int at = 0;
        for (int i = 0; i < buffers; i++)
        {
            FillEntry entry = side.At(i);
            int taken = Math.Min((int)entry.Capacity, i == 0 && split > 0 ? split : length - at);
            if (!TryWriteParts(queue, entry.Iova, first, second, at, taken)) completion.Flags |= RxFlags.Error;
            at += taken;
            completion.BufferId = entry.BufferId;
            completion.ByteCount = (uint)taken;
            completion.ChainIndex = (ushort)i;
            if (split > 0)
            {
                completion.HeaderLength = (ushort)split;
                completion.Flags |= RxFlags.HeaderSplit;
            }
            if (i == buffers - 1) completion.Flags |= RxFlags.EndOfPacket;
            Complete(queue, completion);
        }
        side.RemoveFirst(buffers);
        return true;
    }

    private void Complete(int queue, RxCompletion completion)
    {
        if (_options.Tamper is not { } tamper)
        {
            WriteCompletion(queue, completion);
            return;
        }
        tamper.OnCompletion(queue, ref completion);
        if (tamper.Withholds(queue, completion)) return;
        WriteCompletion(queue, completion);
        tamper.AfterCompletion(queue, completion, _controls);
    }

    private static int BuffersFor(ReceiveSide side, int length, int split)
    {
        int room = 0;
        for (int i = 0; i < side.PostedCount; i++)
        {
            int capacity = (int)side.At(i).Capacity;
            room += i == 0 && split > 0 ? split : capacity;
            if (room >= length) return i + 1;
        }
        return 0;
    }

    private bool TryWriteParts(int queue, ulong iova, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, int at, int count)
    {
        int fromFirst = Math.Clamp(first.Length - at, 0, count);
        return (fromFirst == 0 || TryWrite(queue, iova, first.Slice(at, fromFirst)))
            && (count == fromFirst || TryWrite(queue, iova + (ulong)fromFirst, second.Slice(at + fromFirst - first.Length, count - fromFirst)));
    }

    /// <summary>Where the headers of a TCP or UDP frame end; 0 where they cannot be told.</summary>
    internal static int HeadersEnd(ReadOnlySpan<byte> frame, in FrameKey key) => key.Protocol switch
    {
        IpProtocol.Tcp when key.HasPorts && frame.Length >= key.TransportOffset + TcpView.MinSize => key.TransportOffset + (frame[key.TransportOffset + 12] >> 4) * 4,
        IpProtocol.Udp when key.HasPorts => key.TransportOffset + UdpView.Size,
        _ => 0,
    };

    /// <summary>How many bytes of a frame go into a buffer of their own as headers; 0 for none.</summary>
    private int SplitOf(ReceiveSide side, int length, int headersEnd)
    {
        bool isSplit = _options.HeaderSplit && length > _options.HeaderSplitThreshold && headersEnd > 0 && headersEnd < length;
        return isSplit && side.PostedCount > 0 && headersEnd <= side.At(0).Capacity ? headersEnd : 0;
    }

    /// <summary>Brings a random posted buffer to the front, so that buffers come home in another order than they went out.</summary>
    private void Shuffle(ReceiveSide side)
    {
        if (side.PostedCount < 2) return;
        int other = _random.Below(side.PostedCount);
        (side.At(0), side.At(other)) = (side.At(other), side.At(0));
    }

    /// <summary>The device's private side of one receive queue.</summary>
    private sealed class ReceiveSide(int ringSize)
    {
        private readonly FillEntry[] _posted = new FillEntry[ringSize]; // a ring: the first is filled next
        private int _head;

        internal int PostedCount;
        internal uint Fetched;  // fill entries taken
        internal uint Produced; // completions written
        internal uint Consumed; // completions the driver said it took
        internal ulong FillIova;
        internal ulong CompletionIova;

        internal ref FillEntry At(int index) => ref _posted[(_head + index) & (_posted.Length - 1)];

        internal void RemoveFirst(int count)
        {
            PostedCount -= count;
            _head = (_head + count) & (_posted.Length - 1);
        }
    }
}
