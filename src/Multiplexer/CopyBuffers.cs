using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>
/// Where a port's copies go: first the buffers the client posted, then the port's own. All of this is the client's; no other
/// client's frame ever lies in it.
/// </summary>
internal sealed class CopyBuffers(BufferPool? own, int postedCapacity)
{
    private readonly BoundedQueue<Posted> _posted = new(postedCapacity);
    private long _postedBytes;

    private readonly record struct Posted(BufferRegistration Registration, BufferHandle Buffer);

    internal int PostRoom => _posted.Room;

    internal int Free => _posted.Count + (own?.Available ?? 0);

    internal void Post(BufferRegistration registration, BufferHandle buffer)
    {
        _posted.Enqueue(new Posted(registration, buffer));
        _postedBytes += registration.Pool.BufferSize;
    }

    /// <summary>Whether <see cref="TryTake"/> would succeed.</summary>
    internal bool Fits(int length) => Free > 0 && _postedBytes + (own is null ? 0 : (long)own.Available * own.BufferSize) >= length;

    /// <summary>Takes buffers for <paramref name="length"/> bytes as one chain.</summary>
    /// <returns>False, and nothing taken, when there is not so much room.</returns>
    internal bool TryTake(int length, QueueCounters counters, out PacketBody body)
    {
        body = default;
        if (!Fits(length)) return false;
        do
        {
            Append(ref body, length - body.Length, counters);
        }
        while (body.Length < length);
        return true;
    }

    /// <summary>Takes back what a registration posted and releases it, or everything for null.</summary>
    internal void Withdraw(BufferRegistration? registration)
    {
        for (int i = _posted.Count; i > 0; i--)
        {
            Posted posted = _posted.Head;
            _posted.Drop(1);
            if (registration is not null && posted.Registration != registration)
            {
                _posted.Enqueue(posted);
                continue;
            }
            _postedBytes -= posted.Registration.Pool.BufferSize;
            posted.Registration.Pool.Release(posted.Buffer);
        }
    }

    private void Append(ref PacketBody body, int wanted, QueueCounters counters)
    {
        if (_posted.Count > 0)
        {
            Posted posted = _posted.Head;
            _posted.Drop(1);
            BufferPool pool = posted.Registration.Pool;
            _postedBytes -= pool.BufferSize;
            counters.BuffersCompleted++;
            body.Append(new BodySlice(pool, posted.Buffer, 0, Math.Min(wanted, pool.BufferSize)));
            return;
        }
        if (!own!.TryRent(out BufferHandle buffer)) throw new InvalidOperationException("The port's buffers were counted wrong.");
        body.Append(new BodySlice(own, buffer, 0, Math.Min(wanted, own.BufferSize)));
    }
}
