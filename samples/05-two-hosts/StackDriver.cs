using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Samples;

/// <summary>Drives one interface of a stack from one queue of a NIC: what every driver of a stack does, on one thread.</summary>
internal sealed class StackDriver : IPollable
{
    private readonly NetworkStack _stack;
    private readonly INic _nic;
    private readonly INicQueue _queue;
    private readonly BufferPool _buffers;
    private readonly BufferRegistration _forReceiving;
    private readonly BufferRegistration _forSending;
    private readonly ReceivedFrame[] _received = new ReceivedFrame[32];
    private readonly TransmitFrame[] _toSend = new TransmitFrame[32];
    private readonly BufferHandle[] _empty = new BufferHandle[32];
    private int _waiting; // frames at the front of _toSend that the device did not take yet

    internal StackDriver(NetworkStack stack, INic nic, Instant now, Action<InterfaceOptions>? configure = null)
    {
        _stack = stack;
        _nic = nic;
        _queue = nic.Queues[0];

        // Memory is mapped here, once. Received frames land in buffers of our own; what the stack sends lies in its TransmitBuffers,
        // which the device reads where they are.
        _buffers = BufferPool.Create(bufferSize: 2048, count: 512);
        _forReceiving = nic.Register(_buffers, queue: 0, BufferUse.Receive);
        _forSending = nic.Register(stack.TransmitBuffers, queue: 0, BufferUse.Transmit);

        // TrustsReceiveChecksum stays off: the stack sums what it copies, whatever the device says.
        InterfaceOptions options = new()
        {
            Name = nic.Info.Name,
            LinkType = nic.Info.LinkType,
            Mac = nic.Info.Mac,
            Mtu = nic.Info.Mtu,
            TransmitChecksum = nic.Info.Capabilities.HasFlag(NicCapabilities.TransmitChecksum),
            MaxSegmentationBytes = nic.Info.Capabilities.HasFlag(NicCapabilities.SegmentationOffload) ? 65_535 : 0,
        };
        configure?.Invoke(options);
        Interface = stack.AddInterface(options, now);
    }

    internal NetInterface Interface { get; }

    /// <summary>Where received frames land.</summary>
    internal BufferPool Buffers => _buffers;

    /// <summary>The program above the stack: called after frames came in or time passed, before the stack sends.</summary>
    internal Action<Instant>? Program { get; set; }

    /// <summary>Buffers that neither lie empty at the device nor are free: frames that somebody keeps.</summary>
    internal long BuffersOut => _buffers.Count - _buffers.Available - (_queue.Counters.BuffersPosted - _queue.Counters.BuffersCompleted);

    /// <summary>When to poll although nothing comes in.</summary>
    public Instant? NextDeadline => Instant.Earliest(_stack.NextDeadline, _nic.NextDeadline);

    public void Poll(Instant now)
    {
        _nic.Poll(now);
        int count;
        do
        {
            Post();
            count = _queue.Receive(_received);
            for (int i = 0; i < count; i++) Receive(ref _received[i], now);
            if (_stack.NextDeadline <= now) _stack.OnDeadline(now);
            Program?.Invoke(now);
            Transmit(now);
        }
        while (count > 0);
    }

    /// <summary>Ends both registrations; the task is done when the device can reach none of the memory any more. Poll until then.</summary>
    internal Task StopAsync() => Task.WhenAll(_forReceiving.UnregisterAsync().AsTask(), _forSending.UnregisterAsync().AsTask());

    /// <summary>Gives the device every buffer that is free.</summary>
    private void Post()
    {
        if (!_forReceiving.IsActive) return;
        int count;
        do
        {
            int room = Math.Min(_queue.PostRoom, _empty.Length);
            for (count = 0; count < room && _buffers.TryRent(out BufferHandle buffer); count++) _empty[count] = buffer;
            if (count > 0) _queue.Post(_forReceiving, _empty.AsSpan(0, count)); // one doorbell for all
        }
        while (count == _empty.Length);
    }

    private void Receive(ref ReceivedFrame frame, Instant now)
    {
        InboundFrame inbound = new(frame.Headers, frame.LinkType)
        {
            Body = frame.Body,
            SegmentCount = frame.SegmentCount,
            SegmentSize = frame.SegmentSize,
            IsTransportChecksumGood = frame.Checksum == ChecksumVerdict.Good,
        };
        _stack.Receive(Interface, inbound, now);
        frame.Release(); // the stack copied, or pinned, what it keeps
    }

    private void Transmit(Instant now)
    {
        while (true)
        {
            if (_waiting == 0) _waiting = _stack.Transmit(Interface, _toSend, now);
            if (_waiting == 0) return;
            int taken = _queue.Transmit(_toSend.AsSpan(0, _waiting)); // these are the device's now, bodies too
            _waiting -= taken;
            Array.Copy(_toSend, taken, _toSend, 0, _waiting);
            if (_waiting > 0) return; // its ring is full; the NIC's deadline calls us again
        }
    }
}
