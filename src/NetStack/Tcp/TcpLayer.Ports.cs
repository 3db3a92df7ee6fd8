using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Ports, initial sequence numbers, cookies: everything that comes from secrets.</summary>
public sealed partial class TcpLayer
{
    private static readonly TimeSpan TimeWaitReuseAge = TimeSpan.FromSeconds(1);

    private readonly InitialSequence _initialSequence;
    private readonly TimestampOffset _timestampOffset;
    private readonly SynCookies _cookies;
    private readonly PortAllocator _allocator;
    private readonly ChallengeAckLimiter _challenges;

    /// <summary>Our initial sequence number for a connection that begins now (RFC 6528).</summary>
    internal SequenceNumber NextInitialSequence(in FourTuple tuple, Instant now) =>
        _initialSequence.Next(tuple.Local.Address, tuple.Local.Port, tuple.Remote.Address, tuple.Remote.Port, now);

    internal uint TimestampOffsetOf(in FourTuple tuple) => _timestampOffset.Of(tuple.Local.Address, tuple.Remote.Address);

    /// <summary>Takes leave to send a challenge ACK (RFC 5961 section 7).</summary>
    internal bool MayChallenge(Instant now)
    {
        if (!_challenges.TryTake(now)) return false;
        Counters.ChallengeAcks++;
        return true;
    }

    private bool TryChoosePort(in TcpBindOptions options, out ushort port) =>
        _allocator.TryAllocate(options.Local.Address, default, 0, new BindUse(this, options), out port);

    /// <summary>Finds the local port of a connection: bound before, asked for, or an ephemeral one whose four-tuple is free.</summary>
    private TcpError TakePort(in TcpConnectOptions options, TcpEndpoint local, int interfaceIndex, Instant now, out FourTuple tuple, out TcpBinding? binding)
    {
        binding = options.Binding;
        if (local.Port == 0)
        {
            ConnectUse use = new(this, local.Address, options.Remote, interfaceIndex, now);
            if (!_allocator.TryAllocate(local.Address, options.Remote.Address, options.Remote.Port, use, out ushort port))
            {
                tuple = default;
                return TcpError.AddressNotAvailable;
            }
            local = local with { Port = port };
        }
        tuple = FourTuple.Of(local, options.Remote, interfaceIndex);
        if (!IsFree(tuple, now)) return TcpError.AddressInUse;
        if (binding is null && options.Local.Port != 0)
        {
            TcpBindOptions wanted = new(local) { Interface = options.Interface };
            if (!_ports.IsFree(wanted)) return TcpError.AddressInUse;
            binding = _ports.Add(wanted);
        }
        if (_flows.TryGetValue(tuple, out ITcpFlow? old) && old is TimeWaitEntry entry) EndTimeWaitForReuse(entry);
        return TcpError.None;
    }

    private void EndTimeWaitForReuse(TimeWaitEntry entry)
    {
        Counters.TimeWaitReused++;
        OnTimeWaitOver(entry);
    }

    /// <summary>Whether a connection may have a four-tuple: nobody has it, or it is in TIME-WAIT and timestamps tell old from new
    /// (RFC 6191 section 2).</summary>
    private bool IsFree(in FourTuple tuple, Instant now) =>
        !_flows.TryGetValue(tuple, out ITcpFlow? flow) || (flow is TimeWaitEntry { HasTimestamps: true } entry && now >= entry.Since + TimeWaitReuseAge);

    /// <summary>Answers a SYN with a cookie and forgets it (RFC 4987 section 3.6).</summary>
    private void SendCookie(PassiveOpen open, Instant now)
    {
        ref Handshake handshake = ref open.Handshake;
        FourTuple tuple = open.Tuple;
        handshake.Iss = _cookies.Make(tuple.Local.Address, tuple.Local.Port, tuple.Remote.Address, tuple.Remote.Port, handshake.Irs, Math.Min(handshake.PeerMss, open.Mss), now);
        uint clock = SynCookies.PutOptions(TimestampClock(now), new CookieOptions(handshake.SendScale, handshake.HasSack, handshake.HasEcn));
        if (!handshake.HasTimestamps)
        {
            handshake.SendScale = -1; // nothing of it could be remembered
            handshake.HasSack = handshake.HasEcn = false;
        }
        SendSynAck(open, clock, now);
        Counters.CookiesSent++;
        open.Listener = null!;
        _freeOpens.Push(open);
    }

    /// <summary>An ACK for a listener: if it brings back a cookie of ours it makes a connection.</summary>
    private bool TryAcceptCookie(TcpListener listener, in TcpSegment segment, Instant now)
    {
        if (Settings.SynCookies == SynCookieMode.Never || Counters.CookiesSent == 0) return false;
        FourTuple tuple = segment.Tuple;
        SequenceNumber irs = segment.Sequence - 1;
        SequenceNumber cookie = segment.Acknowledgement - 1;
        if (!_cookies.TryCheck(tuple.Local.Address, tuple.Local.Port, tuple.Remote.Address, tuple.Remote.Port, irs, cookie, now, out int mss))
        {
            Drop(TcpDropReason.BadCookie);
            return false;
        }
        if (listener.IsFull || ConnectionCount >= Settings.MaxConnections)
        {
            Drop(listener.IsFull ? TcpDropReason.AcceptQueueFull : TcpDropReason.TooManyConnections);
            return true;
        }
        if (!Ip.TryFindPath(segment.Source, segment.Destination, listener.Binding.Options.Interface ?? ScopeOf(segment), out IpPath path)) return false;
        Counters.CookiesAccepted++;
        Establish(listener, HandshakeOf(listener, segment, irs, cookie, mss), path, segment, now);
        return true;
    }

    private Handshake HandshakeOf(TcpListener listener, in TcpSegment segment, SequenceNumber irs, SequenceNumber iss, int mss)
    {
        uint offset = TimestampOffsetOf(segment.Tuple);
        bool hasTimestamps = Settings.Timestamps && segment.Options.HasTimestamps;
        CookieOptions options = hasTimestamps ? SynCookies.TakeOptions(segment.Options.TimestampEcho - offset) : new CookieOptions(-1, false, false);
        return new Handshake
        {
            Iss = iss,
            Irs = irs,
            PeerMss = mss,
            SendScale = Settings.WindowScaling ? options.WindowScale : -1,
            ReceiveScale = (byte)ReceiveScale(listener.Connection),
            HasSack = Settings.Sack && options.HasSack,
            HasTimestamps = hasTimestamps,
            TimestampRecent = segment.Options.TimestampValue,
            TimestampOffset = offset,
            HasEcn = Settings.Ecn != EcnMode.Off && options.HasEcn,
            ReceiveWindow = Math.Min(65_535, listener.Connection.ReceiveBuffer),
            PeerWindow = segment.Header.Window,
        };
    }

    private readonly struct BindUse(TcpLayer layer, TcpBindOptions options) : IPortUse
    {
        public bool IsFree(ushort port) => layer._ports.IsFree(options with { Local = options.Local with { Port = port } });
    }

    private readonly struct ConnectUse(TcpLayer layer, IpAddress local, TcpEndpoint remote, int interfaceIndex, Instant now) : IPortUse
    {
        public bool IsFree(ushort port) =>
            !layer._ports.IsBound(port) && layer.IsFree(FourTuple.Of(new TcpEndpoint(local, port), remote, interfaceIndex), now);
    }
}
