namespace NetStack.Tcp.Congestion;

/// <summary>
/// The classic additive increase, multiplicative decrease (RFC 5681, RFC 6582), counting bytes (RFC 3465), with HyStart++ in
/// slow start (RFC 9406).
/// </summary>
public sealed class NewReno : ICongestionControl
{
    private HyStartPlusPlus _slowStart = new();
    private int _segment = 1;
    private int _window = 1;
    private int _threshold = int.MaxValue;
    private int _credit; // bytes acknowledged towards the next segment of growth
    private (int Window, int Threshold)? _undo;

    /// <inheritdoc/>
    public string Name => "reno";

    /// <inheritdoc/>
    public int CongestionWindow { get => _window; set => _window = Math.Max(value, _segment); }

    /// <inheritdoc/>
    public int SlowStartThreshold => _threshold;

    /// <inheritdoc/>
    public void Start(int maximumSegmentSize, int initialWindow)
    {
        _segment = Math.Max(maximumSegmentSize, 1);
        _window = Math.Max(initialWindow, _segment);
        _threshold = int.MaxValue;
        _credit = 0;
        _undo = null;
        _slowStart = new HyStartPlusPlus();
    }

    /// <inheritdoc/>
    public void OnSegmentSizeChanged(int maximumSegmentSize)
    {
        _segment = Math.Max(maximumSegmentSize, 1);
        _window = Math.Max(_window, _segment);
    }

    /// <inheritdoc/>
    public void OnAck(in CongestionAck ack)
    {
        int acknowledged = ack.Acknowledged;
        if (_window < _threshold)
        {
            bool isOver = _slowStart.OnAck(ack);
            if (!ack.IsAppLimited) _window = _slowStart.Grow(_window, _threshold, ref acknowledged, _segment);
            if (isOver) _threshold = _window;
        }
        if (ack.IsAppLimited || _window < _threshold || acknowledged <= 0) return;
        _credit += acknowledged;
        if (_credit < _window) return;
        _credit -= _window;
        _window = (int)Math.Min((long)_window + _segment, int.MaxValue / 2);
    }

    /// <inheritdoc/>
    public void OnCongestion(in CongestionEvent congestion)
    {
        _undo = (_window, _threshold);
        _threshold = Math.Max(congestion.FlightSize / 2, 2 * _segment);
        _credit = 0;
        _slowStart.Stop();
    }

    /// <inheritdoc/>
    public void OnRetransmissionTimeout(in CongestionEvent congestion, bool isRepeated)
    {
        if (!isRepeated) OnCongestion(congestion);
        _window = _segment;
        _slowStart.Stop();
    }

    /// <inheritdoc/>
    public void OnUndo()
    {
        if (_undo is not { } before) return;
        _window = Math.Max(_window, before.Window);
        _threshold = Math.Max(_threshold, before.Threshold);
        _undo = null;
    }

    /// <inheritdoc/>
    public void OnIdle(TimeSpan idle, TimeSpan retransmissionTimeout, int restartWindow)
    {
        if (_window <= restartWindow) return;
        _threshold = Math.Max(_threshold, _window / 4 * 3);
        _window = CongestionControl.AfterIdle(_window, idle, retransmissionTimeout, restartWindow);
    }
}
