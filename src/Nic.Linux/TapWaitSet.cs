using NetStack.Nic.Linux.Interop;

namespace NetStack.Nic.Linux;

/// <summary>
/// A wait set over epoll. Waking somebody who is awake costs no call into the system, nor does the wait that finds it.
/// </summary>
internal sealed class TapWaitSet : IWaitSet
{
    // What the owner is doing. Who finds it asleep signals the event; who finds it awake leaves a note.
    private const int Awake = 0;
    private const int Asleep = 1;
    private const int WasWoken = 2;

    private readonly Epoll _epoll = new();
    private readonly WakeEvent _event = new();
    private readonly List<Watch> _watches = [];
    private long _lastId; // 0 is the event
    private int _state = Awake;
    private bool _isDisposed;

    internal TapWaitSet() => _epoll.Add(_event.Descriptor, Readiness.Receive | Readiness.Change, 0);

    public bool TryAdd(INic nic)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (nic is not TapNic tap) return false;
        if (_watches.Exists(w => w.Nic == tap)) return true;
        Watch watch = new(tap, ++_lastId) { Watched = tap.Wanted };
        _epoll.Add(tap.Descriptor, watch.Watched, watch.Id);
        _watches.Add(watch);
        return true;
    }

    public void Remove(INic nic)
    {
        int index = _watches.FindIndex(w => w.Nic == nic);
        if (index < 0) return;
        if (!_isDisposed) _epoll.Remove(_watches[index].Nic.Descriptor);
        _watches.RemoveAt(index);
    }

    public void Wait(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan) throw new ArgumentOutOfRangeException(nameof(timeout));
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (Interlocked.CompareExchange(ref _state, Asleep, Awake) == WasWoken)
        {
            Interlocked.Exchange(ref _state, Awake);
            return;
        }
        try
        {
            Rewatch();
            int count = _epoll.Wait(timeout);
            for (int i = 0; i < count; i++) Tell(_epoll.Report(i));
        }
        finally
        {
            Interlocked.Exchange(ref _state, Awake);
        }
    }

    public void Wake()
    {
        if (Interlocked.Exchange(ref _state, WasWoken) == Asleep) _event.Signal();
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _watches.Clear();
        _epoll.Dispose();
        _event.Dispose();
    }

    /// <summary>Watches each NIC for what it wants now. It is a call only where that changed.</summary>
    private void Rewatch()
    {
        for (int i = _watches.Count - 1; i >= 0; i--)
        {
            Watch watch = _watches[i];
            if (watch.Nic.IsLost)
            {
                // It would be reported for ever.
                _epoll.Remove(watch.Nic.Descriptor);
                _watches.RemoveAt(i);
                continue;
            }
            Readiness wanted = watch.Nic.Wanted;
            if (wanted == watch.Watched) continue;
            watch.Watched = wanted;
            _epoll.Modify(watch.Nic.Descriptor, wanted, watch.Id);
        }
    }

    private void Tell((Readiness What, long Id) report)
    {
        foreach (Watch watch in _watches)
        {
            if (watch.Id == report.Id) watch.Nic.OnReady(report.What);
        }
    }

    private sealed class Watch(TapNic nic, long id)
    {
        internal TapNic Nic { get; } = nic;

        internal long Id { get; } = id;

        internal Readiness Watched { get; set; }
    }
}
