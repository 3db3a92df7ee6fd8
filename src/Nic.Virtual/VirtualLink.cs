using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>
/// A cable with two ends and seeded impairment in each direction. What is put in at one end comes out at whatever is connected
/// to the other, when its time has come and the link is polled. A frame sets out at the first poll after it was put in, since
/// only there the link learns the time; until then <see cref="NextDeadline"/> asks for one at once.
/// </summary>
/// <remarks>Thread rule of <see cref="INic"/>. Allocates nothing per frame in the steady state.</remarks>
public sealed class VirtualLink : IPollable
{
    private readonly Direction _aToB;
    private readonly Direction _bToA;

    /// <summary>Lays a link.</summary>
    /// <param name="aToB">What happens on the way from A to B.</param>
    /// <param name="bToA">What happens on the way back; null for the same.</param>
    /// <param name="seed">Decides what is left to chance.</param>
    /// <exception cref="ArgumentOutOfRangeException">An impairment is out of range.</exception>
    public VirtualLink(Impairment aToB, Impairment? bToA = null, ulong seed = 1)
    {
        aToB.Check();
        bToA?.Check();
        _aToB = new Direction(this, LinkEnd.A, aToB, seed);
        _bToA = new Direction(this, LinkEnd.B, bToA ?? aToB, seed ^ 0x5DEECE66D);
    }

    /// <summary>Where to put frames in at A.</summary>
    public IWireEnd A => _aToB;

    /// <summary>Where to put frames in at B.</summary>
    public IWireEnd B => _bToA;

    /// <summary>The way from A to B.</summary>
    public LinkCounters AToB => _aToB.Counters;

    /// <summary>The way from B to A.</summary>
    public LinkCounters BToA => _bToA.Counters;

    /// <summary>Who is told of every frame; null for nobody.</summary>
    public ILinkObserver? Observer { get; set; }

    /// <summary>Frames on their way, those included that did not set out yet.</summary>
    public int InFlight => _aToB.InFlight + _bToA.InFlight;

    /// <inheritdoc/>
    public Instant? NextDeadline => Instant.Earliest(_aToB.NextDeadline, _bToA.NextDeadline);

    /// <summary>Connects two NICs: what each sends goes to the other.</summary>
    public void Connect(VirtualNic a, VirtualNic b)
    {
        a.Attach(A);
        b.Attach(B);
        _aToB.Target = b;
        _bToA.Target = a;
    }

    /// <summary>Connects the far ends to anything.</summary>
    public void Connect(IWireEnd atA, IWireEnd atB)
    {
        _aToB.Target = atB;
        _bToA.Target = atA;
    }

    /// <summary>Changes what happens from now on; frames on their way are not touched.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An impairment is out of range.</exception>
    public void Change(Impairment aToB, Impairment bToA)
    {
        aToB.Check();
        bToA.Check();
        _aToB.Impairment = aToB;
        _bToA.Impairment = bToA;
    }

    /// <summary>Changes what happens from now on to frames put in at one end; frames on their way are not touched.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An impairment is out of range.</exception>
    public void Change(LinkEnd from, Impairment impairment)
    {
        ArgumentNullException.ThrowIfNull(impairment);
        impairment.Check();
        Of(from).Impairment = impairment;
    }

    /// <summary>What happens to frames put in at an end.</summary>
    public Impairment ImpairmentOf(LinkEnd from) => Of(from).Impairment;

    /// <summary>Cuts one direction, or joins it again: frames put in at an end are dropped as <see cref="DropReason.LinkDown"/>, those on
    /// their way arrive.</summary>
    public void SetUp(LinkEnd from, bool isUp) => Of(from).IsUp = isUp;

    /// <summary>Takes the link down or up. Down, frames put in are dropped; those on their way arrive.</summary>
    public void SetUp(bool isUp)
    {
        _aToB.IsUp = isUp;
        _bToA.IsUp = isUp;
    }

    /// <inheritdoc/>
    public void Poll(Instant now)
    {
        _aToB.Poll(now);
        _bToA.Poll(now);
    }

    private Direction Of(LinkEnd from) => from == LinkEnd.A ? _aToB : _bToA;

    private sealed class Direction(VirtualLink link, LinkEnd from, Impairment impairment, ulong seed) : IWireEnd
    {
        private const int MinLength = 14; // an Ethernet header stays whole

        private readonly Queue<Transit> _entered = new();
        private readonly Queue<Transit> _transit = new(); // by arrival
        private readonly PriorityQueue<Transit, (long At, long Order)> _held = new(); // those that later ones overtake
        private readonly Stack<Transit> _free = new();
        private SeededRandom _random = new(seed);
        private Instant _now;
        private Instant _lastArrival;
        private Instant _busyUntil;
        private long _order;
        private bool _isBurst; // the state of Impairment.BurstLoss
        private int _variation; // the place in Impairment.DelayVariation

        internal Impairment Impairment { get; set; } = impairment;

        internal IWireEnd? Target { get; set; }

        internal bool IsUp { get; set; } = true;

        internal LinkCounters Counters { get; } = new();

        internal int InFlight => _entered.Count + _transit.Count + _held.Count;

        internal Instant? NextDeadline => _entered.Count > 0 ? _now : PeekNext()?.Arrival;

        public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
        {
            Counters.Sent++;
            _entered.Enqueue(Copy(frame, info));
            return true;
        }

