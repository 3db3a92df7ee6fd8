using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

/// <summary>
/// A NIC without a wire: frames are injected into posted buffers, and what is transmitted is kept as bytes. It has a flow table,
/// maps as a real one does, and can be told to place a frame wrong or to rewrite every byte that was fetched.
/// </summary>
internal sealed class MemoryNic : INic
{
    private readonly MemoryQueue[] _queues;
    private readonly MemoryFlowTable? _flows;
    private readonly List<MemoryRegistration> _closing = [];
    private readonly Dictionary<DmaRegion, int[]> _reads = [];
    private Action? _wake;
    private bool _armed;

    public MemoryNic(int queues = 1, int flowRoom = 0, int ringSize = 1024, LinkType linkType = LinkType.Ethernet)
    {
        Info = new NicInfo("mem0", new MacAddress(0x02_00_00_00_00_01), linkType, 1500, flowRoom > 0 ? NicCapabilities.FlowSteering : 0);
        _queues = [.. Enumerable.Range(0, queues).Select(i => new MemoryQueue(this, i, ringSize))];
        _flows = flowRoom > 0 ? new MemoryFlowTable(flowRoom) : null;
    }

    public NicInfo Info { get; }
    public bool IsLinkUp { get; set; } = true;
    public IReadOnlyList<INicQueue> Queues => _queues;
    public IFlowSteering? Steering => _flows;
    public MemoryFlowTable Flows => _flows!;
    public Instant? NextDeadline => null;
    public FetchMeter Meter { get; } = new();
    public List<byte[]> Sent { get; } = [];
    public List<int> SentOn { get; } = [];
    public int Maps { get; private set; }
    public int Unmaps { get; private set; }

    /// <summary>How many more frames the device takes; the rest waits with whoever sends.</summary>
    public int TransmitRoom { get; set; } = int.MaxValue;

    /// <summary>Whether fetched bytes are overwritten right after each fetch.</summary>
    public bool Scramble { get; set; }

    /// <summary>Bytes the device claims to have written into a buffer and has not.</summary>
    public int Overclaim { get; set; }

    /// <summary>Whether the driver refuses what the device completes: the buffer comes back without a frame.</summary>
    public bool RefuseCompletions { get; set; }

    /// <summary>Whether what is sent is kept.</summary>
    public bool KeepSent { get; set; } = true;

    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)queue, (uint)_queues.Length);
        Maps++;
        pool.Region.AddRegistration();
        MemoryRegistration registration = new(this, pool, queue, use);
        _queues[queue].Registrations.Add(registration);
        if ((use & BufferUse.Receive) != 0)
        {
            DeviceMemory memory = new(pool.Region);
            int[] reads = new int[pool.Region.Length];
            _reads[pool.Region] = reads;
            memory.OnFetched((offset, length) =>
            {
                foreach (ref int count in reads.AsSpan(offset, length)) count++;
                if (Scramble) memory.Span(offset, length).Fill(0xEE);
            });
        }
        return registration;
    }

    public void Poll(Instant now)
    {
        foreach (MemoryRegistration registration in _closing.ToArray())
        {
            if (!_queues[registration.Queue].HasCompleted(registration)) Close(registration);
        }
    }

    public void OnWake(Action? wake) => _wake = wake;

    public bool TryArm()
    {
        _armed = true;
        if (_queues.All(q => q.Waiting == 0)) return true;
        _armed = false;
        return false;
    }

    public void Dispose()
    {
    }

    /// <summary>A frame arrives and goes where the flow table says, else to queue 0.</summary>
    public bool Inject(ReadOnlySpan<byte> frame, Action<TemplateBox>? more = null)
    {
        int queue = 0;
        FlowTag tag = default;
        _flows?.Place(frame, ref queue, ref tag);
        return InjectOn(frame, queue, tag, more);
    }

    /// <summary>A frame arrives on a queue with a tag, whatever the flow table says.</summary>
    public bool InjectOn(ReadOnlySpan<byte> frame, int queue, FlowTag tag, Action<TemplateBox>? more = null)
    {
        bool taken = _queues[queue].Write(frame, tag, more);
        if (taken && _armed)
        {
            _armed = false;
            _wake?.Invoke();
        }
        return taken;
    }

    /// <summary>How often each byte of a received frame was read since it arrived.</summary>
    public int[] ReadsOf(in PacketBody body)
    {
        List<int> counts = [];
        for (int i = 0; i < body.SliceCount; i++)
        {
            BodySlice slice = body.Slice(i);
            counts.AddRange(_reads[slice.Pool.Region].AsSpan(slice.Pool.RegionOffset(slice.Buffer) + slice.Offset, slice.Length));
        }
        return [.. counts];
    }

    /// <summary>The most often any byte was read since its frame arrived.</summary>
    public int MostReads => _reads.Values.Max(r => r.Max());

    internal void Written(DmaRegion region, int offset, int length) => _reads[region].AsSpan(offset, length).Clear();

    internal void BeginClose(MemoryRegistration registration)
    {
        _queues[registration.Queue].TakeBack(registration);
        _closing.Add(registration);
    }

    private void Close(MemoryRegistration registration)
    {
        _closing.Remove(registration);
        _queues[registration.Queue].Registrations.Remove(registration);
        registration.Pool.Region.RemoveRegistration();
        Unmaps++;
        registration.Done.SetResult();
    }
}

/// <summary>Metadata of an injected frame.</summary>
internal sealed class TemplateBox
{
    public ReceivedFrame Frame;
}

