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
    private readonly HostDiagnostics _diagnostics;
    private bool _isLinkUp = true;
    private int _burst = Batch; // how many frames are asked for next
    private int _waiting; // frames at the front of _toSend that the device did not take yet

    internal NicAttachment(NetworkStack stack, INic nic, NicOptions options, HostDiagnostics diagnostics, bool passesThrough, Instant now)
    {
        _stack = stack;
        _diagnostics = diagnostics;
        _options = options;
        Nic = nic;
        Terms = options.TermsOn(nic);
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

    /// <summary>On what terms frames are received.</summary>
    internal ClientTerms Terms { get; }

    /// <summary>The buffers frames are received into, a pool for each queue.</summary>
    internal IReadOnlyList<BufferPool> ReceiveBuffers => _buffers;

    /// <summary>Whether the NIC threw: it is not called any more.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>When the NIC has to be polled although nothing arrives.</summary>
    internal Instant? NextDeadline => HasFailed ? null : Nic.NextDeadline;

    /// <summary>Frames a strategy chose to drop.</summary>
    internal long DroppedByStrategy { get; private set; }

    /// <summary>Whether more frames may have come than were taken last.</summary>
    internal bool HasMore { get; private set; }

    /// <summary>Gives the device every free buffer, takes what it has received, one batch a queue.</summary>
    internal void Receive(Instant now)
    {
        HasMore = false;
        if (HasFailed || !TryPoll(now)) return;
        int total = 0;
        for (int i = 0; i < _buffers.Length; i++)
        {
            int count = Take(i, now);
            for (int k = 0; k < count; k++) Deliver(ref _received[k], k + 1 < count, now);
            total += count;
        }
        // A NIC that is waited for tells at once when one more is there; others have to be asked.
        HasMore = total > 1 || (total > 0 && total >= _burst && Nic is not IWaitableNic);
        // Asking for as many as come spares the question whether there is one more.
        _burst = total >= _burst ? Math.Min(2 * _burst, Batch) : Math.Max(1, total);
    }

    /// <summary>Gives the device what the stack has to send, until there is nothing or it takes no more.</summary>
    internal void Transmit(Instant now)
    {
        while (!HasFailed)
        {
            if (_waiting == 0) _waiting = _stack.Transmit(Interface, _toSend, now);
            if (_waiting == 0) return;
            int taken = Hand(now);
            _waiting -= taken;
            Array.Copy(_toSend, taken, _toSend, 0, _waiting);
            if (_waiting > 0) return; // its ring is full; the NIC's deadline or wake calls us again
        }
    }

    /// <summary>Asks the NIC to call when it has work.</summary>
    /// <returns>False when it has some already.</returns>
    internal bool TryArm(Instant now)
    {
        if (HasFailed) return true;
        try
        {
            return Nic.TryArm();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(failure, now);
            return true;
        }
    }

    /// <summary>Ends the registrations; the task is done when the device reaches none of the memory any more. Goes on being polled
    /// until then.</summary>
    internal Task DetachAsync(Instant now)
    {
        for (int i = 0; i < _waiting; i++) _toSend[i].Body.Release();
        _waiting = 0;
        Interface.SetEnabled(false, now);
        if (HasFailed) return Task.CompletedTask; // its Dispose is all that can still be asked of it
        List<Task> ends = [_forSending.UnregisterAsync().AsTask()];
        foreach (BufferRegistration registration in _forReceiving) ends.Add(registration.UnregisterAsync().AsTask());
        return Task.WhenAll(ends);
    }

    private bool TryPoll(Instant now)
    {
        try
        {
            Nic.Poll(now);
            if (Nic.IsLinkUp == _isLinkUp) return true;
            _isLinkUp = Nic.IsLinkUp;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(failure, now);
            return false;
        }
        Interface.SetLink(_isLinkUp, now);
        _diagnostics.OnInterface(Interface);
        return true;
    }

    /// <summary>Takes received frames of a queue, after giving it every free buffer.</summary>
    private int Take(int index, Instant now)
    {
        if (HasFailed) return 0;
        try
        {
            INicQueue queue = Nic.Queues[index];
            Post(queue, index);
            return queue.Receive(_received.AsSpan(0, _burst));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(failure, now);
            return 0;
        }
    }

    /// <summary>Hands what waits to the device.</summary>
    /// <returns>How many frames are the device's now, bodies too.</returns>
    private int Hand(Instant now)
    {
        try
        {
            return Nic.Queues[0].Transmit(_toSend.AsSpan(0, _waiting));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(failure, now);
            return _waiting; // nobody knows whose they are: they must not be released twice
        }
    }

    /// <summary>The NIC threw. The others, and the stack, go on without it.</summary>
    private void Fail(Exception failure, Instant now)
    {
        HasFailed = true;
        Interface.SetEnabled(false, now);
        _diagnostics.OnNicFailed(Interface, failure);
    }

    private void Post(INicQueue queue, int index)
    {
        BufferRegistration registration = _forReceiving[index];
        if (!registration.IsActive) return;
        Span<BufferHandle> free = stackalloc BufferHandle[Batch];
        while (true)
        {
            int count = 0;
            for (int room = Math.Min(queue.PostRoom, Batch); count < room && _buffers[index].TryRent(out free[count]);) count++;
            if (count == 0) return;
            queue.Post(registration, free[..count]);
        }
    }

    private void Deliver(ref ReceivedFrame frame, bool isMoreComing, Instant now)
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
            IsMoreComing = isMoreComing,
            IsTransportChecksumGood = frame.Checksum == ChecksumVerdict.Good,
        };
        _stack.Receive(Interface, inbound, now);
        frame.Release(); // the stack copied what it keeps
    }
}
