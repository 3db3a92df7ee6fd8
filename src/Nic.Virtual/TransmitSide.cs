using System.Buffers.Binary;
using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>The sending half of the device: gathers a frame's pieces through the IOMMU, finishes it, puts it on the wire.</summary>
internal sealed class TransmitSide
{
    private readonly VirtualDevice _device;
    private readonly VirtualNicOptions _options;
    private readonly Ring[] _rings;
    private readonly byte[] _frame;
    private readonly byte[] _segment;

    internal TransmitSide(VirtualDevice device, VirtualNicOptions options)
    {
        _device = device;
        _options = options;
        _rings = new Ring[options.Queues];
        _frame = new byte[options.MaxFrameLength];
        _segment = new byte[options.MaxFrameLength];
    }

    /// <summary>Where sent frames go; null when no cable is plugged in.</summary>
    internal IWireEnd? Wire { get; set; }

    internal void SetRing(int queue, ulong ringIova, ulong indexIova) => _rings[queue] = new Ring { Iova = ringIova, IndexIova = indexIova };

    /// <summary>The driver queued frames up to a free-running index of entries.</summary>
    internal void Doorbell(int queue, uint producer)
    {
        _rings[queue].Producer = producer;
        Run(queue);
    }

    /// <summary>Sends what is queued, as far as the wire takes it.</summary>
    internal void Run(int queue)
    {
        ref Ring ring = ref _rings[queue];
        bool moved = false;
        while (ring.Consumer != ring.Producer)
        {
            if (!TryGather(queue, ring, out uint entries, out int length, out TransmitOffload offload))
            {
                _device.Drops.Add(DropReason.IommuFault);
            }
            else if (Wire is null)
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
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(word, _options.Tamper?.OnTransmitIndex(queue, ring.Consumer) ?? ring.Consumer);
        _device.TryWrite(queue, ring.IndexIova, word);
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
                isGood = entry.Length <= _frame.Length - length && _device.TryRead(queue, entry.Iova, _frame.AsSpan(length, (int)entry.Length));
                if (isGood) length += (int)entry.Length;
            }
            if (entry.IsLast || ring.Consumer + entries == ring.Producer) return isGood;
        }
    }

    private bool TrySend(ref Ring ring, int length, TransmitOffload offload)
    {
        Span<byte> frame = _frame.AsSpan(0, length);
        int headers = offload.HeaderLength;
        if (!offload.WantsSegmentation || headers == 0 || headers >= length)
        {
            Checksums.Insert(frame, offload);
            return Wire!.TryDeliver(frame, new WireFrame(length, _options.LinkType));
        }
        // A frame that was cut in part before the wire became full goes on where it stopped.
        int payload = length - headers;
        int segments = (payload + offload.SegmentSize - 1) / offload.SegmentSize;
        for (; ring.SegmentsSent < segments; ring.SegmentsSent++)
        {
            int cut = SegmentCutter.Cut(frame, _segment, headers, ring.SegmentsSent, offload.SegmentSize);
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
