using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <content>The way up: what the strategy decides, the engine does here.</content>
public sealed partial class MultiplexerPort
{
    private readonly BoundedQueue<ReceivedFrame> _incoming;
    private readonly BufferPool? _ownBuffers;
    private readonly CopyBuffers _buffers;
    private readonly int _heldQuota;

    // Slots of frames by handle and of copies, apart: how many of the former are out is how many frames the client holds, and no
    // slot of a copy was ever in another client's hands.
    private readonly HandleSlots _handleSlots;
    private readonly HeaderSnapshotPool _copySlots = new();

    // What a client later reads of its own private copy is no fetch from shared memory.
    private readonly FetchMeter _privateReads = new();

    internal int PostRoom => Steered?.Queue.PostRoom ?? _buffers.PostRoom;

    internal int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers)
    {
        if (registration is not PortRegistration own || !_registrations.Contains(own) || (own.Use & BufferUse.Receive) == 0)
            throw new InvalidOperationException("The registration is not of this port, not for receiving, or is being withdrawn.");
        int taken;
        if (Steered is not null && own.Device is not null) taken = Steered.Queue.Post(own.Device, buffers);
        else taken = _buffers.Post(own, buffers);
        _queue.Counters.BuffersPosted += taken;
        return taken;
    }

    internal int Receive(Span<ReceivedFrame> frames)
    {
        int count = Math.Min(frames.Length, _incoming.Count);
        for (int i = 0; i < count; i++)
        {
            ref ReceivedFrame frame = ref _incoming.Head;
            frames[i] = frame;
            _queue.Counters.FramesReceived++;
            _queue.Counters.BytesReceived += frame.Length;
            _incoming.Drop(1);
        }
        return count;
    }

    /// <summary>Counts the buffers of a steered frame that the client had posted.</summary>
    internal void CountCompleted(in PacketBody body)
    {
        BufferPool? ring = Steered!.Ring?.Pool;
        for (int i = 0; i < body.SliceCount; i++)
        {
            if (body.Slice(i).Pool != ring) _queue.Counters.BuffersCompleted++;
        }
    }

    /// <summary>What is done with a frame for this client. Drops for want of room are counted here.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="own">Whether it lies in this client's memory already.</param>
    /// <param name="foreign">Whether it lies in another client's, so that it can only be copied.</param>
    /// <param name="starved">Whether the ring it lies in is short of buffers.</param>
    internal CopyDecision Decide(in ReceivedFrame frame, bool own, bool foreign, bool starved)
    {
        if (_incoming.Room == 0) return Lose(DropReason.ClientFull);
        FrameFacts facts = new()
        {
            Length = frame.Length,
            Tag = frame.Tag,
            Trust = Trust,
            Steered = own,
            FreeBuffers = _buffers.Free,
            HeldFrames = HeldFrames,
        };
        CopyDecision decision = Copy.Decide(facts);
        if (decision == CopyDecision.Drop) return Lose(DropReason.Strategy);
        bool wantsCopy = decision == CopyDecision.All;
        bool overQuota = !wantsCopy && !own && facts.HeldFrames >= _heldQuota;
        bool overdue = !wantsCopy && !own && !overQuota && OverdueFrames > 0;
        if (wantsCopy || overQuota || overdue || foreign || (starved && !own))
        {
            if (!_buffers.Fits(frame.Length)) return Lose(DropReason.ClientFull);
            if (overQuota) Counters.CopiedOverQuota++;
            else if (overdue) Counters.CopiedForHoldTime++;
            else if (!wantsCopy && !foreign) Counters.CopiedForRing++;
            return CopyDecision.All;
        }
        if (decision != CopyDecision.InPlace || Trust.Data) return decision;
        Counters.UntrustedInPlace++;
        return CopyDecision.Headers;
    }

    /// <summary>Copies a frame into the client's private buffers, which <see cref="Decide"/> found to suffice.</summary>
    /// <param name="frame">The frame; it stays with the caller.</param>
    /// <param name="source">Its snapshot, or one that holds all of it already.</param>
    internal void DeliverCopy(in ReceivedFrame frame, HeaderSnapshot source)
    {
        if (!_buffers.TryTake(frame.Length, Counters, out PacketBody body))
        {
            Lose(DropReason.ClientFull);
            return;
        }
        source.CopyFrameTo(body);
        ReceivedFrame copy = frame;
        copy.Body = body;
        copy.Headers = _copySlots.Rent(body, _privateReads);
        copy.Headers.BeginFrom(frame.Headers, body, _privateReads);
        copy.Snapshots = _copySlots;
        copy.Access = BodyAccess.Private;
        Counters.FramesCopied++;
        Enqueue(copy);
    }

    /// <summary>Passes a frame by handle, with the slot that was filled to classify it.</summary>
    internal void DeliverOwned(ref ReceivedFrame frame, CopyDecision decision)
    {
        HeaderSnapshotPool slots = _handleSlots.Lend(_multiplexer.Now);
        slots.Adopt(frame.Headers, frame.Snapshots);
        frame.Snapshots = slots;
        frame.Headers.Rebind(frame.Body, _meter);
        DeliverHandle(ref frame, decision);
        frame = default;
    }

    /// <summary>Passes a second ownership of a frame by handle, with a slot that holds the same bytes.</summary>
    internal void DeliverShared(in ReceivedFrame frame, CopyDecision decision)
    {
        ReceivedFrame second = frame;
        second.Body = frame.Body.Share();
        second.Snapshots = _handleSlots.Lend(_multiplexer.Now);
        second.Headers = second.Snapshots.Rent(second.Body, _meter);
        second.Headers.BeginFrom(frame.Headers, second.Body, _meter);
        DeliverHandle(ref second, decision);
    }

    internal FetchMeter MeterOfFrames => _meter;

    /// <summary>Counts a frame the hardware placed wrong.</summary>
    internal void ReportMissteer(in ReceivedFrame frame, MissteerReason why)
    {
        Lose(DropReason.Missteered);
        Counters.MissteeredFrames++;
        Counters.MissteeredBytes += frame.Length;
        LastMissteered = new MissteeredFrame(frame.Tag, frame.Length, why);
    }

    /// <summary>Drops what waits to be received or sent, and what was posted, when the port is detached.</summary>
    internal void DropEverything()
    {
        while (_incoming.Count > 0)
        {
            ReceivedFrame frame = _incoming.Head;
            _incoming.Drop(1);
            if (_checksBodies) frame.Body.TryRelease();
            frame.Release();
            _queue.Counters.ReceiveDrops.Add(DropReason.ClientGone);
        }
        while (_outgoing.Count > 0)
        {
            PacketBody body = _outgoing.Head.Body;
            _outgoing.Drop(1);
            if (_checksBodies) body.TryRelease();
            else body.Release();
            _queue.Counters.TransmitDrops.Add(DropReason.ClientGone);
        }
        _buffers.Withdraw(null, _queue.Counters);
    }

    /// <summary>Frees the port's own memory where the client gave everything back; what it still holds is freed once it is dropped.</summary>
    internal void FreeMemory()
    {
        foreach (BufferPool? pool in new[] { _ownBuffers, _shadow?.Pool, Steered?.Ring?.Pool })
        {
            if (pool is not null && pool.Available == pool.Count && pool.Region.Registrations == 0) pool.Region.Dispose();
        }
    }

    private void DeliverHandle(ref ReceivedFrame frame, CopyDecision decision)
    {
        frame.Access = decision switch
        {
            CopyDecision.PassThrough => BodyAccess.PassThrough,
            CopyDecision.InPlace => BodyAccess.InPlace,
            _ => BodyAccess.CopyOnDeliver,
        };
        switch (frame.Access)
        {
            case BodyAccess.PassThrough: Counters.FramesPassedThrough++; break;
            case BodyAccess.InPlace: Counters.FramesInPlace++; break;
            default: Counters.FramesByHeaders++; break;
        }
        Counters.HandleHeaderBytes += frame.Headers.Watermark;
        Enqueue(frame);
    }

    private void Enqueue(in ReceivedFrame frame)
    {
        Counters.FramesDelivered++;
        Counters.BytesDelivered += frame.Length;
        if (frame.Body.SliceCount > 1)
        {
            _queue.Counters.FramesChained++;
            _queue.Counters.BuffersChained += frame.Body.SliceCount - 1;
        }
        _incoming.Enqueue(frame);
        _multiplexer.MarkDelivered();
    }

    private CopyDecision Lose(DropReason reason)
    {
        _queue.Counters.ReceiveDrops.Add(reason);
        return CopyDecision.Drop;
    }
}
