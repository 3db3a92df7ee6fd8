using NetStack.Runtime;

namespace NetStack;

/// <summary>
/// What drives stacks, NICs and links: one owner of them all. Everything it drives is touched only by the thread that holds its
/// gate: the loop itself while it polls, or a caller while it reads, writes or connects. So the stack below has one owner at a time
/// and needs no lock of its own, and a write goes out on the caller's thread without a second thread taking over.
/// </summary>
/// <remarks>
/// <see cref="RealTimeLoop"/> polls on a thread of its own; <see cref="VirtualTimeLoop"/> lets time jump to the next deadline. Public
/// members may be called from any thread. User code never runs while the gate is held: what became ready is noted and run after.
/// </remarks>
public abstract class NetLoop : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<IPollable> _parts = [];
    private List<ICompletion> _completed = [];
    private List<ICompletion>? _spare;
    private int _depth;
    private bool _isClosed;

    [ThreadStatic]
    private static NetLoop? _running; // whose completions this thread runs

    private protected NetLoop()
    {
    }

    /// <summary>The clock that timers of everything on this loop go by.</summary>
    public abstract TimeProvider TimeProvider { get; }

    /// <summary>The present, on the clock of the parts.</summary>
    public abstract Instant Now { get; }

    /// <summary>What ended the loop, if something it drives threw; nothing is driven any more then, and operations that wait, or would,
    /// end with an <see cref="IOException"/>.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>What is driven, in the order in which it is polled.</summary>
    private protected List<IPollable> Parts => _parts;

    /// <summary>When something has to be polled next although nothing arrives. The gate is held.</summary>
    private protected Instant? NextDeadline
    {
        get
        {
            Instant? next = null;
            foreach (IPollable part in _parts) next = Instant.Earliest(next, part.NextDeadline);
            return next;
        }
    }

    /// <summary>Whether a program runs on this thread as soon as the gate is free: what waits to be sent can wait for what it has to say.</summary>
    internal bool IsProgramDue { get; private set; }

    /// <summary>The first of the operations that wait, each with the next; under the gate.</summary>
    internal Waiter? Waiting { get; set; }

    /// <summary>What an operation ends with that nobody will ever tell, because the loop failed; a new one each time.</summary>
    internal IOException? FailureToTell => Failure is { } failure ? new IOException("The loop failed: " + failure.Message, failure) : null;

    /// <summary>Whether this thread holds the gate.</summary>
    internal bool IsOwner => _gate.IsHeldByCurrentThread;

    /// <summary>Drives something from now on: a virtual link, a multiplexer, a device.</summary>
    /// <exception cref="ObjectDisposedException">The loop was stopped.</exception>
    public void Add(IPollable part)
    {
        ArgumentNullException.ThrowIfNull(part);
        using (Enter())
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            _parts.Add(part);
            OnPartsChanged();
        }
        Kick();
    }

    /// <summary>Drives it no longer. After the return it is not being polled.</summary>
    public void Remove(IPollable part)
    {
        using (Enter())
        {
            _parts.Remove(part);
            OnPartsChanged();
        }
    }

    /// <summary>Runs something as the owner of everything the loop drives, on the calling thread; what it set off goes on in the loop. It
    /// must not block.</summary>
    /// <param name="action">Gets the present.</param>
    public void Run(Action<Instant> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        using (Enter()) action(Now);
        Kick();
    }

    /// <summary>Stops driving. What was attached is not disposed of.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>Whether connections that a program forgot are reset when the garbage collector finds them.</summary>
    internal virtual bool ResetsForgotten => true;

    /// <summary>Whether it matters which thread calls.</summary>
    private protected bool ChecksCallers { get; set; }

    /// <summary>Looks who calls. The gate is not held.</summary>
    private protected virtual void CheckCaller()
    {
    }

    /// <summary>Becomes the owner until the scope is disposed of; then what was completed meanwhile is run.</summary>
    internal Scope Enter()
    {
        if (ChecksCallers) CheckCaller();
        _gate.Enter();
        _depth++;
        return new Scope(this);
    }

    /// <summary>Notes a completion to be run once the gate is free. The gate is held.</summary>
    internal void Complete(ICompletion completion)
    {
        _completed.Add(completion);
        IsProgramDue |= completion.IsInline;
    }

    /// <summary>Sees to it that the loop looks at its deadlines again, where it may sleep beyond the earliest one. The gate is not
    /// necessarily held.</summary>
    internal abstract void Kick();

    /// <summary>A caller changed something; the gate is held. The loop wakes if a deadline came before the one it sleeps for.</summary>
    internal abstract void OnTouched();

    private protected virtual void OnPartsChanged()
    {
    }

    private protected void Close()
    {
        using (Enter()) _isClosed = true;
    }

    /// <summary>Something that is driven threw: nothing is driven any more, and whoever waits is told.</summary>
    private protected void Fail(Exception failure)
    {
        using (Enter())
        {
            _isClosed = true;
            Failure = failure;
            while (Waiting is { } waiter) waiter.Signal();
        }
    }

    /// <summary>Says so if the loop failed.</summary>
    /// <exception cref="IOException">It did.</exception>
    internal void CheckFailed()
    {
        if (FailureToTell is { } failure) throw failure;
    }

    /// <summary>Gives the gate back, then runs what was completed. A thread that does so already leaves new completions to the loop
    /// it is in, so that programs which answer each other inline do not pile up on the stack.</summary>
    private void Exit()
    {
        if (--_depth > 0 || _completed.Count == 0 || _running == this)
        {
            _gate.Exit();
            return;
        }
        NetLoop? outer = _running;
        _running = this;
        while (_completed.Count > 0)
        {
            List<ICompletion> completed = _completed;
            _completed = _spare ?? [];
            _spare = null;
            IsProgramDue = false;
            _gate.Exit();
            foreach (ICompletion completion in completed) completion.Run();
            completed.Clear();
            _gate.Enter();
            _spare = completed;
        }
        _running = outer;
        _gate.Exit();
    }

    /// <summary>Ownership of what a loop drives.</summary>
    internal readonly ref struct Scope(NetLoop loop)
    {
        public void Dispose() => loop.Exit();
    }
}
