namespace NetStack.Tests.Kit;

/// <summary>A frame that went over a wire, for assertions on bytes.</summary>
public sealed record HubFrame(Instant At, string From, byte[] Bytes);

/// <summary>A hub: what one end sends arrives at every other one, after what the seeded impairment does to it.</summary>
public sealed class Hub(ulong seed = 1, Impairment? impairment = null)
{
    private readonly List<HubPort> _ends = [];
    private readonly PriorityQueue<(HubPort To, byte[] Bytes), (long, long)> _inFlight = new();
    private SeededRandom _random = new(seed);
    private long _sequence;

    public Impairment Impairment { get; set; } = impairment ?? new Impairment();

    /// <summary>Everything that was put on the wire, lost frames too.</summary>
    public List<HubFrame> Log { get; } = [];

    /// <summary>Frames the test wants lost beyond chance.</summary>
    public Predicate<HubFrame>? Drops { get; set; }

    public Instant? NextArrival => _inFlight.TryPeek(out _, out (long At, long) first) ? new Instant(first.At) : null;

    /// <summary>An end whose frames a test reads and writes by hand.</summary>
    public HubPort Attach(string name)
    {
        HubPort end = new(this, name);
        _ends.Add(end);
        return end;
    }

    internal void Send(HubPort from, byte[] bytes, Instant now)
    {
        HubFrame frame = new(now, from.Name, bytes);
        Log.Add(frame);
        if (_random.Chance(Impairment.Loss) || Drops?.Invoke(frame) == true) return;
        foreach (HubPort to in _ends)
        {
            if (to == from) continue;
            for (int copies = _random.Chance(Impairment.Duplicate) ? 2 : 1; copies > 0; copies--)
            {
                Instant at = now + Impairment.Delay;
                if (_random.Chance(Impairment.Reorder)) at += Impairment.ReorderDelay;
                byte[] arriving = bytes;
                if (_random.Chance(Impairment.Corrupt))
                {
                    arriving = [.. bytes];
                    arriving[_random.Below(arriving.Length)] ^= (byte)(1 << _random.Below(8));
                }
                _inFlight.Enqueue((to, arriving), (at.Nanoseconds, _sequence++));
            }
        }
    }

    internal void Deliver(Instant now)
    {
        while (_inFlight.TryPeek(out (HubPort To, byte[] Bytes) next, out (long At, long) order) && order.At <= now.Nanoseconds)
        {
            _inFlight.Dequeue();
            next.To.Received.Enqueue(next.Bytes);
        }
    }
}

/// <summary>One end of a wire.</summary>
public sealed class HubPort(Hub hub, string name)
{
    public string Name { get; } = name;

    /// <summary>What arrived and was not taken yet.</summary>
    public Queue<byte[]> Received { get; } = new();

    public void Send(byte[] bytes, Instant now) => hub.Send(this, bytes, now);
}
