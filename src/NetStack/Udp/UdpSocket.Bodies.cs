using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Udp;

/// <remarks>Payload by handle, for a relay: a datagram stays where the device put it and is sent on without a copy. It is summed once,
/// when it comes, and that sum goes with it (docs/adr/0009).</remarks>
public sealed partial class UdpSocket
{
    private Queue<(SummedBody Body, Instant Since)>? _bodies; // of the datagrams in the queue that take no blocks, in their order

    /// <summary>
    /// Keeps datagrams by handle: <see cref="TryReceiveBody"/> gives them, and <see cref="TryReceive"/> and <see cref="TryPeek"/> must not
    /// be used meanwhile. Switched off only when none waits by handle.
    /// </summary>
    /// <remarks>
    /// What waits counts against <see cref="ReceiveBufferSize"/>, and pins the buffers frames are received into. A datagram is copied
    /// when it arrives if it came in fragments, if it is for a group, or if its pool has few free buffers
    /// (<see cref="UdpOptions.BodyReserve"/>); and later if it waits for <see cref="UdpOptions.BodyLease"/>. What was copied is received
    /// by handle all the same. Whoever lets another device send bodies registers the pools they lie in for sending there.
    /// </remarks>
    /// <exception cref="InvalidOperationException">It is switched off while a datagram waits by handle.</exception>
    public bool ReceivesBodies
    {
        get => _bodies is not null;
        set
        {
            if (value == ReceivesBodies) return;
            if (_bodies is { Count: > 0 }) throw new InvalidOperationException("Bodies wait: receive them first.");
            _bodies = value ? new Queue<(SummedBody, Instant)>() : null;
        }
    }

    /// <summary>Whether the layer looks for leases that are over here.</summary>
    internal bool IsHolder { get; set; }

    /// <summary>Since when the oldest body waits; null when none does.</summary>
    internal Instant? BodySince => _bodies is { Count: > 0 } bodies ? bodies.Peek().Since : null;

    /// <summary>Receives the oldest datagram by handle; only while <see cref="ReceivesBodies"/>.</summary>
    /// <param name="body">Its payload, which passes to the caller; maybe empty.</param>
    /// <param name="info">What is told of it.</param>
    /// <returns>False when none waits; or when it had been copied and no buffer is free to give it in: <see cref="SocketEvents.Writable"/>
    /// says when to try again.</returns>
    /// <exception cref="InvalidOperationException">The socket does not receive bodies.</exception>
    public bool TryReceiveBody(out SummedBody body, out UdpDatagramInfo info)
    {
        if (_bodies is null) throw new InvalidOperationException($"The socket does not receive bodies: set {nameof(ReceivesBodies)}.");
        body = default;
        info = default;
        if (_queue.Count == 0) return false;
        if (IsByHandle(0))
        {
            body = _bodies.Dequeue().Body;
            _udp.BodyBytesPassed += body.Length;
        }
        else if (!TryCopyHead(out body))
        {
            ResultOf(SendOutcome.NoRoom);
            return false;
        }
        ref readonly UdpDatagramInfo head = ref _queue.Head;
        info = head with { From = Present(head.From), To = Present(head.To), Copied = body.Length };
        _queue.RemoveHead();
        return true;
    }

    /// <summary>Sends a body by handle, and with the sum it came with: see <see cref="SummedBody"/>. One that came without a checksum
    /// goes without one to IPv4; to IPv6, which demands one, it is summed now, and that proves nothing.</summary>
    /// <param name="destination">Where to; no address for the peer the socket is connected to.</param>
    /// <param name="body">The payload. It passes to the socket, and the variable is empty then, unless the result is
    /// <see cref="DatagramSendResult.WouldBlock"/>.</param>
    /// <param name="options">What is particular to this datagram.</param>
    /// <param name="now">The present.</param>
    public DatagramSendResult SendBody(UdpEndpoint destination, ref SummedBody body, UdpSendOptions options, Instant now)
    {
        DatagramSendResult aimed = TryAim(destination, body.Length, options, out IpAddress address, out ushort port, out IpAddress source);
        if (aimed != DatagramSendResult.Sent)
        {
            body.Release();
            return aimed;
        }
        SummedBody taken = body.Take();
        Span<byte> header = stackalloc byte[UdpHeader.Size];
        new UdpHeader(Port, port, (ushort)(UdpHeader.Size + taken.Length)).Write(header);
        IpSend send = Describe(address, source, options) with { BodySum = taken.Sum };
        if (!taken.IsVerified && address.IsV4) send = send with { ChecksumOffset = -1 };
        SendOutcome outcome = _udp.Ip.Send(send, header, taken.Body.Share(), now);
        if (outcome == SendOutcome.NoRoom) body = taken;
        else taken.Release();
        if (outcome == SendOutcome.Sent) _udp.Sent++;
        return ResultOf(outcome);
    }

    /// <summary>Whether an arriving payload is to be kept by handle.</summary>
    internal bool CanHold(InboundBytes payload) => _bodies is not null && payload.Pool is { } pool && !_udp.IsShort(pool);

    /// <summary>Takes a datagram over by handle.</summary>
    internal void Add(in UdpDatagramInfo info, SummedBody body, Instant now)
    {
        _bodies!.Enqueue((body, now));
        _queue.Add(info, new BlockChain(-1, body.Length));
        Raise(SocketEvents.Readable);
    }

    /// <summary>Copies bodies that wait since a time, or longer, into blocks, and lets go of their buffers. One that changed is dropped.</summary>
    internal void CopyOut(Instant due)
    {
        for (int i = 0; i < _queue.Count && BodySince is { } since && since + _udp.Options.BodyLease <= due; i++)
        {
            if (!IsByHandle(i)) continue;
            SummedBody body = _bodies!.Peek().Body;
            if (!_udp.Blocks.TryRent(body.Length, out BlockChain chain)) return;
            _bodies.Dequeue();
            bool isSame = _udp.TryCopy(body, chain);
            body.Release();
            _queue.SetChain(i, chain);
            if (isSame) continue;
            _queue.RemoveAt(i--);
            Dropped++;
        }
    }

    private void ClearBodies()
    {
        while (_bodies is { Count: > 0 }) _bodies.Dequeue().Body.Release();
    }

    private void CheckReadsByCopy()
    {
        if (_bodies is not null) throw new InvalidOperationException($"The socket receives bodies: call {nameof(TryReceiveBody)}.");
    }

    /// <summary>Whether a datagram in the queue takes no blocks.</summary>
    private bool IsByHandle(int index) => _queue.ChainAt(index) is { First: < 0, Length: > 0 };

    /// <summary>Puts the oldest datagram, which lies in blocks, into buffers that a device can send from.</summary>
    private bool TryCopyHead(out SummedBody body)
    {
        body = default;
        Span<byte> bytes = _udp.Scratch.AsSpan(0, _queue.HeadLength);
        _queue.CopyHead(bytes);
        PacketBody copy = default;
        if (!_udp.Ip.Bodies.TryAppend(ref copy, bytes)) return false;
        ChecksumAccumulator sum = default;
        sum.Add(bytes);
        body = new SummedBody(copy, _queue.Head.IsVerified ? sum.Sum : null);
        _udp.BodyBytesCopied += bytes.Length;
        return true;
    }
}
