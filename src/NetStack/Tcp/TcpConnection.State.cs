using NetStack.Memory;
using NetStack.Tcp.Congestion;

namespace NetStack.Tcp;

/// <summary>What a connection remembers.</summary>
public sealed partial class TcpConnection : ITcpFlow
{
    private readonly TcpLayer _layer;
    private readonly int? _boundInterface;
    private readonly ICongestionControl _congestion;
    private readonly SackScoreboard _board;
    private readonly bool _isPassive;
    private int _deadlineSlot;
    private TcpState _state;
    private TcpConnectionOptions _options;
    private TcpBinding? _binding; // ours to release
    private TimeWaitEntry? _timeWait;
    private IpPath _path;
    private Instant _pathAt;
    private TcpTimers _timers = new();
    private TcpEvents _events;
    private bool _isEventQueued;
    private bool _isAccepted; // somebody knows of us; before, events wait
    private bool _isUserClosed;
    private bool _isResetPending;
    private bool _isOrphan; // counted as such

    // What was agreed on in the handshake.
    private readonly SequenceNumber _iss;
    private SequenceNumber _irs;
    private int _peerMss;
    private int _sendScale = -1;
    private int _receiveScale;
    private bool _hasSack;
    private bool _hasTimestamps;
    private EcnState _ecn;
    private uint _timestampOffset;
    private uint _timestampRecent;
    private Instant _timestampRecentAt;
    private bool _wasSynRetransmitted;

    // Sending: SND.UNA and SND.NXT are the scoreboard's.
    private SendQueue _sendQueue;
    private long _sendWindow;
    private long _maxSendWindow;
    private SequenceNumber _windowSequence; // SND.WL1
    private SequenceNumber _windowAcknowledgement; // SND.WL2
    private int _mss; // payload of a full segment without SACK blocks
    private int _mssCap = int.MaxValue; // what a black hole or a router left us
    private int _sendLimit;
    private bool _wantsWrite;
    private bool _isFinQueued;
    private bool _isFinAcknowledged;
    private bool _isCorked;
    private bool _isMoreComing; // the last write said so, and nothing was acknowledged since
    private bool _mustPush; // what is held back goes
    private SequenceNumber _pushEnd; // behind the last write that nothing was said to follow
    private SequenceNumber _smallEnd; // behind the last segment smaller than full (Minshall)
    private SequenceNumber _urgentEnd;
    private bool _hasUrgent;
    private bool _isSynAckDue;
    private Instant _sentAt; // when data was sent last
    private long _acknowledgedBytes;
    private long _retransmittedSegments;

    // Loss recovery and congestion.
    private RttEstimator _rtt;
    private RackLossDetector _rack;
    private TailLossProbe _probe;
    private ProportionalRateReduction _reduction;
    private FrtoDetector _frto;
    private UndoDetector _undo;
    private CongestionState _congestionState;
    private SequenceNumber _recoveryEnd;
    private int _duplicateAcks;
    private int _frtoSegments; // new segments that F-RTO may still let out
    private int _timeouts; // in a row
    private bool _isProbeDue; // tail loss probe
    private bool _isCwndLimited;
    private int _maxFlight;
    private SequenceNumber _flightRoundEnd;

    // Zero window and keepalive.
    private ZeroWindowProbe _zeroWindow;
    private bool _isWindowProbeDue;
    private int _orphanProbes;
    private bool _mustSendSmall; // the override timeout of sender-side silly window avoidance
    private KeepAlive _keepAlive;
    private bool _isKeepAliveDue;
    private UserTimeout _userTimeout;
    private Instant _receivedAt;

    // Receiving: RCV.NXT is the receive queue's, plus the FIN.
    private ReceiveQueue _receiveQueue;
    private ReceiveWindow _window;
    private ReceiveWindowTuner _tuner;
    private int _receiveLimit;
    private int _receiveBuffer; // what the options said when the limit began to grow
    private long? _finPlace; // where the peer's stream ends, once it said so
    private bool _isFinReceived;
    private bool _isReadShut;
    private SequenceNumber _lastAckSent;
    private DelayedAck _ack;
    private bool _isAckUrgent; // a duplicate or a gap: one ACK a segment
    private Instant _dataAt; // when data came last
    private AckRateLimiter _invalidAcks;
    private StreamRange? _duplicate; // to be reported (RFC 2883)
    private long _urgentPlace = -1;

