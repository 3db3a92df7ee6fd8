using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>The one queue of a capture file.</summary>
internal sealed class CaptureNicQueue : INicQueue
{
    private readonly CaptureNic _nic;
    private readonly CaptureWriter? _sent;
    private readonly int _sentInterface;
    private Timestamp? _latest; // the capture's own present

    internal CaptureNicQueue(CaptureNic nic, CaptureWriter? sent)
    {
        _nic = nic;
        _sent = sent;
        _sentInterface = sent?.AddInterface(nic.Info.LinkType, name: nic.Info.Name) ?? 0;
    }

    public int Index => 0;

    public int PostRoom => 0;

    public QueueCounters Counters { get; } = new();

    public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers)
    {
        if (registration is not CaptureRegistration { IsActive: true } || (registration.Use & BufferUse.Receive) == 0)
            throw new InvalidOperationException($"The registration is not for receiving on {_nic.Info.Name}, or is being withdrawn.");
        return 0;
    }

    public int Receive(Span<ReceivedFrame> frames)
    {
        int count = 0;
        while (count < frames.Length && _nic.TryTake(out PacketFields fields, isFirst: count == 0))
        {
            fields.Options.Release();
            frames[count++] = Frame(fields);
        }
        return count;
    }

    public int Transmit(ReadOnlySpan<TransmitFrame> frames)
    {
        foreach (ref readonly TransmitFrame frame in frames)
        {
            if (Refuse(frame) is { } reason) Counters.TransmitDrops.Add(reason);
            PacketBody body = frame.Body;
            body.Release();
        }
        return frames.Length;
    }

    private ReceivedFrame Frame(in PacketFields fields)
    {
        int length = fields.Body.Length;
        Counters.FramesReceived++;
        Counters.BytesReceived += length;
        if (fields.Body.SliceCount > 1)
        {
            Counters.FramesChained++;
            Counters.BuffersChained += fields.Body.SliceCount - 1;
        }
        _latest = fields.Timestamp ?? _latest;
        return new ReceivedFrame
        {
            Body = fields.Body,
            Headers = _nic.Snapshots.Rent(fields.Body, _nic.Meter),
            Snapshots = _nic.Snapshots,
            LinkType = fields.LinkType,
            Interface = fields.Interface,
            WireLength = Math.Max(fields.WireLength, length), // a wrong file may say less
            Arrival = fields.Timestamp,
            StrippedVlan = -1,
            SegmentCount = 1,
        };
    }

    /// <summary>Writes a frame to send.</summary>
    /// <returns>Why it was not written; null when it was.</returns>
    private DropReason? Refuse(in TransmitFrame frame)
    {
        if (_sent is null) return DropReason.ReceiveOnly;
        if (frame.Length == 0) return DropReason.TooShort;
        if (frame.Length > CaptureFormat.MaxCapturedOf(_nic.Info.LinkType)) return DropReason.TooLong;
        if (frame.Offload.WantsSegmentation || frame.Offload.WantsChecksum) return DropReason.Unsupported;
        try
        {
            _sent.Write(frame.Headers.Bytes, frame.Body, frame.Length, TimeToWrite(), _sentInterface, direction: PacketDirection.Outbound);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return DropReason.DeviceError; // the writer tells its owner the cause
        }
        catch (Exception e) when (e is NotSupportedException or ArgumentException)
        {
            return DropReason.Unsupported; // a pcap file of another link type, or a section that was begun since
        }
        Counters.FramesSent++;
        Counters.BytesSent += frame.Length;
        return null;
    }

    /// <summary>A frame is sent when the last one was received; null where the interface cannot hold that time.</summary>
    private Timestamp? TimeToWrite() =>
        _latest is { } time && _sent!.Interfaces[_sentInterface].Resolution.TryToUnits(time, 0, out _) ? time : null;
}

/// <summary>A pool that a capture file was given. Nothing is mapped, since nothing of a file reaches it.</summary>
internal sealed class CaptureRegistration : BufferRegistration
{
    private bool _isActive = true;

    internal CaptureRegistration(BufferPool pool, BufferUse use)
        : base(pool, 0, use)
    {
    }

    public override bool IsActive => _isActive;

    public override ValueTask UnregisterAsync()
    {
        _isActive = false;
        return ValueTask.CompletedTask;
    }
}
