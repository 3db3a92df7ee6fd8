using NetStack.Runtime;

namespace NetStack;

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
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    private readonly VirtualTimeProvider _time;
    private Instant _now;
    private bool _isIdle = true;
    private bool _isRunning;
    private TaskCompletionSource? _stopped;

    /// <summary>Makes a loop.</summary>
    /// <param name="start">The wall clock's time when the loop begins; the year 2000 where it is not given, so that runs are alike.</param>
    public VirtualTimeLoop(DateTimeOffset? start = null) =>
        _time = new VirtualTimeProvider(this, start ?? new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <inheritdoc/>
    public override TimeProvider TimeProvider => _time;

    /// <inheritdoc/>
    public override Instant Now => _now;

    /// <summary>Runs a program in virtual time, until it ends. Another simulation of this process is waited for.</summary>
    /// <param name="body">The program. It must await whatever it starts.</param>
    /// <exception cref="InvalidOperationException">The program waits, and nothing that could end its wait will ever happen.</exception>
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
            _isRunning = true;
            Task program = Task.Run(body);
            Kick();
            Task ended = await Task.WhenAny(program, _stopped.Task).ConfigureAwait(false);
            await ended.ConfigureAwait(false);
            await program.ConfigureAwait(false);
        }
        finally
        {
            _isRunning = false;
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

    /// <returns>False when nothing will happen by itself any more.</returns>
    private bool Pump()
    {
        using (Enter())
        {
            for (int i = 0; i < Parts.Count; i++) Parts[i].Poll(_now);
        }
        if (ThreadPool.PendingWorkItemCount > 0) return true;
        using (Enter())
        {
            Instant? next = Instant.Earliest(NextDeadline, _time.NextDeadline);
            if (next is null)
            {
                _isIdle = true;
                _stopped!.TrySetException(new InvalidOperationException("Nothing will happen any more in virtual time, and the program has not ended: it waits for something outside."));
                return false;
            }
            if (next.Value > _now) _now = next.Value;
        }
        _time.FireDue();
        return true;
    }
}
