using System.Diagnostics.CodeAnalysis;
using NetStack.Nic.Linux.Interop;

namespace NetStack.Nic.Linux;

/// <summary>
/// Calls the wake-ups of NICs whose owners do not sleep in a wait set: one thread for the whole process, begun with the first
/// NIC that arms itself.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "It lasts as long as the process.")]
internal sealed class TapWaker
{
    private static readonly Lazy<TapWaker> Instance = new(() => new TapWaker());

    private readonly Epoll _epoll = new();
    private readonly Dictionary<long, TapNic> _nics = [];
    private readonly Lock _lock = new();
    private long _lastId;

    private TapWaker()
    {
        Thread thread = new(Run) { IsBackground = true, Name = "NetStack TAP wake-ups" };
        thread.Start();
    }

    internal static TapWaker Shared => Instance.Value;

    /// <summary>Wakes a NIC once, when the system reports what it wants; at once when that is so already.</summary>
    /// <param name="nic">The NIC.</param>
    /// <param name="id">What this returned before; 0 the first time.</param>
    internal long Arm(TapNic nic, long id)
    {
        Readiness what = nic.Wanted | Readiness.Once;
        if (id != 0)
        {
            _epoll.Modify(nic.Descriptor, what, id);
            return id;
        }
        lock (_lock) _nics.Add(id = ++_lastId, nic);
        _epoll.Add(nic.Descriptor, what, id);
        return id;
    }

    /// <summary>Drops a NIC, before it is closed.</summary>
    internal void Forget(long id)
    {
        lock (_lock)
        {
            if (_nics.Remove(id, out TapNic? nic)) _epoll.Remove(nic.Descriptor);
        }
    }

    private void Run()
    {
        while (true)
        {
            int count = _epoll.Wait(Timeout.InfiniteTimeSpan);
            for (int i = 0; i < count; i++)
            {
                TapNic? nic;
                lock (_lock) _nics.TryGetValue(_epoll.Report(i).Id, out nic);
                nic?.Woken();
            }
        }
    }
}
