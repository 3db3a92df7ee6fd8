using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace NetStack.Runtime;

/// <summary>
/// A place where one operation at a time waits to be told that it may go on: a read for bytes, a write for room. It is reused, so
/// waiting allocates nothing. Its continuation runs where the scheduler says, never under the loop's gate.
/// </summary>
internal sealed class Waiter(NetLoop loop, PipeScheduler scheduler) : IValueTaskSource, ICompletion, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _source;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private bool _isCancelled;
    private bool _isBusy;
    private Waiter? _next; // in the loop's list of those that wait
    private Waiter? _previous;

    /// <summary>Whether an operation waits and was not told yet.</summary>
    internal bool IsWaiting { get; private set; }

    /// <summary>Whether an operation waits, or was told and has not gone on yet.</summary>
    internal bool IsBusy => Volatile.Read(ref _isBusy);

    bool ICompletion.IsInline => scheduler == PipeScheduler.Inline;

    /// <summary>Begins to wait. The gate is held.</summary>
    /// <exception cref="InvalidOperationException">Another operation waits.</exception>
    /// <exception cref="IOException">The loop failed: nobody would ever tell.</exception>
    internal ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (IsBusy) throw new InvalidOperationException("Another operation of the same kind waits already.");
        loop.CheckFailed();
        _source.Reset();
        _isCancelled = false;
        _token = cancellationToken;
        IsWaiting = true;
        _next = loop.Waiting;
        if (_next is not null) _next._previous = this;
        loop.Waiting = this;
        Volatile.Write(ref _isBusy, true);
        _registration = cancellationToken.UnsafeRegister(static waiter => ((Waiter)waiter!).Cancel(), this);
        return new ValueTask(this, _source.Version);
    }

    /// <summary>Tells the operation that waits, if one does. The gate is held.</summary>
    internal void Signal()
    {
        if (!IsWaiting) return;
        IsWaiting = false;
        if (_previous is null) loop.Waiting = _next;
        else _previous._next = _next;
        if (_next is not null) _next._previous = _previous;
        _next = _previous = null;
        loop.Complete(this);
    }

    void ICompletion.Run()
    {
        if (scheduler == PipeScheduler.Inline) Execute();
        else if (scheduler == PipeScheduler.ThreadPool) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else scheduler.Schedule(static waiter => ((Waiter)waiter!).Execute(), this);
    }

    /// <inheritdoc/>
    public void Execute()
    {
        if (_isCancelled) _source.SetException(new OperationCanceledException(_token));
        else if (loop.FailureToTell is { } failure) _source.SetException(failure);
        else _source.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token)
    {
        _registration.Unregister(); // a callback under way finds another token, or none that waits
        _registration = default;
        Volatile.Write(ref _isBusy, false);
        _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        using (loop.Enter())
        {
            if (!IsWaiting || !_token.IsCancellationRequested) return;
            _isCancelled = true;
            Signal();
        }
    }
}
