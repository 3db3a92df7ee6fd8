namespace NetStack.Runtime;

/// <summary>Something a loop drives that owns NICs the loop has to wait for.</summary>
internal interface ILoopPart : IPollable
{
    /// <summary>The NICs. They do not change while the loop drives the part.</summary>
    IReadOnlyList<INic> Nics { get; }

    /// <summary>Asks its NICs to call, as <see cref="INic.TryArm"/>. The gate is held.</summary>
    /// <returns>False when one has work already.</returns>
    bool TryArm();

    /// <summary>Something on the loop threw: nothing is driven any more. The gate is not held.</summary>
    void OnLoopFailed(Exception failure);
}

/// <summary>How a loop's thread sleeps: in the wait set of the NICs that have one, woken by all others.</summary>
internal sealed class LoopWaiting
{
    private readonly IWaitSet _set;
    private readonly List<INic> _wakers = [];
    private readonly Lock _lifetime = new();
    private bool _isWaiting;
    private bool _isRetired;

    internal LoopWaiting(List<INic> nics)
    {
        IWaitSet? set = null;
        foreach (INic nic in nics)
        {
            if (set is null && Innermost(nic) is IWaitableNic waitable) set = waitable.CreateWaitSet();
        }
        _set = set ?? new SignalWaitSet();
        foreach (INic nic in nics)
        {
            if (_set.TryAdd(Innermost(nic))) continue;
            nic.OnWake(_set.Wake);
            _wakers.Add(nic);
        }
    }

    /// <summary>Asks to be woken by the NICs the set does not know.</summary>
    /// <returns>False when one has work already.</returns>
    internal bool TryArm()
    {
        foreach (INic nic in _wakers)
        {
            if (!nic.TryArm()) return false;
        }
        return true;
    }

    internal void Wait(TimeSpan timeout)
    {
        lock (_lifetime)
        {
            if (_isRetired) return;
            _isWaiting = true;
        }
        _set.Wait(timeout);
        lock (_lifetime)
        {
            _isWaiting = false;
            if (_isRetired) _set.Dispose();
        }
    }

    internal void Wake()
    {
        lock (_lifetime)
        {
            if (!_isRetired) _set.Wake();
        }
    }

    /// <summary>Another takes its place: whoever sleeps wakes up, and the set is given back once nobody is in it.</summary>
    internal void Retire()
    {
        lock (_lifetime)
        {
            if (_isRetired) return;
            _isRetired = true;
            if (_isWaiting) _set.Wake();
            else _set.Dispose();
        }
    }

    private static INic Innermost(INic nic)
    {
        while (nic is INicDecorator decorator) nic = decorator.Inner;
        return nic;
    }

    /// <summary>A wait set for NICs that only call back.</summary>
    private sealed class SignalWaitSet : IWaitSet
    {
        private readonly SemaphoreSlim _signal = new(0, 1);
        private int _isSet;

        public bool TryAdd(INic nic) => false;

        public void Remove(INic nic)
        {
        }

        public void Wait(TimeSpan timeout)
        {
            int milliseconds = timeout < TimeSpan.Zero ? Timeout.Infinite : (int)Math.Min(int.MaxValue, Math.Ceiling(timeout.TotalMilliseconds));
            if (_signal.Wait(milliseconds)) Volatile.Write(ref _isSet, 0);
        }

        public void Wake()
        {
            if (Interlocked.Exchange(ref _isSet, 1) == 0) _signal.Release();
        }

        public void Dispose() => _signal.Dispose();
    }
}
