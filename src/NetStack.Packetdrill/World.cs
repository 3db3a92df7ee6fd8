using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Packetdrill;

/// <summary>
/// One stack with one raw IP interface in virtual time. Time moves only when packetdrill sleeps, waits for a packet, or asks for
/// the time of day (one microsecond a question, so that its busy waits end).
/// </summary>
/// <remarks>
/// packetdrill makes blocking calls from a second thread, so every entry takes the lock. A thread whose call can go on is waited
/// for, until it has come back and read the clock, before time moves again: otherwise it would see a later time than its call
/// ended at, by chance.
/// </remarks>
internal sealed partial class World
{
    private const int MaxPacket = 65_535;
    private static readonly TimeSpan ReturnPatience = TimeSpan.FromMilliseconds(500); // real time, and only if something is broken

    private readonly object _lock = new();
    private readonly List<Waiter> _waiters = [];
    private readonly HashSet<int> _returning = []; // threads that were let go on and have not read the clock yet
    private readonly Queue<(long At, byte[] Packet)> _sent = new();
    private readonly WorldOptions _options;
    private NetworkStack? _startedStack;
    private NetInterface _nic = null!;
    private readonly BufferPool _received = BufferPool.Create(MaxPacket + 1, 4, RegionWriter.Owner);
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly FetchMeter _meter = new();
    private long _now = 1_000_000; // microseconds

    internal World(WorldOptions options)
    {
        _options = options;
        _isLinux = options.IsLinux;
    }

    /// <summary>The stack. It is made at the first socket call: before that, the script's first command sets the sysctls it reads.</summary>
    private NetworkStack Stack => _startedStack ?? Start();

    private NetworkStack Start()
    {
        NetworkStack stack = Profile.CreateStack(_options);
        Instant now = Time;
        _nic = stack.AddInterface(new InterfaceOptions { Name = "tun0", LinkType = LinkType.Raw, Mtu = _options.Mtu, MaxSegmentationBytes = Profile.BurstBytes(_options) }, now);
        _nic.AddAddress(_options.LocalV4.Address, _options.LocalV4.Bits, now, detectDuplicates: false);
        _nic.AddAddress(_options.LocalV6.Address, _options.LocalV6.Bits, now, detectDuplicates: false);
        Profile.AddDefaultRoutes(stack, _nic);
        return _startedStack = stack;
    }

    private Instant Time => Instant.FromMicroseconds(_now);

    private TcpLayer Tcp => Stack.Tcp;

    /// <summary>The time in microseconds.</summary>
    internal long Now()
    {
        lock (_lock)
        {
            if (_returning.Remove(Environment.CurrentManagedThreadId))
            {
                Monitor.PulseAll(_lock);
                return _now;
            }
            _now++;
            if (_startedStack?.NextDeadline <= Time) Settle();
            return _now;
        }
    }

    /// <summary>Lets time pass; everything that is due on the way happens at its own time.</summary>
    internal void Sleep(long microseconds)
    {
        lock (_lock)
        {
            AwaitReturning();
            long end = _now + microseconds;
            while (NextDeadline() is { } next && next <= end)
            {
                _now = Math.Max(_now, next);
                Settle();
                AwaitReturning();
            }
            _now = Math.Max(_now, end);
            Settle();
        }
    }

    /// <summary>A packet from the network.</summary>
    internal void Inject(ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            AwaitReturning();
            if (!_received.TryRent(out BufferHandle buffer)) throw new InvalidOperationException("The stack kept the buffers of received packets.");
            _received.Write(buffer, 0, packet);
            PacketBody body = new(new BodySlice(_received, buffer, 0, packet.Length));
            HeaderSnapshot headers = _snapshots.Rent(body, _meter);
            Stack.Receive(_nic, new InboundFrame(headers, LinkType.Raw) { Body = body }, Time);
            _snapshots.Return(headers);
            body.Release();
            Settle();
        }
    }

    /// <summary>The next packet the stack sends: jumps to its deadlines until there is one. 0 when there will be none.</summary>
    internal int Sniff(Span<byte> buffer, out long at)
    {
        lock (_lock)
        {
            AwaitReturning();
            Settle();
            while (_sent.Count == 0)
            {
                if (NextDeadline() is not { } next)
                {
                    at = _now;
                    return 0;
                }
                _now = Math.Max(_now, next);
                Settle();
                AwaitReturning();
            }
            (at, byte[] packet) = _sent.Dequeue();
            packet.CopyTo(buffer);
            return packet.Length;
        }
    }

    /// <summary>The stack's next deadline in whole microseconds, rounded up.</summary>
    private long? NextDeadline() => _startedStack?.NextDeadline is { } next ? (next.Nanoseconds + 999) / 1000 : null;

    /// <summary>Lets the stack do and send everything it can now, and lets calls go on whose wait is over.</summary>
    private void Settle()
    {
        if (_startedStack is null) return;
        TransmitFrame[] frames = new TransmitFrame[64];
        bool moved = true;
        while (moved)
        {
            moved = false;
            if (_startedStack.NextDeadline <= Time) _startedStack.OnDeadline(Time);
            for (int count; (count = _startedStack.Transmit(_nic, frames, Time)) > 0;)
            {
                moved = true;
                for (int i = 0; i < count; i++) Record(ref frames[i]);
            }
            while (Tcp.TryReadEvent(out _)) moved = true; // state is looked at, not remembered
        }
        foreach (Waiter waiter in _waiters.ToArray())
        {
            if (!waiter.IsOver()) continue;
            _waiters.Remove(waiter);
            waiter.MayGo = true;
            _returning.Add(waiter.Thread);
        }
        Monitor.PulseAll(_lock);
    }

    private void Record(ref TransmitFrame frame)
    {
        byte[] packet = new byte[frame.Length];
        frame.Headers.Bytes.CopyTo(packet);
        frame.Body.CopyTo(0, packet.AsSpan(frame.Headers.Length), _meter);
        frame.Body.Release();
        _sent.Enqueue((_now, packet));
    }

    /// <summary>Blocks the calling thread until something holds; the lock is let go meanwhile.</summary>
    private void Await(Func<bool> isOver)
    {
        if (isOver()) return;
        Waiter waiter = new(Environment.CurrentManagedThreadId, isOver);
        _waiters.Add(waiter);
        while (!waiter.MayGo) Monitor.Wait(_lock);
    }

    private void AwaitReturning()
    {
        while (_returning.Count > 0)
        {
            if (Monitor.Wait(_lock, ReturnPatience)) continue;
            _returning.Clear(); // the call ended without a look at the clock
        }
    }

    /// <summary>A call that waits.</summary>
    private sealed class Waiter(int thread, Func<bool> isOver)
    {
        internal int Thread => thread;
        internal Func<bool> IsOver => isOver;
        internal bool MayGo { get; set; }
    }
}
