namespace NetStack.Runtime;

/// <summary>
/// One NIC under a stack: its buffers, its queues, and the frames on their way between them. Memory is mapped here, once, and
/// unmapped when the NIC is detached.
/// </summary>
internal sealed class NicAttachment
{
    private const int Batch = 32;

    private readonly NetworkStack _stack;
    private readonly BufferPool[] _buffers;
    private readonly BufferRegistration[] _forReceiving;
    private readonly BufferRegistration _forSending;
    private readonly ReceivedFrame[] _received = new ReceivedFrame[Batch];
    private readonly TransmitFrame[] _toSend = new TransmitFrame[Batch];
    private readonly NicOptions _options;
    private int _waiting; // frames at the front of _toSend that the device did not take yet

    internal NicAttachment(NetworkStack stack, INic nic, NicOptions options, bool passesThrough, Instant now)
    {
        _stack = stack;
        _options = options;
        Nic = nic;
        _buffers = new BufferPool[nic.Queues.Count];
        _forReceiving = new BufferRegistration[nic.Queues.Count];
        for (int i = 0; i < _buffers.Length; i++)
        {
            _buffers[i] = BufferPool.Create(options.ReceiveBufferSize, options.ReceiveBuffers + (passesThrough ? nic.Queues[i].PostRoom : 0));
            _forReceiving[i] = nic.Register(_buffers[i], i, BufferUse.Receive);
        }
        _forSending = nic.Register(stack.TransmitBuffers, queue: 0, BufferUse.Transmit);
        Interface = stack.AddInterface(options.ToInterfaceOptions(nic), now);
    }

    internal INic Nic { get; }

    internal NetInterface Interface { get; }

    /// <summary>What the device receives into, a pool a queue.</summary>
    internal IReadOnlyList<BufferPool> ReceivePools => _buffers;

    /// <summary>Frames a strategy chose to drop.</summary>
    internal long DroppedByStrategy { get; private set; }

    /// <summary>Whether the device refused frames when it was asked last: its NIC says when to try again.</summary>
    internal bool IsTransmitBlocked => _waiting > 0;

    /// <summary>Gives the device every free buffer, takes what it has received, one batch a queue.</summary>
    /// <returns>How many frames came in.</returns>
    internal int Receive(Instant now)
    {
        Nic.Poll(now);
        if (Nic.IsLinkUp != _isLinkUp) Interface.SetLink(_isLinkUp = Nic.IsLinkUp, now);
        int total = 0;
        for (int i = 0; i < _buffers.Length; i++)
        {
            INicQueue queue = Nic.Queues[i];
            Post(queue, i);
            int count = queue.Receive(_received);
            for (int k = 0; k < count; k++) Deliver(ref _received[k], now);
            total += count;
        }
        return total;
    }

    /// <summary>Gives the device what the stack has to send, until there is nothing or it takes no more.</summary>
    internal void Transmit(Instant now)
    {
        INicQueue queue = Nic.Queues[0];
        while (true)
        {
            if (_waiting == 0) _waiting = _stack.Transmit(Interface, _toSend, now);
            if (_waiting == 0) return;
            int taken = queue.Transmit(_toSend.AsSpan(0, _waiting)); // these are the device's now, bodies too
            _waiting -= taken;
            Array.Copy(_toSend, taken, _toSend, 0, _waiting);
            if (_waiting > 0) return; // its ring is full; the NIC's deadline or wake calls us again
        }
    }

    /// <summary>Ends the registrations; the task is done when the device reaches none of the memory any more. Goes on being polled
    /// until then.</summary>
    internal Task DetachAsync(Instant now)
    {
        for (int i = 0; i < _waiting; i++) _toSend[i].Body.Release();
        _waiting = 0;
        Interface.SetEnabled(false, now);
        List<Task> ends = [_forSending.UnregisterAsync().AsTask()];
        foreach (BufferRegistration registration in _forReceiving) ends.Add(registration.UnregisterAsync().AsTask());
        return Task.WhenAll(ends);
    }

    private bool _isLinkUp = true;

    private void Post(INicQueue queue, int index)
    {
        BufferRegistration registration = _forReceiving[index];
        while (registration.IsActive && queue.PostRoom > 0 && _buffers[index].TryRent(out BufferHandle buffer)) queue.Post(registration, [buffer]);
    }

    private void Deliver(ref ReceivedFrame frame, Instant now)
    {
        FrameFacts facts = new() { Length = frame.Length, Tag = frame.Tag, Trust = _options.Trust };
        if (_options.Copy.Decide(facts) == CopyDecision.Drop)
        {
            DroppedByStrategy++;
            frame.Release();
            return;
        }
        InboundFrame inbound = new(frame.Headers, frame.LinkType)
        {
            Body = frame.Body,
            SegmentCount = frame.SegmentCount,
            SegmentSize = frame.SegmentSize,
            IsTransportChecksumGood = frame.Checksum == ChecksumVerdict.Good,
        };
        _stack.Receive(Interface, inbound, now);
        frame.Release(); // the stack copied what it keeps
    }
}
