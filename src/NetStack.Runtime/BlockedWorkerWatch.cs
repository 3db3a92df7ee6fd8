namespace NetStack.Runtime;

/// <summary>
/// Notices that a simulation's one worker blocks, and where. No thread can be asked for another's stack, so the worker is interrupted:
/// the exception is thrown where it waits, and whoever sees it first, on that thread, takes the stack.
/// </summary>
internal sealed class BlockedWorkerWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly ManualResetEventSlim _isOver = new();
    private readonly TimeSpan _limit;
    private readonly Action<string> _onBlocked;
    private volatile Thread? _worker;
    private volatile Thread? _interrupted;
    private long _turns;

    internal BlockedWorkerWatch(TimeSpan limit, Action<string> onBlocked)
    {
        _limit = limit;
        _onBlocked = onBlocked;
        new Thread(Watch) { IsBackground = true, Name = "netstack blocked worker watch" }.Start();
    }

    /// <summary>The pump runs: the worker does not block.</summary>
    internal void OnTurn()
    {
        _worker = Thread.CurrentThread;
        Volatile.Write(ref _turns, _turns + 1);
    }

    public void Dispose() => _isOver.Set();

    private void Watch()
    {
        TimeProvider clock = TimeProvider.System; // real time is what is measured here
        long seen = 0;
        long since = clock.GetTimestamp();
        while (!_isOver.Wait(Interval))
        {
            long turns = Volatile.Read(ref _turns);
            if (turns != seen || _worker is not { } worker || (worker.ThreadState & ThreadState.WaitSleepJoin) == 0)
            {
                seen = turns;
                since = clock.GetTimestamp();
                continue;
            }
            if (clock.GetElapsedTime(since) < _limit) continue;
            Interrupt(worker);
            return;
        }
    }

    private void Interrupt(Thread worker)
    {
        AppDomain.CurrentDomain.FirstChanceException += OnThrown;
        _interrupted = worker;
        worker.Interrupt();
        _isOver.Wait();
        AppDomain.CurrentDomain.FirstChanceException -= OnThrown;
    }

    private void OnThrown(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs thrown)
    {
        if (thrown.Exception is not ThreadInterruptedException || Thread.CurrentThread != _interrupted) return;
        _interrupted = null;
        _onBlocked(Environment.StackTrace);
    }
}
