using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>
/// Where a port's copies go: first the buffers the client posted, then the port's own. All of this is the client's; no other
/// client's frame ever lies in it.
/// </summary>
/// <remarks>A client may release, retain or free what it posted behind our back. It harms only itself: a buffer is looked at again
/// when its turn comes, and skipped.</remarks>
internal sealed class CopyBuffers(BufferPool? own, int postedCapacity, bool isChecked)
{
    private readonly BoundedQueue<Posted> _posted = new(postedCapacity);
    private long _postedBytes;

    private readonly record struct Posted(PortRegistration Registration, BufferHandle Buffer)
    {
        internal BufferPool Pool => Registration.Pool;
    }

    internal int PostRoom => _posted.Room;

    internal int Free => _posted.Count + OwnFree;

    private int OwnFree => own is null || own.Region.IsDisposed ? 0 : own.Available;

    /// <summary>Posts buffers, as many as there is room for.</summary>
    /// <exception cref="InvalidOperationException">One is stale or posted already; nothing was posted.</exception>
    internal int Post(PortRegistration registration, ReadOnlySpan<BufferHandle> buffers)
    {
        buffers = buffers[..Math.Min(buffers.Length, _posted.Room)];
        if (isChecked) registration.Mark(buffers);
        foreach (BufferHandle buffer in buffers) _posted.Enqueue(new Posted(registration, buffer));
        _postedBytes += (long)buffers.Length * registration.Pool.BufferSize;
        return buffers.Length;
    }

    /// <summary>Whether <see cref="TryTake"/> would succeed, if every posted buffer is as it should be.</summary>
    internal bool Fits(int length) => Free > 0 && _postedBytes + (OwnFree == 0 ? 0 : (long)own!.Available * own.BufferSize) >= length;

    /// <summary>Takes buffers for <paramref name="length"/> bytes as one chain.</summary>
    /// <returns>False, and nothing taken, when there is not so much room.</returns>
    internal bool TryTake(int length, PortCounters counters, out PacketBody body)
    {
        body = default;
        if (!Fits(length)) return false;
        do
        {
            if (TryAppend(ref body, length - body.Length, counters)) continue;
            body.Release();
            return false;
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
            Forget(posted);
            if (!isChecked || posted.Pool.IsLive(posted.Buffer)) posted.Pool.Release(posted.Buffer);
        }
    }

    private bool TryAppend(ref PacketBody body, int wanted, PortCounters counters)
    {
        while (_posted.Count > 0)
        {
            Posted posted = _posted.Head;
            _posted.Drop(1);
            Forget(posted);
            if (isChecked && !IsUsable(posted))
            {
                counters.PostedBuffersSkipped++;
                continue;
            }
            counters.Queue.BuffersCompleted++;
            body.Append(new BodySlice(posted.Pool, posted.Buffer, 0, Math.Min(wanted, posted.Pool.BufferSize)));
            return true;
        }
        if (OwnFree == 0 || !own!.TryRent(out BufferHandle buffer)) return false;
        body.Append(new BodySlice(own, buffer, 0, Math.Min(wanted, own.BufferSize)));
        return true;
    }

    private static bool IsUsable(in Posted posted) =>
        !posted.Pool.Region.IsDisposed && posted.Pool.IsLive(posted.Buffer) && posted.Pool.PinsOf(posted.Buffer) == 1;

    private void Forget(in Posted posted)
    {
        _postedBytes -= posted.Pool.BufferSize;
        if (isChecked) posted.Registration.Unmark(posted.Buffer);
    }
}
