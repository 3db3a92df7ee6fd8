using NetStack.Wire;

namespace NetStack.Dhcp;

/// <summary>What became of a client's lease.</summary>
internal enum DhcpChange
{
    None = 0,

    /// <summary>There is one: its address is to be configured, and <see cref="DhcpClient.OnUnique"/> or
    /// <see cref="DhcpClient.OnConflict"/> to be called.</summary>
    Acquired,

    /// <summary>It was prolonged, maybe with other settings; the address is the same.</summary>
    Renewed,

    /// <summary>It ended: nothing may be sent from its address any more.</summary>
    Lost,
}

/// <summary>A message that a client wants sent, from port 68 to port 67.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Source">From where: 0.0.0.0 until there is an address.</param>
/// <param name="Destination">Where to: a server, or 255.255.255.255.</param>
internal readonly record struct DhcpMessage(int Length, IpAddress Source, IpAddress Destination);

/// <summary>
/// A DHCPv4 client (RFC 2131 section 4.4) without a socket: messages and time go in; messages, a lease and the next deadline come out.
/// After each input the caller takes all changes and all messages; a message of before is sent before a change is carried out.
/// </summary>
internal sealed partial class DhcpClient
{
    private const int MaxRequests = 5; // RFC 2131 section 3.1.5 suggests four retransmissions
    private const int MaxRebootRequests = 3;
    private static readonly TimeSpan FirstTimeout = TimeSpan.FromSeconds(4); // section 4.1
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(64);
    private static readonly TimeSpan MinRenewalInterval = TimeSpan.FromSeconds(60); // section 4.4.5
    private static readonly TimeSpan DeclineWait = TimeSpan.FromSeconds(10); // section 3.1.5
    private static readonly TimeSpan FirstNakWait = TimeSpan.FromSeconds(1);

    private readonly MacAddress _mac;
    private readonly DhcpOptions _options;
    private readonly Queue<(DhcpChange What, DhcpLease Lease)> _changes = new();
    private SeededRandom _random;
    private DhcpLease? _offer;
    private Instant _began;
    private Instant _asked;
    private TimeSpan _nakWait;
    private int _sent; // in this state

    internal DhcpClient(MacAddress mac, int interfaceNumber, int mtu, DhcpOptions options, ulong seed)
    {
        _mac = mac;
        _options = options;
        _random = new SeededRandom(seed);
        _identifier = IdentifierOf(mac, interfaceNumber, options);
        _maxMessage = (ushort)Math.Clamp(mtu - 28, 576, 1472);
    }

    internal DhcpState State { get; private set; }

    /// <summary>The lease, from the moment it is granted to its end.</summary>
    internal DhcpLease? Lease { get; private set; }

    internal Instant? NextDeadline { get; private set; }

    internal DhcpDrops Drops { get; } = new();

    /// <summary>Begins, from the address of before where there is one.</summary>
    internal void Start(Instant now)
    {
        IpAddress previous = Lease?.Address ?? _options.PreviousAddress;
        if (!previous.IsNone) Enter(DhcpState.Rebooting, now);
        else Begin(now, _options.StartDelay > TimeSpan.Zero ? RandomTime(TimeSpan.Zero, _options.StartDelay) : TimeSpan.Zero);
    }

    /// <summary>Ends, and gives the address back if that is wanted (RFC 2131 section 4.4.6).</summary>
    internal void Stop(bool release, Instant now)
    {
        if (release && Lease is { } lease && State is DhcpState.Bound or DhcpState.Renewing or DhcpState.Rebinding)
        {
            NewTransaction(now);
            Queue(Dhcpv4MessageType.Release, lease.Address, lease.Server);
        }
        Lose();
        (State, NextDeadline) = (DhcpState.Stopped, null);
    }

    /// <summary>The link came up again: it may be another one (RFC 2131 section 3.7).</summary>
    internal void OnLinkUp(Instant now)
    {
        if (State != DhcpState.Stopped) Start(now);
    }

    /// <summary>Nobody else has the address: it is in use.</summary>
    internal void OnUnique()
    {
        if (State == DhcpState.Checking) (State, NextDeadline, _nakWait) = (DhcpState.Bound, DeadlineOf(Lease!.RenewAt), TimeSpan.Zero);
    }

    /// <summary>Another host has the address: the server is told, and the client begins anew after a while (RFC 2131 section 3.1.5).</summary>
    internal void OnConflict(Instant now)
    {
        if (Lease is not { } lease) return;
        NewTransaction(now);
        Queue(Dhcpv4MessageType.Decline, IpAddress.V4(0), IpAddress.V4(uint.MaxValue));
        _queued = _queued!.Value with { Requested = lease.Address, Server = lease.Server };
        Lose();
        Begin(now, DeclineWait);
    }

    /// <summary>Takes what came to port 68.</summary>
    internal void Receive(ReadOnlySpan<byte> bytes, Instant now)
    {
        if (OnMessage(bytes, now) is { } reason) Drops.Add(reason);
    }

    /// <summary>Does what is due.</summary>
    internal void OnDeadline(Instant now)
    {
        if (NextDeadline is not { } due || due > now) return;
        switch (State)
        {
            case DhcpState.Init:
                _began = now;
                Enter(DhcpState.Selecting, now);
                break;
            case DhcpState.Selecting:
                Send(now);
                break;
            case DhcpState.Requesting or DhcpState.Rebooting:
                if (_sent < (State == DhcpState.Requesting ? MaxRequests : MaxRebootRequests))
                {
                    Send(now);
                    break;
                }
                Lose(); // after a reboot nobody answered: the link may be another one
                Begin(now, TimeSpan.Zero);
                break;
            case DhcpState.Bound:
                _began = now;
                Enter(DhcpState.Renewing, now);
                break;
            case DhcpState.Renewing when now < Lease!.RebindAt:
                Send(now);
                break;
            case DhcpState.Renewing:
                Enter(DhcpState.Rebinding, now);
                break;
            case DhcpState.Rebinding when now < Lease!.ExpiresAt:
                Send(now);
                break;
            default:
                Lose();
                Begin(now, TimeSpan.Zero);
                break;
        }
    }

