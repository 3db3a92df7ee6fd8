using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>The other end of the cable: keeps what comes out, as far as it has room.</summary>
internal sealed class Wire : IWireEnd
{
    public List<byte[]> Frames { get; } = [];

    /// <summary>How many came.</summary>
    public int Taken { get; private set; }

    /// <summary>Whether they are kept.</summary>
    public bool IsKeeping { get; init; } = true;

    /// <summary>Whether it takes frames.</summary>
    public bool IsOpen { get; set; } = true;

    /// <summary>How many frames say that they come from another MAC or IP address than these.</summary>
    public int Forged(MacAddress mac, IpAddress address) => Frames.Count(f => IsForged(f, mac, address));

    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        if (!IsOpen) return false;
        Taken++;
        if (IsKeeping) Frames.Add(frame.ToArray());
        return true;
    }

    private static bool IsForged(byte[] frame, MacAddress mac, IpAddress address)
    {
        if (MacAddress.Read(frame.AsSpan(6)) != mac) return true;
        bool isArp = frame[12] == 8 && frame[13] == 6;
        return isArp
            ? MacAddress.Read(frame.AsSpan(22)) != mac || IpAddress.ReadV4(frame.AsSpan(28)) != address
            : IpAddress.ReadV4(frame.AsSpan(26)) != address;
    }
}

/// <summary>A NIC that calls somebody back while frames are handed to it, and then passes them on.</summary>
internal sealed class Interposed(INic inner) : INicDecorator
{
    private IReadOnlyList<INicQueue>? _queues;

    /// <summary>Called before frames are passed on.</summary>
    public Action? Sending { get; set; }

    public INic Inner => inner;
    public NicInfo Info => inner.Info;
    public bool IsLinkUp => inner.IsLinkUp;
    public IReadOnlyList<INicQueue> Queues => _queues ??= [.. inner.Queues.Select(q => new Queue(this, q))];
    public IFlowSteering? Steering => inner.Steering;
    public Instant? NextDeadline => inner.NextDeadline;
    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => inner.Register(pool, queue, use);
    public void Poll(Instant now) => inner.Poll(now);
    public void OnWake(Action? wake) => inner.OnWake(wake);
    public bool TryArm() => inner.TryArm();
    public void Dispose() => inner.Dispose();

    private sealed class Queue(Interposed nic, INicQueue inner) : INicQueue
    {
        public int Index => inner.Index;
        public int PostRoom => inner.PostRoom;
        public QueueCounters Counters => inner.Counters;
        public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers) => inner.Post(registration, buffers);
        public int Receive(Span<ReceivedFrame> frames) => inner.Receive(frames);

        public int Transmit(ReadOnlySpan<TransmitFrame> frames)
        {
            nic.Sending?.Invoke();
            return inner.Transmit(frames);
        }
    }
}

/// <summary>A port as a multiplexer would give it that looks at a client's headers where they lie, and sends from there.</summary>
internal sealed class PortThatChecksInPlace(INic device, IpAddress own) : INic
{
    private IReadOnlyList<INicQueue>? _queues;

    public NicInfo Info => device.Info;
    public bool IsLinkUp => device.IsLinkUp;
    public IReadOnlyList<INicQueue> Queues => _queues ??= [new Queue(device.Queues[0], device.Info.Mac, own)];
    public IFlowSteering? Steering => null;
    public Instant? NextDeadline => device.NextDeadline;
    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => device.Register(pool, queue, use);
    public void Poll(Instant now) => device.Poll(now);
    public void OnWake(Action? wake) => device.OnWake(wake);
    public bool TryArm() => device.TryArm();
    public void Dispose() => device.Dispose();

    private sealed class Queue(INicQueue device, MacAddress mac, IpAddress own) : INicQueue
    {
        public int Index => 0;
        public int PostRoom => device.PostRoom;
        public QueueCounters Counters => device.Counters;
        public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers) => device.Post(registration, buffers);
        public int Receive(Span<ReceivedFrame> frames) => 0;

        public int Transmit(ReadOnlySpan<TransmitFrame> frames)
        {
            foreach (ref readonly TransmitFrame frame in frames)
            {
                ReadOnlySpan<byte> headers = frame.Headers.Bytes;
                if (MacAddress.Read(headers[6..]) != mac || (headers.Length >= 34 && IpAddress.ReadV4(headers[26..]) != own)) return 0;
            }
            return device.Transmit(frames);
        }
    }
}