    private TcpConnection(TcpLayer layer, in FourTuple tuple, int? boundInterface, in IpPath path, TcpConnectionOptions options,
        SequenceNumber iss, bool isPassive, Instant now)
    {
        TcpSettings settings = layer.Settings;
        _layer = layer;
        Tuple = tuple;
        _boundInterface = boundInterface;
        _path = path;
        _pathAt = now;
        _options = options;
        _iss = iss;
        _isPassive = isPassive;
        _isAccepted = !isPassive;
        _board = new SackScoreboard(iss);
        _congestion = options.CongestionControl();
        _sendQueue = new SendQueue(settings.TransmitPool);
        _receiveQueue = new ReceiveQueue(layer.Memory);
        _rtt = new RttEstimator(settings.MinRto, settings.MaxRto, settings.InitialRto);
        _smallEnd = _pushEnd = _urgentEnd = _recoveryEnd = _flightRoundEnd = iss;
        _sendLimit = options.SendBuffer;
        _receiveBuffer = _receiveLimit = options.ReceiveBuffer;
        ReceivesBodies = options.ReceivesBodies;
        _receivedAt = _sentAt = _dataAt = now;
        _receiveScale = TcpLayer.ReceiveScale(options);
        _ack = new DelayedAck(settings.DelayedAck, settings.QuickAcks);
        _invalidAcks = new AckRateLimiter(settings.InvalidAckInterval);
        _zeroWindow = new ZeroWindowProbe(settings.MaxRto, settings.Retries);
        _keepAlive = new KeepAlive(options.KeepAliveIdle, options.KeepAliveInterval, options.KeepAliveProbes);
        _userTimeout = new UserTimeout(options.UserTimeout);
    }

    ref int IDeadlineItem.DeadlineSlot => ref _deadlineSlot;

    internal FourTuple Tuple { get; }

    /// <summary>Whether it is in the layer's list of those that may have something to transmit.</summary>
    internal bool IsReady { get; set; }

    /// <summary>Whether it waits for the transmit pool.</summary>
    internal bool IsStarved { get; set; }

    private TcpSettings Settings => _layer.Settings;

    private TcpCounters Counters => _layer.Counters;

    private SequenceNumber SendUnacknowledged => _board.Unacknowledged;

    private SequenceNumber SendNext => _board.Next;

    /// <summary>The number of the first byte in the send queue.</summary>
    private SequenceNumber QueueStart => IsSynAcknowledged ? SendUnacknowledged : _iss + 1;

    private bool IsSynAcknowledged => _totalAcknowledged > 0; // ISS itself is too old to compare with after 2 GiB

    /// <summary>The number behind the last byte in the send queue: the FIN's, once it is queued.</summary>
    private SequenceNumber QueueEnd => _isFinAcknowledged ? SendUnacknowledged - 1 : QueueStart + _sendQueue.Length;

    private bool IsFinSent => _isFinQueued && SendNext > QueueEnd;

    /// <summary>Bytes written that were never sent.</summary>
    private int Unsent => Math.Max(0, QueueEnd - SequenceNumber.Max(SendNext, QueueStart));

    private SequenceNumber DataNext => _irs + 1 + unchecked((int)_receiveQueue.Next);

    private SequenceNumber ReceiveNext => _isFinReceived ? DataNext + 1 : DataNext;

    /// <summary>Room for what the peer sends, behind what is unread.</summary>
    private int FreeReceiveSpace
    {
        get
        {
            if (_isReadShut) return _receiveLimit;
            return (int)Math.Min(_receiveLimit - _receiveQueue.Unread, _layer.Memory.Available); // below 0 where more was taken than there should be room for
        }
    }

    private bool UsesRack => _hasSack && Settings.Rack;

    /// <summary>Moves along an edge of the state diagram.</summary>
    private void Move(TcpTrigger trigger) => _state = TcpTransitions.Next(_state, trigger);

    private void Reschedule()
    {
        Instant? next = null;
        if (_state is TcpState.Closed or TcpState.TimeWait) next = BodyDeadline;
        else
        {
            next = Instant.Earliest(_timers.Earliest, _ack.IsDue ? null : _ack.Deadline);
            if (_bodies is not null) next = Instant.Earliest(next, BodyDeadline);
            next = Instant.Earliest(next, Instant.Earliest(_zeroWindow.Deadline, Instant.Earliest(_keepAlive.Deadline, _userTimeout.Deadline)));
        }
        _layer.Schedule(this, next);
    }

    private long PlaceOf(SequenceNumber sequence) => _receiveQueue.Next + (sequence - DataNext);
}
