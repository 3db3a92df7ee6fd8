using NetStack.Memory;

namespace NetStack.Tcp;

/// <summary>
/// Payload by handle, for a relay: what came in order stays where the device put it and is read, and written to another connection,
/// without a copy. It is summed once, when it comes, and that sum goes with it (docs/adr/0009).
/// </summary>
public sealed partial class TcpConnection
{
    private BodyQueue? _bodies; // null unless payload is kept by handle

    /// <summary>
    /// Keeps payload by handle: <see cref="TryReadBody"/> gives it, and <see cref="Read"/>, <see cref="Peek"/> and <see cref="Consume"/>
    /// must not be used meanwhile. It may be switched on at any time, also behind bytes that were read, and off when no body is unread.
    /// </summary>
    /// <remarks>
    /// What is held counts against the receive window, and pins the buffers frames are received into. A segment is copied when it
    /// arrives if it comes out of order or in fragments, or if its pool has few free buffers (<see cref="TcpSettings.BodyReserve"/>); and
    /// later if it stays unread for <see cref="TcpSettings.BodyLease"/>. What was copied is read by handle all the same. Whoever lets
    /// another device send bodies registers the pools they lie in for sending there.
    /// </remarks>
    /// <exception cref="InvalidOperationException">It is switched off while a body is unread.</exception>
    public bool ReceivesBodies
    {
        get => _bodies is not null;
        set
        {
            if (value == ReceivesBodies) return;
            if (_bodies is { Count: > 0 }) throw new InvalidOperationException("Bodies are unread: read or release them first.");
            _bodies?.Clear();
            _bodies = value ? new BodyQueue(Settings.TransmitPool) : null;
        }
    }

    /// <summary>Reads the next piece of the stream by handle; only while <see cref="ReceivesBodies"/>.</summary>
    /// <param name="body">The piece, which passes to the caller.</param>
    /// <returns>False when there is none: see <see cref="IsEndOfStream"/>, else wait for <see cref="TcpEvents.Readable"/>.</returns>
    /// <exception cref="InvalidOperationException">The connection does not receive bodies.</exception>
    public bool TryReadBody(out SummedBody body)
    {
        BodyQueue bodies = _bodies ?? throw new InvalidOperationException($"The connection does not receive bodies: set {nameof(ReceivesBodies)}.");
        body = default;
        if (_receiveQueue.Unread == 0) return false;
        if (bodies.Count > 0 && bodies.Head.Start == _receiveQueue.ReadAt)
        {
            body = bodies.TakeHead();
            Counters.BodyBytesPassed += body.Length;
        }
        else
        {
            ReadOnlySpan<byte> bytes = _receiveQueue.PeekTo(bodies.Count > 0 ? bodies.Head.Start : _receiveQueue.Next);
            if (!bodies.TryWrite(bytes, out body))
            {
                _layer.AddStarved(this);
                return false;
            }
            Counters.BodyBytesCopied += body.Length;
        }
        _receiveQueue.Consume(body.Length);
        if (_receiveQueue.Unread == 0) bodies.ReleaseWriter();
        NoteRead();
        return true;
    }

    /// <summary>Queues a body to be sent by handle, behind what was written. Its buffers stay pinned until the peer acknowledged it.</summary>
    /// <param name="body">The body; it passes to the connection, and the variable is empty then, if the result is true.</param>
    /// <param name="isMoreComing">As for <see cref="Write"/>.</param>
    /// <returns>False when there is no room, and the caller keeps it: go on after <see cref="TcpEvents.Writable"/>, unless
    /// <see cref="CanWrite"/> is false. A body that fits only in part is taken whole.</returns>
    /// <remarks>The peer drops a body that is not any more what was verified: it does not match its checksum. As soon as that is seen
    /// here, where a body is cut into segments or after a timeout, it ends the connection with <see cref="TcpError.BodyChanged"/>.</remarks>
    public bool TryWriteBody(ref SummedBody body, bool isMoreComing = false)
    {
        if (!CanWrite) return false;
        if (_sendQueue.Length >= _sendLimit)
        {
            _wantsWrite = true;
            return false;
        }
        int before = _sendQueue.Length;
        if (!_sendQueue.TryAppend(ref body, _layer.Meter))
        {
            OnBodyChanged();
            return true;
        }
        if (_sendQueue.Length == before) return true;
        _isMoreComing = isMoreComing;
        if (!isMoreComing) _pushEnd = QueueEnd;
        _layer.MarkReady(this);
        return true;
    }

    /// <summary>The sum that a segment's payload goes with, if a part of what is queued came with its own.</summary>
    /// <returns>False when a body in it is not what was verified.</returns>
    private bool TryCarrySum(SequenceNumber sequence, int length, out ushort? sum)
    {
        sum = null;
        if (length == 0 || !_sendQueue.CarriesSums) return true;
        if (!_sendQueue.TrySum(sequence - QueueStart, length, _layer.Meter, out ushort carried)) return false;
        sum = carried;
        return true;
    }

