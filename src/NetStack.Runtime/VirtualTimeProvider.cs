namespace NetStack.Runtime;

/// <summary>The clock and the timers of a virtual loop. Timers of one instant fire in the order in which they were set.</summary>
internal sealed class VirtualTimeProvider(VirtualTimeLoop loop, DateTimeOffset start) : TimeProvider
{
    private readonly PriorityQueue<Setting, (Instant Due, long Order)> _timers = new();
    private long _order;

    private readonly record struct Setting(VirtualTimer Timer, int Version);

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>When the next timer fires. The gate is held.</summary>
    internal Instant? NextDeadline
    {
        get
        {
            while (_timers.TryPeek(out Setting setting, out (Instant Due, long Order) at))
            {
                if (setting.Timer.Version == setting.Version) return at.Due;
                _timers.Dequeue(); // it was changed or disposed of meanwhile
            }
            return null;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => loop.Now.Nanoseconds;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => start.AddTicks(loop.Now.Nanoseconds / 100);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        VirtualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Fires what is due; the gate is not held.</summary>
    internal void FireDue()
    {
        while (true)
        {
            VirtualTimer timer;
            using (loop.Enter())
            {
                if (NextDeadline is not { } due || due > loop.Now) return;
                timer = _timers.Dequeue().Timer;
                timer.OnFired();
            }
            timer.Fire();
        }
    }

    private void Set(VirtualTimer timer, int version, TimeSpan dueTime)
    {
        Instant due = loop.Now + (dueTime < TimeSpan.Zero ? TimeSpan.Zero : dueTime);
        _timers.Enqueue(new Setting(timer, version), (due, _order++));
    }

    private sealed class VirtualTimer(VirtualTimeProvider time, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private TimeSpan _period;
        private bool _isDisposed;

        /// <summary>Counts settings: one that is older does not fire.</summary>
        internal int Version { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            using (time.Loop.Enter())
            {
                if (_isDisposed) return false;
                Version++;
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan) time.Set(this, Version, dueTime);
                time.Loop.Kick();
                return true;
            }
        }

        public void Dispose()
        {
            using (time.Loop.Enter())
            {
                _isDisposed = true;
                Version++;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        internal void OnFired()
        {
            Version++;
            if (_period > TimeSpan.Zero) time.Set(this, Version, _period);
        }

        internal void Fire()
        {
            if (_context is null) callback(state);
            else ExecutionContext.Run(_context, static timer => ((VirtualTimer)timer!).Call(), this);
        }

        private void Call() => callback(state);
    }

    private VirtualTimeLoop Loop => loop;
}