    /// <summary>Takes the oldest change that was not taken.</summary>
    internal bool TryTakeChange(out DhcpChange change, out DhcpLease? lease)
    {
        bool any = _changes.TryDequeue(out (DhcpChange What, DhcpLease Lease) taken);
        (change, lease) = taken;
        return any;
    }

    private DhcpDropReason? OnMessage(ReadOnlySpan<byte> bytes, Instant now)
    {
        if (!Dhcpv4View.TryRead(bytes, out Dhcpv4View message)) return DhcpDropReason.Malformed;
        if (message.Operation != Dhcpv4View.Reply) return DhcpDropReason.NotReply;
        if (message.TransactionId != _transaction) return DhcpDropReason.WrongTransaction;
        if (Dhcpv4Header.From(message).Mac != _mac) return DhcpDropReason.WrongHardwareAddress;
        Span<byte> scratch = stackalloc byte[512];
        if (message.TryFind(Dhcpv4Option.ClientIdentifier, scratch, out ReadOnlySpan<byte> echoed) && !echoed.SequenceEqual(_identifier)) return DhcpDropReason.WrongClientIdentifier;
        Dhcpv4MessageType type = message.MessageType;
        bool isExpected = State switch
        {
            DhcpState.Selecting => type == Dhcpv4MessageType.Offer,
            DhcpState.Requesting or DhcpState.Rebooting or DhcpState.Renewing or DhcpState.Rebinding => type is Dhcpv4MessageType.Ack or Dhcpv4MessageType.Nak,
            _ => false,
        };
        if (!isExpected) return DhcpDropReason.UnexpectedType;
        if (!message.TryFindAddress(Dhcpv4Option.ServerIdentifier, out IpAddress server) || !DhcpReply.IsHost(server)) return DhcpDropReason.NoServer;
        IpAddress asked = State switch { DhcpState.Requesting => _offer!.Server, DhcpState.Renewing => Lease!.Server, _ => server };
        if (server != asked) return DhcpDropReason.WrongServer;
        if (type == Dhcpv4MessageType.Nak) return OnNak(now);
        DhcpDropReason? bad = DhcpReply.Read(message, server, _asked, out DhcpLease? lease);
        if (bad is not null) return bad;
        if (type == Dhcpv4MessageType.Offer)
        {
            _offer = lease;
            Enter(DhcpState.Requesting, now);
            return null;
        }
        return OnAck(lease!);
    }

    /// <summary>What is granted is taken as the grant says, which may differ from what was offered or had.</summary>
    private DhcpDropReason? OnAck(DhcpLease granted)
    {
        bool isKept = Lease?.Address == granted.Address;
        if (!isKept) Lose();
        Lease = granted;
        _changes.Enqueue((isKept ? DhcpChange.Renewed : DhcpChange.Acquired, granted));
        (State, NextDeadline) = isKept ? (DhcpState.Bound, DeadlineOf(granted.RenewAt)) : (DhcpState.Checking, DeadlineOf(granted.ExpiresAt));
        return null;
    }

    /// <summary>A server that refuses again and again is asked more and more rarely.</summary>
    private DhcpDropReason? OnNak(Instant now)
    {
        Lose();
        Begin(now, _nakWait);
        _nakWait = _nakWait == TimeSpan.Zero ? FirstNakWait : _nakWait * 2 < MaxTimeout ? _nakWait * 2 : MaxTimeout;
        return null;
    }

    private void Lose()
    {
        _offer = null;
        if (Lease is not { } lost) return;
        Lease = null;
        _changes.Enqueue((DhcpChange.Lost, lost));
    }

    private void Begin(Instant now, TimeSpan wait) => (State, NextDeadline) = (DhcpState.Init, now + wait);

    private void Enter(DhcpState state, Instant now)
    {
        bool isContinued = state == DhcpState.Requesting; // its server knows the client by the offer's number
        State = state;
        _sent = 0;
        if (!isContinued) NewTransaction(now);
        if (state == DhcpState.Rebooting) _began = now;
        Send(now);
    }

    private void Send(Instant now)
    {
        QueueRequest(now);
        _asked = now;
        NextDeadline = State switch
        {
            DhcpState.Renewing => NextRenewal(now, Lease!.RebindAt),
            DhcpState.Rebinding => NextRenewal(now, Lease!.ExpiresAt),
            _ => now + Timeout(_sent),
        };
        _sent++;
    }

    /// <summary>Half of what is left, but at least a minute (RFC 2131 section 4.4.5).</summary>
    private static Instant NextRenewal(Instant now, Instant end)
    {
        TimeSpan half = (end - now) / 2;
        return Instant.Min(end, now + (half > MinRenewalInterval ? half : MinRenewalInterval));
    }

    /// <summary>4, 8, 16, 32, 64 s, each with up to a second more or less (RFC 2131 section 4.1).</summary>
    private TimeSpan Timeout(int sent)
    {
        TimeSpan timeout = sent >= 4 ? MaxTimeout : FirstTimeout * (1 << sent);
        return timeout + RandomTime(TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
    }

    private TimeSpan RandomTime(TimeSpan least, TimeSpan most) => least + new TimeSpan((long)((UInt128)_random.Next() * (ulong)(most - least).Ticks >> 64));

    private static Instant? DeadlineOf(Instant at) => at == Instant.MaxValue ? null : at;
}
