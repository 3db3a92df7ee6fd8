using NetStack.Memory;

namespace NetStack.Runtime;

/// <summary>A body that a program, or a write that waits, holds. It is used again for others; a version tells them apart.</summary>
internal sealed class BodyLease
{
    /// <summary>The bytes; a field, because it is moved out of.</summary>
    internal SummedBody Body;

    internal BodyLease(BodyLeases owner)
    {
        Owner = owner;
        Node = new LinkedListNode<BodyLease>(this);
    }

    internal BodyLeases Owner { get; }

    /// <summary>Counted on whenever the handles that were given out end.</summary>
    internal long Version { get; set; }

    internal Instant Since { get; set; }

    /// <summary>The pool whose buffers it pins; null when it lies in the stack's own.</summary>
    internal LentPool? Pool { get; set; }

    internal LinkedListNode<BodyLease> Node { get; }
}

/// <summary>A pool that devices receive into and that every NIC of the host may send from.</summary>
/// <param name="pool">The pool.</param>
/// <param name="registrations">Its registrations for sending, one for each attachment, in their order.</param>
internal sealed class LentPool(BufferPool pool, BufferRegistration[] registrations)
{
    internal BufferPool Pool => pool;

    internal BufferRegistration[] Registrations => registrations;

    /// <summary>Bodies in it that programs hold.</summary>
    internal int Held { get; set; }
}

/// <summary>
/// The bodies that programs of one host hold. Whatever a program does with them, its devices get their buffers back: what is held too
/// long, or while buffers are short, is moved into the stack's transmit buffers, at most half of which go for that. The gate is held
/// unless said otherwise.
/// </summary>
internal sealed class BodyLeases
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20); // while there is nowhere to move to

    private readonly StackDriver _driver;
    private readonly TimeSpan _limit;
    private readonly List<LentPool> _lent = [];
    private readonly LinkedList<BodyLease> _pinning = new(); // in devices' buffers, the oldest first
    private readonly LinkedList<BodyLease> _private = new();
    private readonly Stack<BodyLease> _free = new();
    private Instant _retryAt = new(long.MinValue);
    private bool _isStopped;

    /// <summary>Lets every NIC send from what any of them receives into. The driver's NICs are all attached.</summary>
    internal BodyLeases(StackDriver driver, TimeSpan limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero);
        _driver = driver;
        _limit = limit;
        foreach (NicAttachment attachment in driver.Attachments)
        {
            foreach (BufferPool pool in attachment.ReceiveBuffers) Lend(pool);
        }
    }

    /// <summary>Bodies that are held.</summary>
    internal int Count => _pinning.Count + _private.Count;

    /// <summary>Bodies that were moved because they were held too long or buffers were short.</summary>
    internal long Moved { get; private set; }

    /// <summary>When <see cref="Poll"/> has to be called next; null when never.</summary>
    internal Instant? NextDeadline
    {
        get
        {
            if (_pinning.First is not { } oldest) return null;
            Instant due = IsAnyShort ? oldest.Value.Since : oldest.Value.Since + _limit;
            return due > _retryAt ? due : _retryAt;
        }
    }

    private BufferPool Private => _driver.Stack.TransmitBuffers;

    /// <summary>Moves what is held too long, or while buffers are short.</summary>
    internal void Poll(Instant now)
    {
        bool isShort = IsAnyShort;
        LinkedListNode<BodyLease>? next = _pinning.First;
        while (next is not null)
        {
            BodyLease lease = next.Value;
            next = next.Next;
            bool isOver = lease.Since + _limit <= now;
            if (!isOver && !isShort) return;
            if (!isOver && !IsShort(lease.Pool!)) continue;
            if (TryMove(lease)) continue;
            _retryAt = now + RetryInterval;
            return;
        }
    }

    /// <summary>Takes a body over and gives a handle to it out.</summary>
    /// <exception cref="ObjectDisposedException">The host stopped; the body was released.</exception>
    internal NetBody Hold(SummedBody body)
    {
        if (_isStopped)
        {
            body.Release();
            throw new ObjectDisposedException(nameof(NetStackHost));
        }
        if (!_free.TryPop(out BodyLease? lease)) lease = new BodyLease(this);
        lease.Pool = PoolOf(body.Body);
        lease.Body = body;
        lease.Since = _driver.Loop.Now;
        if (lease.Pool is not null) lease.Pool.Held++;
        (lease.Pool is null ? _private : _pinning).AddLast(lease.Node);
        return new NetBody(lease);
    }

    /// <summary>Lets a body go if the handle still names it. Enters the gate.</summary>
    internal void Release(BodyLease lease, long version)
    {
        using (_driver.Loop.Enter())
        {
            if (lease.Version == version) End(lease);
        }
    }

    /// <summary>Ends a lease; what is left of its body is released.</summary>
    internal void End(BodyLease lease)
    {
        if (lease.Node.List is null) return; // the host stopped meanwhile
        lease.Version++;
        lease.Node.List.Remove(lease.Node);
        if (lease.Pool is not null) lease.Pool.Held--;
        lease.Pool = null;
        lease.Body.Release();
        _free.Push(lease);
    }

    /// <summary>Ends every lease, then the registrations: the task is done when no NIC reads the pools any more.</summary>
    internal Task StopAsync()
    {
        _isStopped = true;
        while (_pinning.First is { } pinning) End(pinning.Value);
        while (_private.First is { } own) End(own.Value);
        List<Task> ends = [];
        foreach (LentPool lent in _lent)
        {
            for (int i = 0; i < lent.Registrations.Length; i++)
            {
                if (!_driver.Attachments[i].HasFailed) ends.Add(lent.Registrations[i].UnregisterAsync().AsTask());
            }
        }
        return Task.WhenAll(ends);
    }

    /// <summary>The lent pool a body lies in; null when it lies in the stack's own buffers.</summary>
    private LentPool? PoolOf(PacketBody body)
    {
        LentPool? first = null;
        for (int i = 0; i < body.SliceCount; i++)
        {
            BufferPool pool = body.Slice(i).Pool;
            if (pool == Private || pool == first?.Pool) continue;
            LentPool lent = Find(pool) ?? Lend(pool);
            first ??= lent;
        }
        return first;
    }

    /// <summary>Registers a pool with every NIC for sending. What a multiplexer hands out lies in its own pool, which is seen with the
    /// first body.</summary>
    private LentPool Lend(BufferPool pool)
    {
        LentPool lent = new(pool, [.. _driver.Nics.Select(n => n.Register(pool, queue: 0, BufferUse.Transmit))]);
        _lent.Add(lent);
        return lent;
    }

    private LentPool? Find(BufferPool pool)
    {
        foreach (LentPool lent in _lent)
        {
            if (lent.Pool == pool) return lent;
        }
        return null;
    }

    private bool IsAnyShort
    {
        get
        {
            foreach (LentPool lent in _lent)
            {
                if (IsShort(lent)) return true;
            }
            return false;
        }
    }

    private bool IsShort(LentPool lent) => lent.Held > 0 && lent.Pool.Available < lent.Pool.Count * _driver.Stack.Tcp.Settings.BodyReserve;

    private bool TryMove(BodyLease lease)
    {
        if (Private.Available <= Private.Count / 2) return false;
        if (!lease.Body.TryMoveTo(Private, _driver.Stack.Meter)) return false;
        _pinning.Remove(lease.Node);
        _private.AddLast(lease.Node);
        lease.Pool!.Held--;
        lease.Pool = null;
        Moved++;
        return true;
    }
}