    /// <summary>Whether a segment's payload is to be kept by handle: it is the next of the stream, whole, and its pool has free buffers.</summary>
    internal bool CanHold(SequenceNumber start, InboundBytes payload)
    {
        if (_bodies is null || payload.Pool is not { } pool || PlaceOf(start) != _receiveQueue.Next) return false;
        long end = _receiveQueue.Next + payload.Length;
        if (end > PlaceLimit || end > (_finPlace ?? long.MaxValue)) return false;
        if (_receiveQueue.Later.Count > 0 && _receiveQueue.Later[0].Start < end) return false;
        if (!IsShort(pool, Settings)) return true;
        CopyOut(Instant.MaxValue);
        return false;
    }

    /// <summary>As <see cref="CanHold(SequenceNumber, InboundBytes)"/>, of what comes with the ACK that completes a handshake.</summary>
    internal static bool CanHold(PassiveOpen open, in TcpSegment segment, InboundBytes payload, TcpSettings settings) =>
        open.Listener.Connection.ReceivesBodies && segment.Sequence == open.Handshake.Irs + 1 && payload.Pool is { } pool && !IsShort(pool, settings);

    /// <summary>Whether so few buffers of a pool are free that none may be kept. Our own buffers are where we would copy to.</summary>
    private static bool IsShort(BufferPool pool, TcpSettings settings) =>
        pool != settings.TransmitPool && pool.Available < pool.Count * settings.BodyReserve;

    /// <summary>Takes over a verified payload by handle. Its place was found before the segment was looked at; by now it must be the same.</summary>
    private bool TryHold(in TcpSegment segment, long start, long end, Instant now)
    {
        if (_bodies is null || start != _receiveQueue.Next || end - start != segment.Length || _isReadShut) return Refuse(TcpDropReason.OutsideWindow);
        _bodies.Add(start, new SummedBody(segment.Payload.Share(), segment.PayloadSum), now);
        return true;
    }

    private void CheckReadsByCopy()
    {
        if (_bodies is not null) throw new InvalidOperationException($"The connection receives bodies: call {nameof(TryReadBody)}.");
    }

    /// <summary>A read by handle that found no buffer may go on.</summary>
    private void OnPoolHasRoomToRead()
    {
        if (_bodies is not { IsStarved: true }) return;
        _bodies.IsStarved = false;
        Raise(TcpEvents.Readable);
    }

    /// <summary>When the oldest body has been unread for too long.</summary>
    private Instant? BodyDeadline
    {
        get
        {
            if (_bodies is not { Count: > 0 } bodies) return null;
            Instant end = bodies.Head.Since + Settings.BodyLease;
            return end > bodies.RetryAt ? end : bodies.RetryAt;
        }
    }

    /// <summary>Ends leases.</summary>
    /// <returns>Whether that is all that a deadline can mean: the connection is over.</returns>
    private bool OnBodyDeadline(Instant now)
    {
        if (_bodies is null) return false;
        if (BodyDeadline <= now && !CopyOut(now)) _bodies.RetryAt = now + Settings.BodyLease;
        if (_state is not (TcpState.Closed or TcpState.TimeWait)) return false;
        Reschedule();
        return true;
    }

    /// <summary>Copies what was unread for too long at a time into receive blocks, and lets go of its buffers.</summary>
    /// <returns>False when memory was short: the rest stays.</returns>
    private bool CopyOut(Instant now)
    {
        BodyQueue bodies = _bodies!;
        while (bodies.Count > 0 && bodies.Head.Since + Settings.BodyLease <= now)
        {
            long start = bodies.Head.Start;
            ChecksumAccumulator sum = default;
            if (!_receiveQueue.Write(start, bodies.Head.Body.Body, ref sum, _layer.Meter)) return false;
            SummedBody body = bodies.TakeHead();
            bool isSame = SummedBody.AreEqual(sum.Sum, body.Sum!.Value);
            body.Release();
            Counters.BodiesCopiedOut++;
            if (isSame) continue;
            ClearReceived(); // it is acknowledged: the peer will not send it again
            OnBodyChanged();
        }
        return true;
    }

    /// <summary>A body has other bytes than were verified. Nothing can put that right.</summary>
    private void OnBodyChanged()
    {
        Counters.BodiesChanged++;
        if (_state is not (TcpState.Closed or TcpState.TimeWait)) Reset(TcpError.BodyChanged);
        else if (Error == TcpError.None) Error = TcpError.BodyChanged;
    }

    /// <summary>Drops what was received and not read.</summary>
    private void ClearReceived()
    {
        _receiveQueue.Clear();
        if (_bodies is null) return;
        _bodies.Clear();
        if (_state is TcpState.Closed or TcpState.TimeWait) Reschedule();
    }
}
