namespace NetStack.Tcp.Congestion;

/// <summary>
/// CUBIC (RFC 9438): after a congestion the window follows a cubic of the time since, flat around where the congestion was, and
/// never grows slower than NewReno would; with fast convergence and HyStart++ (RFC 9406).
/// </summary>
/// <param name="slowStartLimit">The most segments one ACK may add in the first slow start, at least 1: 8, or <see cref="int.MaxValue"/> where something
/// paces what is sent (RFC 9406 section 4.3, L).</param>
public sealed class Cubic(int slowStartLimit = HyStartPlusPlus.DefaultGrowthLimit) : ICongestionControl
{
    private const double Scale = 0.4; // C, in segments per second cubed
    private const double Decrease = 0.7; // beta_cubic
    private const double RenoIncrease = 3 * (1 - Decrease) / (1 + Decrease); // alpha_cubic

    private struct Curve
    {
        internal int Window; // cwnd, bytes
        internal int Threshold; // ssthresh, bytes
        internal double Maximum; // W_max, segments
        internal double PriorWindow; // cwnd_prior, segments
        internal double Reno; // W_est, segments
        internal double Origin; // K, seconds
        internal double Credit; // growth that is less than a byte
        internal Instant EpochStart;
        internal bool HasEpoch;
    }

    private HyStartPlusPlus _slowStart = new(slowStartLimit);
    private Curve _now = new() { Window = 1, Threshold = int.MaxValue };
    private Curve? _undo;
    private Instant? _limitedSince; // while the application limits, the curve's time stands still
    private int _segment = 1;

    /// <inheritdoc/>
    public string Name => "cubic";

    /// <inheritdoc/>
    public int CongestionWindow { get => _now.Window; set => _now.Window = Math.Max(value, _segment); }

    /// <inheritdoc/>
    public int SlowStartThreshold => _now.Threshold;

    /// <inheritdoc/>
    public void Start(int maximumSegmentSize, int initialWindow)
    {
        _segment = Math.Max(maximumSegmentSize, 1);
        _now = new Curve { Window = Math.Max(initialWindow, _segment), Threshold = int.MaxValue };
        _undo = null;
        _limitedSince = null;
        _slowStart = new HyStartPlusPlus(slowStartLimit);
    }

    /// <inheritdoc/>
    public void OnSegmentSizeChanged(int maximumSegmentSize)
    {
        double ratio = _segment / (double)Math.Max(maximumSegmentSize, 1);
        _segment = Math.Max(maximumSegmentSize, 1);
        _now.Maximum *= ratio;
        _now.PriorWindow *= ratio;
        _now.Reno *= ratio;
        _now.Window = Math.Max(_now.Window, _segment);
    }

    /// <inheritdoc/>
    public void OnAck(in CongestionAck ack)
    {
        if (ack.IsAppLimited)
        {
            _limitedSince ??= ack.Now;
            if (_now.Window < _now.Threshold && _slowStart.OnAck(ack)) _now.Threshold = _now.Window;
            return;
        }
        EndLull(ack.Now);
        int acknowledged = ack.Acknowledged;
        if (_now.Window < _now.Threshold)
        {
            bool isOver = _slowStart.OnAck(ack);
            _now.Window = _slowStart.Grow(_now.Window, _now.Threshold, ref acknowledged, _segment);
            if (isOver) _now.Threshold = _now.Window;
        }
        if (_now.Window >= _now.Threshold && acknowledged > 0) AvoidCongestion(ack.Now, acknowledged, ack.SmoothedRoundTrip);
    }

    /// <inheritdoc/>
    public void OnCongestion(in CongestionEvent congestion)
    {
        _undo = _now;
        double window = InSegments(_now.Window);
        bool isConverging = window < _now.Maximum; // fast convergence (section 4.7): another flow needs room
        _now.Maximum = isConverging ? window * (1 + Decrease) / 2 : window;
        _now.PriorWindow = window;
        // By the window, as Linux: it grows only while it is full, and what is in flight is a whole number of segments (section 4.6).
        _now.Threshold = Math.Max((int)(_now.Window * Decrease), 2 * _segment);
        _now.HasEpoch = false;
        _now.Credit = 0;
        _limitedSince = null;
        _slowStart.Stop();
    }

    /// <inheritdoc/>
    public void OnRetransmissionTimeout(in CongestionEvent congestion, bool isRepeated)
    {
        if (!isRepeated) OnCongestion(congestion);
        _now.Window = _segment;
        _now.Maximum = 0; // section 4.8: the next curve begins at its plateau
        _now.HasEpoch = false;
        _slowStart.Stop(isTimeout: true);
    }

    /// <inheritdoc/>
    public void OnUndo()
    {
        if (_undo is not { } before) return;
        before.Window = Math.Max(before.Window, _now.Window);
        before.Threshold = Math.Max(before.Threshold, _now.Threshold);
        _now = before;
        _undo = null;
    }

    /// <inheritdoc/>
    public void OnIdle(TimeSpan idle, TimeSpan retransmissionTimeout, int restartWindow)
    {
        if (_now.Window <= restartWindow) return;
        _now.Threshold = Math.Max(_now.Threshold, _now.Window / 4 * 3);
        _now.Window = CongestionControl.AfterIdle(_now.Window, idle, retransmissionTimeout, restartWindow);
        _now.HasEpoch = false;
    }

    private double InSegments(int bytes) => bytes / (double)_segment;

    private void AvoidCongestion(Instant now, int acknowledged, TimeSpan roundTrip)
    {
        double window = InSegments(_now.Window);
        if (!_now.HasEpoch) BeginEpoch(now, window);
        double time = (now.Nanoseconds - _now.EpochStart.Nanoseconds) / 1e9;
        double alpha = _now.Reno >= _now.PriorWindow ? 1 : RenoIncrease;
        _now.Reno += alpha * InSegments(acknowledged) / window;
        double target = CubicAt(time + roundTrip.TotalSeconds);
        double growth = CubicAt(time) < _now.Reno
            ? Math.Max(_now.Reno - window, 0)
            : (Math.Clamp(target, window, 1.5 * window) - window) / window * InSegments(acknowledged);
        _now.Credit += growth * _segment;
        int whole = (int)Math.Min(_now.Credit, int.MaxValue / 2 - _now.Window);
        _now.Credit -= whole;
        _now.Window += whole;
    }

    private void BeginEpoch(Instant now, double window)
    {
        _now.HasEpoch = true;
        _now.EpochStart = now;
        _now.Reno = window;
        if (_now.Maximum < window) _now.Maximum = window;
        _now.Origin = Math.Cbrt((_now.Maximum - window) / Scale);
    }

    private double CubicAt(double seconds)
    {
        double offset = seconds - _now.Origin;
        return Scale * offset * offset * offset + _now.Maximum;
    }

    private void EndLull(Instant now)
    {
        if (_limitedSince is { } since && _now.HasEpoch) _now.EpochStart = _now.EpochStart.AddNanoseconds(now.Nanoseconds - since.Nanoseconds);
        _limitedSince = null;
    }
}
