using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <content>The way down: headers are checked by value and sent from the multiplexer's own copy of that value.</content>
public sealed partial class MultiplexerPort
{
    private readonly BoundedQueue<TransmitFrame> _outgoing;
    private readonly int[] _lengths;
    private readonly bool _checksBodies;
    private ShadowPool? _shadow;

    internal int Backlog => _outgoing.Count;

    /// <summary>The device's queue this port sends on.</summary>
    internal INicQueue DeviceQueue => Steered?.Queue ?? _multiplexer.Nic.Queues[0];

    internal ShadowPool? Shadow => _shadow;

    internal void UseShadow(int buffers, int bufferSize) => _shadow = new ShadowPool(_multiplexer.Nic, DeviceQueue.Index, bufferSize, buffers);

    internal int Transmit(ReadOnlySpan<TransmitFrame> frames)
    {
        int accepted = 0;
        for (; accepted < frames.Length; accepted++)
        {
            if (_outgoing.Room == 0) _multiplexer.FlushTransmit();
            if (_outgoing.Room == 0) break;
            TransmitFrame frame = frames[accepted]; // from here on nobody else can reach these headers
            DropReason? refusal = Refuse(frame);
            if (refusal is null && !TryPlaceBody(ref frame, out refusal)) break;
            if (refusal is null)
            {
                _outgoing.Enqueue(frame);
                _multiplexer.MarkBacklog();
                continue;
            }
            _queue.Counters.TransmitDrops.Add(refusal.Value);
            frame.Body.Release();
        }
        _multiplexer.FlushTransmit();
        return accepted;
    }

    /// <summary>Hands at most <paramref name="most"/> waiting frames to the device.</summary>
    /// <returns>Whether it took one.</returns>
    internal bool SendSome(int most)
    {
        Span<TransmitFrame> run = _checksBodies ? RunOfIntact(most) : _outgoing.Run(most);
        if (run.Length == 0) return false;
        for (int i = 0; i < run.Length; i++) _lengths[i] = run[i].Length; // what was sent is no longer ours to ask
        int accepted = DeviceQueue.Transmit(run);
        for (int i = 0; i < accepted; i++) _queue.Counters.BytesSent += _lengths[i];
        _queue.Counters.FramesSent += accepted;
        _outgoing.Drop(accepted);
        return accepted > 0;
    }

    /// <summary>The oldest frames that wait and whose buffers nobody released meanwhile; those before them are dropped.</summary>
    private Span<TransmitFrame> RunOfIntact(int most)
    {
        while (true)
        {
            Span<TransmitFrame> run = _outgoing.Run(most);
            int intact = 0;
            while (intact < run.Length && IsIntact(run[intact].Body)) intact++;
            if (intact > 0 || run.Length == 0) return run[..intact];
            PacketBody spoiled = run[0].Body;
            _outgoing.Drop(1);
            spoiled.TryRelease();
            _queue.Counters.TransmitDrops.Add(DropReason.Released);
        }
    }

    private static bool IsIntact(in PacketBody body)
    {
        for (int i = 0; i < body.SliceCount; i++)
        {
            BodySlice slice = body.Slice(i);
            if (!slice.Pool.IsLive(slice.Buffer)) return false;
        }
        return true;
    }

    /// <summary>Ends the client's ownership, of which it may have kept copies, in favour of one that only the port has.</summary>
    private static void TakeOver(ref PacketBody body)
    {
        PacketBody own = body.Share();
        body.Release();
        body = own;
    }

    private DropReason? Refuse(in TransmitFrame frame)
    {
        if (IsDetached) return DropReason.ClientGone;
        if ((Info.Capabilities & NicCapabilities.ReceiveOnly) != 0) return DropReason.ReceiveOnly;
        return SourceRules.Check(this, frame.Headers.Bytes);
    }

    /// <summary>Sees to it that the body lies in memory the device may read for this client.</summary>
    /// <returns>False when that needs a copy and there is no buffer for it now: the client keeps the frame.</returns>
    private bool TryPlaceBody(ref TransmitFrame frame, out DropReason? refusal)
    {
        refusal = null;
        if (frame.Body.IsEmpty) return true;
        if (!Copy.CopiesTransmit && IsMapped(frame.Body))
        {
            if (_checksBodies) TakeOver(ref frame.Body);
            return true;
        }
        if (_shadow is null || frame.Body.Length > _shadow.Capacity)
        {
            refusal = DropReason.Unsupported;
            return true;
        }
        if (!_shadow.TryCopy(frame.Body, out PacketBody copy))
        {
            _multiplexer.FlushTransmit();
            if (!_shadow.TryCopy(frame.Body, out copy)) return false;
        }
        Counters.TransmitBytesCopied += copy.Length;
        frame.Body.Release();
        frame.Body = copy;
        return true;
    }

    private bool IsMapped(in PacketBody body)
    {
        for (int i = 0; i < body.SliceCount; i++)
        {
            if (!IsMapped(body.Slice(i).Pool)) return false;
        }
        return true;
    }

    private bool IsMapped(BufferPool pool)
    {
        foreach (PortRegistration registration in _registrations)
        {
            if (registration.Pool == pool && (registration.Use & BufferUse.Transmit) != 0) return true;
        }
        return false;
    }
}
