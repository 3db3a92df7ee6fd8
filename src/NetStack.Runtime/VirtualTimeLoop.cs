using NetStack.Runtime;

namespace NetStack;

/// <summary>How a <see cref="VirtualTimeLoop"/> works. Read once.</summary>
public sealed class VirtualTimeLoopOptions
{
    /// <summary>The wall clock's time when the loop begins; the year 2000 where it is not set, so that runs are alike.</summary>
    public DateTimeOffset Start { get; set; } = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether it is an error, <see cref="DeterminismException"/>, when the program goes by the real clock or calls from a thread
    /// outside the pool. Connections that it forgets are then not reset: when the garbage collector finds them is not the same each time.</summary>
    public bool ChecksDeterminism { get; set; }

    /// <summary>How long a program may take, in virtual time; null for as long as it likes.</summary>
    public TimeSpan? Limit { get; set; }

    /// <summary>How long, in real time, the pool's worker may be blocked where <see cref="ChecksDeterminism"/> is set.</summary>
    public TimeSpan BlockedLimit { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// A loop whose time stands still while anything runs and then jumps to the next deadline, so hours pass in seconds and a run with the
/// same seeds is the same run. Programs under it are ordinary: they await, use the thread pool, and take their timers from
/// <see cref="TimeProvider"/>.
/// </summary>
/// <remarks>
/// For the duration of <see cref="RunAsync"/> the process's thread pool has one worker, so work runs one item after another in the order
/// in which it was queued. The pump is an item as well, and lets time go on only when no other item waits. What runs on threads outside
/// the pool, or waits for the real clock, is not seen by it. Simulations run one after another: two pumps would each wait for the other.
/// </remarks>
public sealed class VirtualTimeLoop : NetLoop, IThreadPoolWorkItem
{
    /// <summary>How long, in real time, a run that stands still waits for the thread or I/O outside that it waits for, to name it.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(200);

    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    private readonly VirtualTimeLoopOptions _options;
    private readonly VirtualTimeProvider _time;
    private Instant _now;
    private Instant _end = Instant.MaxValue;
    private bool _isIdle = true;
    private volatile bool _isRunning;
    private TaskCompletionSource? _stopped;
    private ForeignTimers? _foreignTimers;
    private BlockedWorkerWatch? _watch;

    /// <summary>Makes a loop.</summary>
    /// <param name="start">The wall clock's time when the loop begins; the year 2000 where it is not given, so that runs are alike.</param>
    public VirtualTimeLoop(DateTimeOffset? start = null)
        : this(start is { } at ? new VirtualTimeLoopOptions { Start = at } : new VirtualTimeLoopOptions())
    {
    }

    /// <summary>Makes a loop.</summary>
    /// <param name="options">How it works.</param>
    public VirtualTimeLoop(VirtualTimeLoopOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = new VirtualTimeProvider(this, options.Start);
    }

    /// <inheritdoc/>
    public override TimeProvider TimeProvider => _time;

    /// <inheritdoc/>
    public override Instant Now => _now;

    internal override bool ResetsForgotten => !_options.ChecksDeterminism;

    /// <summary>Runs a program in virtual time, until it ends. Another simulation of this process is waited for.</summary>
    /// <param name="body">The program. It must await whatever it starts.</param>
    /// <exception cref="InvalidOperationException">The program waits, and nothing that could end its wait will ever happen.</exception>
    /// <exception cref="TimeoutException">It took longer than <see cref="VirtualTimeLoopOptions.Limit"/>.</exception>
    /// <exception cref="DeterminismException">The run is not the same each time.</exception>
    /// <exception cref="Exception">What something that is driven threw, see <see cref="NetLoop.Failure"/>.</exception>
    public async Task RunAsync(Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        await OneAtATime.WaitAsync().ConfigureAwait(false);
        ThreadPool.GetMinThreads(out int leastWorkers, out int leastPorts);
        ThreadPool.GetMaxThreads(out int mostWorkers, out int mostPorts);
        try
        {
            ThreadPool.SetMinThreads(1, 1);
            ThreadPool.SetMaxThreads(1, 1);
            _stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_options.ChecksDeterminism) BeginChecks();
            _isRunning = true;
            _end = _options.Limit is { } limit ? _now + limit : Instant.MaxValue;
            Task program = Task.Run(() => StartAsync(body));
            Task ended = await Task.WhenAny(program, _stopped.Task).ConfigureAwait(false);
            if (_stopped.Task.IsCompleted) ended = _stopped.Task; // it says why, whatever the program made of it
            await ended.ConfigureAwait(false);
            await program.ConfigureAwait(false);
        }
        catch (Exception failure) when (_stopped is { Task.IsFaulted: true } && Failure is null)
        {
            Fail(failure); // the program did not end: what it waits for will not come
            throw;
        }
        finally
        {
            _isRunning = false;
            ChecksCallers = false;
            _watch?.Dispose();
            ThreadPool.SetMaxThreads(mostWorkers, mostPorts);
            ThreadPool.SetMinThreads(leastWorkers, leastPorts);
            OneAtATime.Release();
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Close();
        return default;
    }

    /// <summary>The pump's turn: once nothing else is to run, polls everything, else lets time go on.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (!_isRunning) return;
        _watch?.OnTurn();
        try
        {
            if (ThreadPool.PendingWorkItemCount == 0 && !Pump()) return;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(failure);
            _stopped!.TrySetException(failure);
            return;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    internal override void Kick()
    {
        using (Enter())
        {
            if (!_isIdle || !_isRunning) return;
            _isIdle = false;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    internal override void OnTouched() => Kick();

    /// <summary>The program, and what comes before and after it on the same worker: nothing is between its end and the pump's.</summary>
    private async Task StartAsync(Func<Task> body)
    {
        _watch?.OnTurn(); // it may block before the pump has its first turn
        Kick();
        try
        {
            await body().ConfigureAwait(false);
        }
        finally
        {
            _isRunning = false;
        }
    }

    /// <summary>Only the pool's worker may call: what another thread does comes at a moment that is not the same each time.</summary>
    private protected override void CheckCaller()
    {
        if (!_isRunning || Thread.CurrentThread.IsThreadPoolThread) return;
        DeterminismException lost = new($"""
            The thread '{Thread.CurrentThread.Name}' ({Environment.CurrentManagedThreadId}), which is none of the thread pool's, called into a simulation. Use Task.Run instead of a thread of your own.
            {Environment.StackTrace}
            """);
        _stopped!.TrySetException(lost);
        throw lost;
    }

    private void BeginChecks()
    {
        ChecksCallers = true;
        _foreignTimers = new ForeignTimers();
        _watch = new BlockedWorkerWatch(_options.BlockedLimit, stack => _stopped!.TrySetException(new DeterminismException($"""
            The thread pool's worker was blocked for {_options.BlockedLimit.TotalSeconds:0.#} s of real time. In a simulation there is one worker: await instead of Wait, Result and Sleep.
            {stack}
            """)));
    }

    /// <summary>As a loop that is about to sleep asks: a link may have filled a NIC whose driver was polled before it.</summary>
    private bool TryArm()
    {
        using (Enter())
        {
            foreach (IPollable part in Parts)
            {
                if (part is ILoopPart driver && !driver.TryArm()) return false;
            }
        }
        return true;
    }

    /// <returns>False when nothing will happen by itself any more.</returns>
    private bool Pump()
    {
        using (Enter())
        {
            for (int i = 0; i < Parts.Count; i++) Parts[i].Poll(_now);
        }
        if (ThreadPool.PendingWorkItemCount > 0) return true;
        if (!TryArm()) return true;
        if (_foreignTimers?.Find() is { } timer)
        {
            _stopped!.TrySetException(new DeterminismException($"A timer of the real clock was set in a simulation. Use the simulation's TimeProvider (VirtualNetwork.Time, or the loop's).{Environment.NewLine}{timer}"));
            return false;
        }
        bool standsStill;
        using (Enter())
        {
            Instant? next = Instant.Earliest(NextDeadline, _time.NextDeadline);
            standsStill = _isIdle = next is null;
            if (next > _end)
            {
                _isIdle = true;
                _stopped!.TrySetException(new TimeoutException($"The program did not end within {_options.Limit} of virtual time."));
                return false;
            }
            if (next > _now) _now = next.Value;
        }
        if (standsStill)
        {
            TellStandstill();
            return false;
        }
        _time.FireDue();
        return true;
    }

    /// <summary>A thread that will call in has the time to: it is then what is told, with its stack.</summary>
    private void TellStandstill()
    {
        if (_options.ChecksDeterminism) Thread.Sleep(Grace);
        _stopped!.TrySetException(new InvalidOperationException(
            "Nothing will happen any more in virtual time, and the program has not ended: it waits for what nobody in the simulation will do, or for a thread of its own or I/O of the machine."));
    }
}
