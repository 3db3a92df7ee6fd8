using NetStack.Runtime;

namespace NetStack;

/// <summary>How a <see cref="RealTimeLoop"/> works. Read once.</summary>
public sealed class RealTimeLoopOptions
{
    /// <summary>The thread's name.</summary>
    public string Name { get; set; } = "netstack";

    /// <summary>The clock. Its time stamps must advance by themselves, as <see cref="TimeProvider.System"/>'s do.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Seconds that pass on <see cref="TimeProvider"/> in a real one, more than zero: 1 unless it is a paced clock.</summary>
    public double Pace { get; set; } = 1;

    /// <summary>How long the thread goes on polling after the last thing that happened, before it sleeps (busy polling): less latency
    /// for a processor that is kept busy. Zero sleeps at once; <see cref="Timeout.InfiniteTimeSpan"/> never sleeps.</summary>
    public TimeSpan BusyPoll { get; set; }
}

/// <summary>A loop on a thread of its own that goes by the real clock and sleeps when nothing is to do.</summary>
public sealed class RealTimeLoop : NetLoop
{
    // While programs call in, deadlines come and go with every segment: sleeping no longer than this spares them a wake-up each.
    private static readonly TimeSpan LightSleep = TimeSpan.FromMilliseconds(20);

    private const int BusyPause = 8; // turns of waiting between two polls that found nothing

    private readonly RealTimeLoopOptions _options;
    private readonly long _origin;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LoopWaiting _waiting;
    private Instant _wakeAt = Instant.MaxValue; // when the sleeping thread wakes by itself; the past while it is awake
    private bool _isTouched;   // a program called since the last poll
    private bool _isLightSleep; // or since the last sleep
    private volatile bool _isStopping;

    /// <summary>Starts the thread.</summary>
    public RealTimeLoop(RealTimeLoopOptions? options = null)
    {
        _options = options ?? new RealTimeLoopOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.Pace, nameof(options));
        _origin = _options.TimeProvider.GetTimestamp();
        _waiting = new LoopWaiting([]);
        _thread = new Thread(Run) { IsBackground = true, Name = _options.Name };
        _thread.Start();
    }

    /// <inheritdoc/>
    public override TimeProvider TimeProvider => _options.TimeProvider;

    /// <inheritdoc/>
    public override Instant Now
    {
        get
        {
            long ticks = _options.TimeProvider.GetTimestamp() - _origin;
            long frequency = _options.TimeProvider.TimestampFrequency;
            return new Instant(frequency == 1_000_000_000 ? ticks : (long)((Int128)ticks * 1_000_000_000 / frequency));
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        Close();
        _isStopping = true;
        Kick();
        await _ended.Task.ConfigureAwait(false);
    }

    internal override void Kick() => Volatile.Read(ref _waiting).Wake();

    internal override void OnTouched()
    {
        _isTouched = true;
        if (_wakeAt.Nanoseconds != long.MinValue && NextDeadline < _wakeAt) _waiting.Wake();
    }

    private protected override void OnPartsChanged()
    {
        LoopWaiting old = _waiting;
        List<INic> nics = [];
        foreach (IPollable part in Parts)
        {
            if (part is ILoopPart owner) nics.AddRange(owner.Nics);
        }
        Volatile.Write(ref _waiting, new LoopWaiting(nics));
        old.Retire();
    }

    private void Run()
    {
        try
        {
            Instant idleSince = Now;
            while (!_isStopping)
            {
                if (Step(ref idleSince, out LoopWaiting waiting, out TimeSpan sleep)) continue;
                if (sleep == TimeSpan.Zero) Thread.SpinWait(BusyPause); // programs want the gate as well
                else waiting.Wait(sleep);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            Fail(failure);
            foreach (ILoopPart part in Parts.OfType<ILoopPart>().ToArray()) part.OnLoopFailed(failure);
        }
        finally
        {
            _waiting.Retire();
            _ended.SetResult();
        }
    }

    /// <summary>Whether a part is to be polled again at once; otherwise, when the next one is.</summary>
    private bool IsDue(Instant now, out Instant? next)
    {
        next = null;
        foreach (IPollable part in Parts)
        {
            Instant? deadline = part.NextDeadline;
            if (deadline <= now) return true;
            next = Instant.Earliest(next, deadline);
        }
        return false;
    }

    /// <summary>Polls everything once.</summary>
    /// <returns>Whether to go on at once; otherwise how long to sleep, or zero to only let others have the gate.</returns>
    private bool Step(ref Instant idleSince, out LoopWaiting waiting, out TimeSpan sleep)
    {
        using Scope scope = Enter();
        Instant now = Now;
        _wakeAt = new Instant(long.MinValue);
        for (int i = 0; i < Parts.Count; i++) Parts[i].Poll(now);
        waiting = _waiting;
        sleep = TimeSpan.Zero;
        bool isDue = IsDue(now, out Instant? next);
        if (isDue || _isTouched) idleSince = now;
        _isLightSleep |= _isTouched;
        _isTouched = false;
        if (isDue) return true;
        if (_options.BusyPoll != TimeSpan.Zero && (_options.BusyPoll < TimeSpan.Zero || now < idleSince + _options.BusyPoll)) return false;
        if (!waiting.TryArm()) return true;
        _wakeAt = Instant.Min(next ?? Instant.MaxValue, _isLightSleep ? now + LightSleep : Instant.MaxValue);
        _isLightSleep = false;
        sleep = _wakeAt == Instant.MaxValue ? Timeout.InfiniteTimeSpan : (_wakeAt - now) / _options.Pace + TimeSpan.FromTicks(1);
        return false;
    }
}
