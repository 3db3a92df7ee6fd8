using System.Buffers.Binary;
using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>The sending half of the device: gathers a frame's pieces through the IOMMU, finishes it, puts it on the wire.</summary>
internal sealed class TransmitSide
{
    private readonly VirtualDevice _device;
    private readonly VirtualNicOptions _options;
    private readonly Ring[] _rings;
    private readonly byte[] _segment;
    private byte[] _frame; // grows to the longest frame met

    internal TransmitSide(VirtualDevice device, VirtualNicOptions options)
    {
        _device = device;
        _options = options;
        _rings = new Ring[options.Queues];
        _frame = new byte[options.MaxPlainLength];
        _segment = new byte[options.MaxPlainLength];
    }

    /// <summary>Where sent frames go; null when no cable is plugged in.</summary>
    internal IWireEnd? Wire { get; set; }

    /// <summary>Whether frames wait because the wire took no more.</summary>
    internal bool IsBlocked => Array.Exists(_rings, r => r.Consumer != r.Producer);

    internal void SetRing(int queue, ulong ringIova, ulong indexIova) => _rings[queue] = new Ring { Iova = ringIova, IndexIova = indexIova };

    /// <summary>Sends what is queued up to a free-running index of entries, as far as the wire takes it.</summary>
    internal void Run(int queue, uint producer)
    {
        ref Ring ring = ref _rings[queue];
        ring.Producer = producer;
        bool moved = false;
        while (ring.Consumer != ring.Producer)
        {
            if (!TryGather(queue, ring, out uint entries, out int length, out TransmitOffload offload))
            {
                _device.Drops.Add(DropReason.IommuFault);
            }
            else if (Wire is null || !_device.IsLinkUp)
            {
                _device.Drops.Add(DropReason.LinkDown);
            }
            else if (!TrySend(ref ring, length, offload))
            {
                break; // the wire is full: go on at the next poll
            }
            ring.Consumer += entries;
            ring.SegmentsSent = 0;
            moved = true;
        }
        if (moved) ReportIndex(queue, ring);
    }

    /// <summary>Tells the driver, in shared memory, how far the device came.</summary>
    private void ReportIndex(int queue, in Ring ring)
    {
        WriteIndex(queue, _options.Tamper?.OnTransmitIndex(queue, ring.Consumer) ?? ring.Consumer);
    }

    internal void WriteIndex(int queue, uint index)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(word, index);
        _device.TryWrite(queue, _rings[queue].IndexIova, word);
    }

    private bool TryGather(int queue, in Ring ring, out uint entries, out int length, out TransmitOffload offload)
    {
        Span<byte> bytes = stackalloc byte[TxEntry.Size];
        entries = 0;
        length = 0;
        offload = default;
        bool isGood = true;
        while (true)
        {
            uint slot = (ring.Consumer + entries) & (uint)(_options.RingSize - 1);
            if (!_device.TryRead(queue, ring.Iova + slot * TxEntry.Size, bytes)) isGood = false;
            TxEntry entry = TxEntry.Read(bytes);
            if (entries == 0) offload = entry.Offload;
            entries++;
            if (isGood && entry.Length > 0)
            {
                _device.Sending(queue, entry.Iova, (int)entry.Length);
                isGood = TryReserve(length + (long)entry.Length) && _device.TryRead(queue, entry.Iova, _frame.AsSpan(length, (int)entry.Length));
                if (isGood) length += (int)entry.Length;
            }
            if (entry.IsLast || ring.Consumer + entries == ring.Producer) return isGood;
        }
    }

    private bool TryReserve(long length)
    {
        if (length > _options.MaxFrameLength) return false;
        if (length > _frame.Length) Array.Resize(ref _frame, (int)Math.Min(_options.MaxFrameLength, length * 2));
        return true;
    }

    /// <summary>Puts a gathered frame on the wire.</summary>
    /// <returns>False when the wire took not all of it.</returns>
    private bool TrySend(ref Ring ring, int length, TransmitOffload offload)
    {
        Span<byte> frame = _frame.AsSpan(0, length);
        if (offload.WantsSegmentation && length > offload.HeaderLength + offload.SegmentSize)
        {
            if (SegmentCutter.CanCut(frame, offload.HeaderLength, _options.LinkType)) return TrySendSegments(ref ring, frame, offload);
            _device.Drops.Add(DropReason.Unsupported);
            return true;
        }
        Checksums.Insert(frame, offload);
        return Wire!.TryDeliver(frame, new WireFrame(length, _options.LinkType));
    }

    private bool TrySendSegments(ref Ring ring, Span<byte> frame, TransmitOffload offload)
    {
        int payload = frame.Length - offload.HeaderLength;
        int segments = (payload + offload.SegmentSize - 1) / offload.SegmentSize;
        if (_options.KeepSegments)
        {
            Checksums.Insert(frame, offload);
            return Wire!.TryDeliver(frame, new WireFrame(frame.Length, _options.LinkType, SegmentCount: segments, SegmentSize: offload.SegmentSize));
        }
        // A frame that was cut in part before the wire became full goes on where it stopped.
        for (; ring.SegmentsSent < segments; ring.SegmentsSent++)
        {
            int cut = SegmentCutter.Cut(frame, _segment, offload.HeaderLength, ring.SegmentsSent, offload.SegmentSize, _options.LinkType);
            Checksums.Insert(_segment.AsSpan(0, cut), offload);
            if (!Wire!.TryDeliver(_segment.AsSpan(0, cut), new WireFrame(cut, _options.LinkType))) return false;
        }
        return true;
    }

    private struct Ring
    {
        internal ulong Iova;
        internal ulong IndexIova;
        internal uint Producer;
        internal uint Consumer;
        internal int SegmentsSent; // of the frame at the consumer's place
    }
}
