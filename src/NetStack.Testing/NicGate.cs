namespace NetStack.Testing;

/// <summary>
/// What stands between a NIC and its link: here faults on flows happen, a NAT translates, and connections are watched. Frames it holds
/// back keep their order.
/// </summary>
internal sealed class NicGate
{
    private readonly VirtualNetwork _net;
    private readonly PriorityQueue<HeldFrame, (long At, long Order)> _held = new();
    private readonly List<HeldFrame> _injected = [];
    private byte[] _scratch = new byte[2048];
    private IWireEnd? _link;
    private long _order;

    internal NicGate(VirtualNetwork net, Attachment attachment)
    {
        _net = net;
        Attachment = attachment;
        Incoming = new IncomingEnd(this);
        attachment.Nic.Attach(new OutgoingEnd(this));
    }

    internal Attachment Attachment { get; }

    /// <summary>Where the link puts frames for the NIC.</summary>
    internal IWireEnd Incoming { get; }

    /// <summary>Translates what passes; null for nobody.</summary>
    internal NetworkNat? Nat { get; set; }

    /// <summary>When a frame that was held back goes on.</summary>
    internal Instant? NextDeadline => _held.TryPeek(out _, out (long At, long Order) next) ? new Instant(next.At) : null;

    /// <summary>Frames held back now.</summary>
    internal int HeldCount => _held.Count;

    /// <summary>Plugs in the cable.</summary>
    internal void Attach(IWireEnd link) => _link = link;

    /// <summary>Lets go what was held for long enough.</summary>
    internal void Release(Instant now)
    {
        while (_held.TryPeek(out HeldFrame held, out (long At, long Order) next) && next.At <= now.Nanoseconds)
        {
            _held.Dequeue();
            Forward(held.Bytes, held.Info, held.IsOutgoing);
        }
    }

    private bool Pass(ReadOnlySpan<byte> frame, in WireFrame info, bool isOutgoing)
    {
        Instant now = _net.Loop.Now;
        Release(now);
        if (isOutgoing && SeenFrame.TryRead(frame, out SeenFrame sent) && Attachment.Host.Owns(sent.Source)) _net.Connections.OnSent(sent, now);
        if (Nat is not null)
        {
            Span<byte> copy = Copy(frame);
            if (Nat.Translate(copy, isOutgoing, now) is { } refusal)
            {
                _net.Recorder.OnGate(Attachment, frame, isOutgoing, $"dropped: {refusal}");
                return true;
            }
            frame = copy;
        }
        if (!_net.Faults.Any || !SeenFrame.TryRead(frame, out SeenFrame seen) || !seen.IsIntact(frame)) return Forward(frame, info, isOutgoing); // a stack takes no harmed segment
        GateFrame passing = new(this, frame, seen, isOutgoing, now);
        _net.Faults.Apply(ref passing);
        return Finish(passing, info);
    }

    private bool Finish(in GateFrame passing, in WireFrame info)
    {
        bool isTaken = true;
        if (passing.HoldUntil is { } until)
        {
            _held.Enqueue(new HeldFrame(passing.Bytes.ToArray(), info with { WireLength = passing.Bytes.Length }, passing.IsOutgoing), (until.Nanoseconds, _order++));
            _net.Recorder.OnGate(Attachment, passing.Original, passing.IsOutgoing, $"held until {until}");
        }
        else if (passing.DropReason is { } reason)
        {
            _net.Recorder.OnGate(Attachment, passing.Original, passing.IsOutgoing, $"dropped: {reason}");
        }
        else
        {
            if (passing.Bytes.Length != passing.Original.Length) _net.Recorder.OnGate(Attachment, passing.Bytes, passing.IsOutgoing, "cut by a fault");
            isTaken = Forward(passing.Bytes, info with { WireLength = passing.Bytes.Length }, passing.IsOutgoing);
        }
        foreach (HeldFrame injected in _injected)
        {
            _net.Recorder.OnGate(Attachment, injected.Bytes, injected.IsOutgoing, "injected");
            Forward(injected.Bytes, injected.Info, injected.IsOutgoing);
        }
        _injected.Clear();
        return isTaken;
    }

    /// <summary>Sends a frame behind the one that passes.</summary>
    internal void Inject(ReadOnlySpan<byte> frame, bool isOutgoing) => _injected.Add(new HeldFrame(frame.ToArray(), new WireFrame(frame.Length), isOutgoing));

    /// <summary>A copy that may be changed, until the next frame.</summary>
    internal Span<byte> Copy(ReadOnlySpan<byte> frame)
    {
        if (_scratch.Length < frame.Length) _scratch = new byte[frame.Length];
        if (!frame.Overlaps(_scratch)) frame.CopyTo(_scratch);
        return _scratch.AsSpan(0, frame.Length);
    }

    private bool Forward(ReadOnlySpan<byte> frame, in WireFrame info, bool isOutgoing) =>
        isOutgoing ? _link?.TryDeliver(frame, info) ?? true : Attachment.Nic.TryDeliver(frame, info);

    private readonly record struct HeldFrame(byte[] Bytes, WireFrame Info, bool IsOutgoing);

    private sealed class OutgoingEnd(NicGate gate) : IWireEnd
    {
        public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info) => gate.Pass(frame, info, isOutgoing: true);
    }

    private sealed class IncomingEnd(NicGate gate) : IWireEnd
    {
        public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info) => gate.Pass(frame, info, isOutgoing: false);
    }
}

/// <summary>A frame at a gate, and what is to become of it.</summary>
internal ref struct GateFrame(NicGate gate, ReadOnlySpan<byte> frame, in SeenFrame seen, bool isOutgoing, Instant now)
{
    internal NicGate Gate { get; } = gate;

    internal ReadOnlySpan<byte> Original { get; } = frame;

    internal ReadOnlySpan<byte> Bytes { get; private set; } = frame;

    internal SeenFrame Seen { get; } = seen;

    /// <summary>Whether it leaves the host.</summary>
    internal bool IsOutgoing { get; } = isOutgoing;

    internal Instant Now { get; } = now;

    internal string? DropReason { get; private set; }

    internal Instant? HoldUntil { get; private set; }

    internal void Drop(string reason) => DropReason ??= reason;

    internal void Hold(Instant until) => HoldUntil = HoldUntil is { } other && other > until ? other : until;

    /// <summary>Sends a copy with only so many bytes of its payload, beside the frame itself.</summary>
    internal readonly void InjectCut(int payload)
    {
        Span<byte> copy = Bytes.ToArray();
        Gate.Inject(copy[..FrameEdit.CutPayload(copy, Seen, payload)], IsOutgoing);
    }

    /// <summary>Lets only so many bytes of its payload pass.</summary>
    internal void CutPayload(int payload)
    {
        Span<byte> copy = Gate.Copy(Bytes);
        Bytes = copy[..FrameEdit.CutPayload(copy, Seen, payload)];
    }
}
