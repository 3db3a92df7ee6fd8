using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <content>The way of a frame from a queue of the NIC to the ports.</content>
public sealed partial class PacketMultiplexer
{
    private readonly SteeringTable _steering;

    // Holds a whole frame that several ports want copied, so that the shared memory is read once and all see the same bytes.
    private readonly HeaderSnapshot _whole = new();

    private int ReceiveUnsteered(FilledRing ring, Instant now)
    {
        int count = ring.Receive(_batch);
        int undelivered = 0;
        for (int i = 0; i < count; i++) undelivered += BuffersOf(_batch[i], ring.Pool);
        for (int i = 0; i < count; i++)
        {
            ref ReceivedFrame frame = ref _batch[i];
            Counters.FramesReceived++;
            Counters.BytesReceived += frame.Length;
            undelivered -= BuffersOf(frame, ring.Pool);
            bool starved = ring.Reserve > 0 && ring.Posted + ring.Pool.Available + undelivered < ring.Reserve;
            Deliver(ref frame, now, starved);
        }
        Counters.BytesScrubbed += ring.Refill();
        return count;
    }

    private int ReceiveSteered(MultiplexerPort port, Instant now)
    {
        SteeredQueue steered = port.Steered!;
        int count = steered.Ring?.Receive(_batch) ?? steered.Queue.Receive(_batch);
        for (int i = 0; i < count; i++)
        {
            ref ReceivedFrame frame = ref _batch[i];
            Counters.FramesReceived++;
            Counters.BytesReceived += frame.Length;
            port.CountCompleted(frame.Body);
            DeliverSteered(port, ref frame, now);
        }
        long scrubbed = steered.Ring?.Refill() ?? 0;
        port.Counters.BytesScrubbed += scrubbed;
        Counters.BytesScrubbed += scrubbed;
        return count;
    }

    private void Deliver(ref ReceivedFrame frame, Instant now, bool starved)
    {
        FetchMeter meter = Counters.Meter;
        long fetches = meter.HeaderFetches;
        long bytes = meter.HeaderBytesFetched;
        frame.Headers.Rebind(frame.Body, meter);
        ReadOnlySpan<MultiplexerPort> owners = _classifier.Classify(frame, now);
        if (owners.Length == 0)
        {
            Counters.Drops.Add(DropReason.NoClient);
            frame.Release();
            return;
        }
        owners[0].Counters.ClassifierFetches += meter.HeaderFetches - fetches;
        owners[0].Counters.ClassifierBytes += meter.HeaderBytesFetched - bytes;
        if (owners.Length > 1) Counters.FramesShared++;
        Span<CopyDecision> decisions = _decisions.AsSpan(0, owners.Length);
        for (int i = 0; i < owners.Length; i++) decisions[i] = owners[i].Decide(frame, own: false, foreign: false, starved);
        HandOut(ref frame, owners, decisions);
    }

    /// <summary>Copies first, while the bytes are as fresh as the snapshot, then shares, and gives the frame itself to the last who
    /// takes it by handle; with no such port the buffer is free at once.</summary>
    private void HandOut(ref ReceivedFrame frame, ReadOnlySpan<MultiplexerPort> owners, ReadOnlySpan<CopyDecision> decisions)
    {
        int copies = 0;
        int handles = 0;
        foreach (CopyDecision decision in decisions)
        {
            if (decision == CopyDecision.All) copies++;
            else if (decision != CopyDecision.Drop) handles++;
        }
        if (copies > 0) HandOutCopies(frame, owners, decisions, copies);
        for (int i = 0; handles > 0; i++)
        {
            if (decisions[i] is CopyDecision.All or CopyDecision.Drop) continue;
            if (--handles > 0) owners[i].DeliverShared(frame, decisions[i]);
            else owners[i].DeliverOwned(ref frame, decisions[i]);
        }
        if (frame.Headers is not null) frame.Release();
    }

    private void HandOutCopies(in ReceivedFrame frame, ReadOnlySpan<MultiplexerPort> owners, ReadOnlySpan<CopyDecision> decisions, int copies)
    {
        HeaderSnapshot source = frame.Headers;
        if (copies > 1)
        {
            _whole.BeginFrom(frame.Headers, frame.Body, Counters.Meter);
            _whole.Require(frame.Length);
            source = _whole;
        }
        for (int i = 0; i < owners.Length; i++)
        {
            if (decisions[i] != CopyDecision.All) continue;
            source.Rebind(frame.Body, owners[i].MeterOfFrames);
            owners[i].DeliverCopy(frame, source);
        }
    }

    /// <summary>A frame that came on a port's own queue. The tag must be one that was programmed for it; whether that is enough is
    /// the client's choice.</summary>
    private void DeliverSteered(MultiplexerPort port, ref ReceivedFrame frame, Instant now)
    {
        FetchMeter meter = Counters.Meter;
        long fetches = meter.HeaderFetches;
        long bytes = meter.HeaderBytesFetched;
        frame.Headers.Rebind(frame.Body, meter);
        MissteerReason? missteer = null;
        if (!_steering.IsOf(frame.Tag, port)) missteer = MissteerReason.Tag;
        else if (!_classifier.AcceptSteered(port, frame, now)) missteer = MissteerReason.Headers;
        port.Counters.ClassifierFetches += meter.HeaderFetches - fetches;
        port.Counters.ClassifierBytes += meter.HeaderBytesFetched - bytes;
        if (missteer is not null)
        {
            port.ReportMissteer(frame, missteer.Value);
            Counters.MissteeredFrames++;
            frame.Release();
            return;
        }
        port.Counters.FramesSteered++;
        if (_classifier.HasObservers) ShowObservers(port, frame);
        CopyDecision decision = port.Decide(frame, own: true, foreign: false, starved: false);
        if (decision == CopyDecision.All)
        {
            frame.Headers.Rebind(frame.Body, port.MeterOfFrames);
            port.DeliverCopy(frame, frame.Headers);
        }
        else if (decision != CopyDecision.Drop)
        {
            port.DeliverOwned(ref frame, decision);
        }
        if (frame.Headers is not null) frame.Release();
    }

    /// <summary>Gives promiscuous ports copies of a frame that lies in another client's memory.</summary>
    private void ShowObservers(MultiplexerPort owner, in ReceivedFrame frame)
    {
        ReadOnlySpan<MultiplexerPort> observers = _classifier.Observers(frame, owner);
        foreach (MultiplexerPort observer in observers)
        {
            if (observer.Decide(frame, own: false, foreign: true, starved: false) != CopyDecision.All) continue;
            frame.Headers.Rebind(frame.Body, observer.MeterOfFrames);
            observer.DeliverCopy(frame, frame.Headers);
            frame.Headers.Rebind(frame.Body, Counters.Meter);
        }
    }

    /// <summary>How many of a ring's own buffers a frame lies in; a capture's frames lie in the file's.</summary>
    private static int BuffersOf(in ReceivedFrame frame, BufferPool ring) =>
        !frame.Body.IsEmpty && frame.Body.Slice(0).Pool == ring ? frame.Body.SliceCount : 0;
}