internal sealed class MemoryRegistration(MemoryNic nic, BufferPool pool, int queue, BufferUse use) : BufferRegistration(pool, queue, use)
{
    private bool _active = true;

    public TaskCompletionSource Done { get; } = new();

    public override bool IsActive => _active;

    public override ValueTask UnregisterAsync()
    {
        if (_active)
        {
            _active = false;
            nic.BeginClose(this);
        }
        return new ValueTask(Done.Task);
    }
}

internal sealed class MemoryQueue(MemoryNic nic, int index, int ringSize) : INicQueue
{
    private readonly Queue<(MemoryRegistration Registration, BufferHandle Buffer)> _posted = new();
    private readonly Queue<(MemoryRegistration? Registration, ReceivedFrame Frame)> _completed = new();
    private readonly HeaderSnapshotPool _snapshots = new();

    public int Index => index;
    public List<MemoryRegistration> Registrations { get; } = [];
    public int PostRoom => ringSize - _posted.Count;
    public int Waiting => _completed.Count;
    public int SnapshotsOut => _snapshots.Outstanding;
    public QueueCounters Counters { get; } = new();

    public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers)
    {
        if (registration is not MemoryRegistration own || own.Queue != index || !own.IsActive || (own.Use & BufferUse.Receive) == 0)
            throw new InvalidOperationException("Wrong registration.");
        int taken = 0;
        for (; taken < buffers.Length && PostRoom > 0; taken++)
        {
            if (!own.Pool.IsLive(buffers[taken])) throw new InvalidOperationException("Stale.");
            _posted.Enqueue((own, buffers[taken]));
        }
        Counters.BuffersPosted += taken;
        return taken;
    }

    public int Receive(Span<ReceivedFrame> frames)
    {
        int count = 0;
        while (count < frames.Length && _completed.Count > 0)
        {
            ReceivedFrame frame = _completed.Dequeue().Frame;
            Counters.FramesReceived++;
            Counters.BytesReceived += frame.Length;
            frames[count++] = frame;
        }
        return count;
    }

    public int Transmit(ReadOnlySpan<TransmitFrame> frames)
    {
        int accepted = 0;
        for (; accepted < frames.Length && nic.TransmitRoom > 0; accepted++)
        {
            TransmitFrame frame = frames[accepted];
            nic.TransmitRoom--;
            Send(frame);
            frame.Body.Release();
        }
        return accepted;
    }

    public bool HasCompleted(MemoryRegistration registration) => _completed.Any(c => c.Registration == registration);

    public void TakeBack(MemoryRegistration registration)
    {
        for (int i = _posted.Count; i > 0; i--)
        {
            (MemoryRegistration of, BufferHandle buffer) = _posted.Dequeue();
            if (of == registration)
            {
                of.Pool.Release(buffer);
                Counters.BuffersCompleted++;
            }
            else
            {
                _posted.Enqueue((of, buffer));
            }
        }
    }

    public bool Write(ReadOnlySpan<byte> frame, FlowTag tag, Action<TemplateBox>? more)
    {
        int need = 0;
        int bytes = 0;
        foreach ((MemoryRegistration registration, BufferHandle _) in _posted)
        {
            if (bytes >= frame.Length && need > 0) break;
            need++;
            bytes += registration.Pool.BufferSize;
        }
        if (need == 0 || bytes < frame.Length)
        {
            Counters.ReceiveDrops.Add(DropReason.NoBuffer);
            return false;
        }
        PacketBody body = default;
        MemoryRegistration? first = null;
        do
        {
            (MemoryRegistration registration, BufferHandle buffer) = _posted.Dequeue();
            first ??= registration;
            int length = Math.Min(frame.Length, registration.Pool.BufferSize);
            nic.Written(registration.Pool.Region, registration.Pool.RegionOffset(buffer), registration.Pool.BufferSize);
            frame[..length].CopyTo(new DeviceMemory(registration.Pool.Region).Span(registration.Pool.RegionOffset(buffer), length));
            body.Append(new BodySlice(registration.Pool, buffer, 0, Math.Min(length + nic.Overclaim, registration.Pool.BufferSize)));
            frame = frame[length..];
            Counters.BuffersCompleted++;
        }
        while (frame.Length > 0);
        if (nic.RefuseCompletions)
        {
            body.Release();
            return true;
        }
        ReceivedFrame received = new()
        {
            Body = body,
            Headers = _snapshots.Rent(body, nic.Meter),
            Snapshots = _snapshots,
            LinkType = nic.Info.LinkType,
            WireLength = body.Length,
            Tag = tag,
            StrippedVlan = -1,
            SegmentCount = 1,
        };
        if (more is not null)
        {
            TemplateBox box = new() { Frame = received };
            more(box);
            received = box.Frame;
        }
        _completed.Enqueue((first, received));
        return true;
    }

    private void Send(in TransmitFrame frame)
    {
        for (int i = 0; i < frame.Body.SliceCount; i++)
        {
            BufferPool pool = frame.Body.Slice(i).Pool;
            if (Registrations.Any(r => r.Pool == pool && (r.Use & BufferUse.Transmit) != 0)) continue;
            Counters.TransmitDrops.Add(DropReason.IommuFault);
            return;
        }
        Counters.FramesSent++;
        Counters.BytesSent += frame.Length;
        if (!nic.KeepSent) return;
        byte[] bytes = new byte[frame.Length];
        frame.Headers.Bytes.CopyTo(bytes);
        frame.Body.CopyTo(0, bytes.AsSpan(frame.Headers.Length), new FetchMeter());
        nic.Sent.Add(bytes);
        nic.SentOn.Add(index);
    }
}