        internal void Poll(Instant now)
        {
            _now = now;
            while (_entered.TryDequeue(out Transit? entered)) SetOut(entered);
            while (PeekNext() is { } next && next.Arrival <= now)
            {
                if (next.IsHeld) _held.Dequeue();
                else _transit.Dequeue();
                if (Target is null) Counters.Drops.Add(DropReason.LinkDown);
                else if (Target.TryDeliver(next.Frame, next.Info)) Counters.Delivered++;
                else
                {
                    Counters.Drops.Add(DropReason.NoBuffer);
                    link.Observer?.OnRefused(from, next.Frame, next.Info, now);
                }
                _free.Push(next);
            }
        }

        /// <summary>The frame that arrives next; of two at once, the one that set out first.</summary>
        private Transit? PeekNext()
        {
            _transit.TryPeek(out Transit? next);
            if (!_held.TryPeek(out Transit? held, out _)) return next;
            bool isHeldFirst = next is null || held.Arrival < next.Arrival || (held.Arrival == next.Arrival && held.Order < next.Order);
            return isHeldFirst ? held : next;
        }

        /// <summary>Decides what becomes of a frame.</summary>
        private void SetOut(Transit entered)
        {
            if (RefusalOf(entered.Frame) is { } refusal)
            {
                Counters.Drops.Add(refusal);
                link.Observer?.OnSent(from, entered.Frame, entered.Info, new LinkFate { Dropped = refusal }, _now);
                _free.Push(entered);
                return;
            }
            SetArrival(entered);
            if (_random.Chance(Impairment.Duplicate))
            {
                Counters.Duplicated++;
                Transit duplicate = Copy(entered.Frame, entered.Info);
                duplicate.Arrival = entered.Arrival;
                duplicate.IsHeld = entered.IsHeld;
                Send(duplicate, isDuplicate: true);
            }
            Send(entered, isDuplicate: false);
        }

        private void Send(Transit transit, bool isDuplicate)
        {
            int bit = transit.Length > 0 && _random.Chance(Impairment.Corrupt) ? _random.Below(transit.Length * 8) : -1;
            int length = transit.Length > MinLength && _random.Chance(Impairment.Truncate) ? MinLength + _random.Below(transit.Length - MinLength) : transit.Length;
            if (link.Observer is { } observer)
            {
                LinkFate fate = new() { Arrival = transit.Arrival, IsDuplicate = isDuplicate, IsReordered = transit.IsHeld, CorruptedBit = bit < 0 ? null : bit, CutTo = length < transit.Length ? length : null };
                observer.OnSent(from, transit.Frame, transit.Info, fate, _now);
            }
            if (bit >= 0)
            {
                Counters.Corrupted++;
                transit.Bytes[bit / 8] ^= (byte)(1 << bit % 8);
            }
            if (length < transit.Length)
            {
                Counters.Truncated++;
                transit.Length = length;
                transit.Info = transit.Info with { WireLength = length };
            }
            transit.Order = _order++;
            if (transit.IsHeld) _held.Enqueue(transit, (transit.Arrival.Nanoseconds, transit.Order));
            else _transit.Enqueue(transit);
        }

        private Transit Copy(ReadOnlySpan<byte> frame, in WireFrame info)
        {
            Transit transit = _free.Count > 0 ? _free.Pop() : new Transit();
            if (transit.Bytes.Length < frame.Length) transit.Bytes = new byte[Math.Max(2048, frame.Length)];
            frame.CopyTo(transit.Bytes);
            transit.Length = frame.Length;
            transit.Info = info;
            return transit;
        }

        private DropReason? RefusalOf(ReadOnlySpan<byte> frame)
        {
            if (!IsUp) return DropReason.LinkDown;
            if (Impairment.MaxFrameLength > 0 && frame.Length > Impairment.MaxFrameLength) return DropReason.TooLong;
            if (_random.Chance(Impairment.Loss)) return DropReason.LinkLoss;
            if (Impairment.BurstLoss is { } bursts && bursts.IsLost(ref _random, ref _isBurst)) return DropReason.LinkLoss;
            if (Impairment.Rate > 0 && _busyUntil > _now && Waiting + frame.Length > Impairment.QueueBytes) return DropReason.RingFull;
            return null;
        }

        private long Waiting => (long)((Int128)(_busyUntil.Nanoseconds - _now.Nanoseconds) * Impairment.Rate / 8 / 1_000_000_000);

        /// <summary>Decides when a frame arrives. But for those held back, each arrives no earlier than the one before.</summary>
        private void SetArrival(Transit transit)
        {
            Instant sent = _now;
            if (Impairment.Rate > 0)
            {
                if (_busyUntil < _now) _busyUntil = _now;
                _busyUntil = _busyUntil.AddNanoseconds((long)((Int128)transit.Length * 8 * 1_000_000_000 / Impairment.Rate));
                sent = _busyUntil;
            }
            Instant arrival = sent + Impairment.Delay;
            if (Impairment.Jitter > TimeSpan.Zero) arrival = arrival.AddNanoseconds((long)(_random.Next() % (ulong)(Impairment.Jitter.Ticks * 100)));
            if (Impairment.DelayVariation is { } variation) arrival += variation.Next(ref _random, ref _variation);
            if (arrival < _lastArrival) arrival = _lastArrival;
            transit.IsHeld = _random.Chance(Impairment.Reorder);
            if (transit.IsHeld)
            {
                Counters.Reordered++;
                arrival += Impairment.ReorderDelay;
            }
            else
            {
                _lastArrival = arrival;
            }
            transit.Arrival = arrival;
        }

        /// <summary>A frame on its way, reused for another when it arrived.</summary>
        private sealed class Transit
        {
            internal byte[] Bytes = [];
            internal int Length;
            internal WireFrame Info;
            internal Instant Arrival;
            internal long Order;
            internal bool IsHeld;

            internal ReadOnlySpan<byte> Frame => Bytes.AsSpan(0, Length);
        }
    }
}
