namespace NetStack.Testing;

/// <summary>A clock that runs faster or slower than the real one.</summary>
internal sealed class PacedTimeProvider(double pace) : TimeProvider
{
    private readonly DateTimeOffset _start = System.GetUtcNow();
    private readonly long _origin = System.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() => (System.GetElapsedTime(_origin) * pace).Ticks;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _start.AddTicks(GetTimestamp());

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new PacedTimer(System.CreateTimer(callback, state, Scale(dueTime), Scale(period)), this);

    private TimeSpan Scale(TimeSpan time) => time <= TimeSpan.Zero ? time : TimeSpan.FromMilliseconds(Math.Max(1, Math.Min(time.TotalMilliseconds / pace, uint.MaxValue - 1d)));

    private sealed class PacedTimer(ITimer inner, PacedTimeProvider clock) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(clock.Scale(dueTime), clock.Scale(period));

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
