using NetStack.Ip;
using NetStack.Memory;
using NetStack.Multicast;
using NetStack.Wire;

namespace NetStack.Icmp;

/// <summary>
/// ICMP (RFC 792, RFC 1122 section 3.2.2) and ICMPv6 (RFC 4443). A message is copied into private memory and summed in one pass,
/// and everything is decided on that copy.
/// </summary>
/// <remarks>Thread rule: the stack's thread.</remarks>
public sealed partial class IcmpLayer : ITransport, IStackPart
{
    private const int BlockSize = 256;

    private readonly MulticastLayer _multicast;
    private readonly IIpTables _tables;
    private readonly INdpHandler? _neighbours;
    private readonly byte[] _message = new byte[ushort.MaxValue + 1];
    private readonly SocketEventQueue _events = new();
    private readonly Dictionary<(bool IsV6, ushort Identifier), EchoSocket> _sockets = [];
    private SeededRandom _random;
    private TokenBucket _replies;

    internal IcmpLayer(IpLayer ip, IIpTables tables, MulticastLayer multicast, INdpHandler? neighbours, IcmpOptions options, ulong seed)
    {
        Ip = ip;
        Options = options;
        Blocks = new BlockPool(BlockSize, options.ReceiveMemory);
        _tables = tables;
        _multicast = multicast;
        _neighbours = neighbours;
        _random = new SeededRandom(seed);
    }

    /// <summary>How often messages that came in were no use, by reason.</summary>
    public IcmpDropCounters Drops { get; } = new();

    /// <summary>Errors that were sent, and that were not.</summary>
    public IcmpErrorCounters Errors => Ip.Errors.Counters;

    /// <summary>Echo requests that were answered.</summary>
    public long EchoReplies { get; private set; }

    internal IpLayer Ip { get; }

    internal IcmpOptions Options { get; }

    internal BlockPool Blocks { get; }

    Instant? IStackPart.NextDeadline => null;

    /// <summary>Opens a socket for echo requests.</summary>
    /// <param name="isV6">Whether it speaks ICMPv6, else ICMP.</param>
    /// <param name="identifier">What tells its requests from others; 0 for a random one.</param>
    /// <returns>Null when the identifier is taken.</returns>
    public EchoSocket? OpenEcho(bool isV6, ushort identifier = 0)
    {
        for (int tries = 0; identifier == 0 && tries < ushort.MaxValue; tries++)
        {
            ushort candidate = (ushort)_random.Next();
            if (candidate != 0 && !_sockets.ContainsKey((isV6, candidate))) identifier = candidate;
        }
        EchoSocket socket = new(this, _events, isV6, identifier);
        return identifier != 0 && _sockets.TryAdd((isV6, identifier), socket) ? socket : null;
    }

    /// <summary>Every open echo socket, as of now, in no order.</summary>
    public IReadOnlyList<EchoSocket> ListSockets() => [.. _sockets.Values];

    /// <summary>Reads an event of an echo socket.</summary>
    public bool TryReadEvent(out EchoEvent happened)
    {
        bool any = _events.TryRead(out DatagramSocket? socket, out SocketEvents what);
        happened = any ? new EchoEvent((EchoSocket)socket!, what) : default;
        return any;
    }

    internal void Remove(EchoSocket socket) => _sockets.Remove((socket.IsV6, socket.Identifier));

    void IStackPart.OnDeadline(Instant now)
    {
    }

    bool IStackPart.TransmitOne(Instant now)
    {
        _events.Unblock();
        return false;
    }

    void ITransport.OnAddressRemoved(IpAddress address, Instant now)
    {
    }

    TransportVerdict ITransport.Receive(in InboundDatagram datagram, Instant now)
    {
        int length = datagram.Bytes.Length;
        if (length < IcmpView.FullSize) return Drop(IcmpDropReason.Truncated); // no type we know is shorter
        Span<byte> message = _message.AsSpan(0, length);
        ChecksumAccumulator sum = default;
        if (datagram.Source.IsV6) PseudoHeader.AddTo(ref sum, datagram.Source, datagram.Destination, IpProtocol.Icmpv6, length);
        datagram.Bytes.CopyTo(message, ref sum);
        if (!datagram.IsChecksumGood && sum.Finish() != 0) return Drop(IcmpDropReason.BadChecksum);
        if (datagram.Protocol == IpProtocol.Icmp && datagram.Source.IsV4) ReceiveV4(datagram, message, now);
        else if (datagram.Protocol == IpProtocol.Icmpv6 && datagram.Source.IsV6) ReceiveV6(datagram, message, now);
        else Drop(IcmpDropReason.UnknownType);
        return TransportVerdict.Done;
    }

    private void ReceiveV4(in InboundDatagram datagram, ReadOnlySpan<byte> message, Instant now)
    {
        switch (message[0])
        {
            case 0:
                TakeReply(datagram, message);
                break;
            case 3 or 11 or 12:
                TakeErrorV4(datagram, message, now);
                break;
            case 8:
                Answer(datagram, message, datagram.IsGroupAddressed ? Options.AnswerGroupEchoV4 : Options.AnswerEcho, now);
                break;
            case 4:
                Drop(IcmpDropReason.SourceQuench);
                break;
            case 5:
                Drop(IcmpDropReason.Redirect);
                break;
            case 13:
                Drop(IcmpDropReason.Timestamp);
                break;
            default:
                Drop(IcmpDropReason.UnknownType);
                break;
        }
    }

    private void ReceiveV6(in InboundDatagram datagram, ReadOnlySpan<byte> message, Instant now)
    {
        switch (message[0])
        {
            case 1 or 2 or 3 or 4:
                TakeErrorV6(datagram, message, now);
                break;
            case 128:
                Answer(datagram, message, datagram.IsGroupAddressed ? Options.AnswerGroupEchoV6 : Options.AnswerEcho, now);
                break;
            case 129:
                TakeReply(datagram, message);
                break;
            case MldView.Query or MldView.Report or MldView.Done or MldView.Report2:
                if (datagram.HopLimit != 1) Drop(IcmpDropReason.NotFromLink);
                else _multicast.ReceiveMld(datagram, message, now);
                break;
            case >= NdpView.RouterSolicitation and <= NdpView.Redirect:
                TakeNeighbourMessage(datagram, message, now);
                break;
            default:
                Drop(IcmpDropReason.UnknownType);
                break;
        }
    }

    /// <summary>RFC 4861 section 6.1 and 7.1: a hop limit of 255 proves that no router passed it on.</summary>
    private void TakeNeighbourMessage(in InboundDatagram datagram, ReadOnlySpan<byte> message, Instant now)
    {
        if (datagram.HopLimit != 255 || message[1] != 0 || _tables.InterfaceAt(datagram.Interface) is not { } nic) Drop(IcmpDropReason.NotFromLink);
        else _neighbours?.Receive(nic, datagram with { Bytes = new InboundBytes(message) }, now);
    }

    private void TakeReply(in InboundDatagram datagram, ReadOnlySpan<byte> message)
    {
        IcmpView.TryRead(message, out IcmpView view);
        if (!_sockets.TryGetValue((datagram.Source.IsV6, view.Identifier), out EchoSocket? socket)
            || (socket.BoundInterface is { } bound && bound != datagram.Interface))
        {
            Drop(IcmpDropReason.NoSocket);
            return;
        }
        EchoReplyInfo info = new(datagram.Source, datagram.Destination, datagram.Interface, view.Identifier, view.Sequence)
        {
            HopLimit = datagram.HopLimit,
            TrafficClass = datagram.TrafficClass,
            Length = message.Length - IcmpHeader.Size,
        };
        if (!socket.TryAdd(info, message[IcmpHeader.Size..])) Drop(IcmpDropReason.QueueFull);
    }

    /// <summary>Answers an echo request with the same data (RFC 1122 section 3.2.2.6, RFC 4443 section 4.2).</summary>
    private void Answer(in InboundDatagram datagram, ReadOnlySpan<byte> request, bool isWanted, Instant now)
    {
        if (!isWanted || datagram.Source.IsUnspecified)
        {
            Drop(IcmpDropReason.EchoNotAnswered);
            return;
        }
        if (Options.EchoRepliesPerSecond > 0 && !_replies.TryTake(Options.EchoRepliesPerSecond, Options.EchoRepliesPerSecond, now))
        {
            Drop(IcmpDropReason.EchoRateLimited);
            return;
        }
        IcmpView.TryRead(request, out IcmpView view);
        bool isV6 = datagram.Source.IsV6;
        Span<byte> header = stackalloc byte[IcmpHeader.Size];
        IcmpHeader.Echo(isV6 ? (byte)129 : (byte)0, view.Identifier, view.Sequence).Write(header);
        bool isToUs = !datagram.IsGroupAddressed || _tables.IsLocalAddress(datagram.Destination);
        IpSend send = new(isToUs ? datagram.Destination : default, datagram.Source, datagram.Protocol)
        {
            Interface = Martians.IsLinkLocalV6(datagram.Source) ? datagram.Interface : null,
            TrafficClass = datagram.TrafficClass,
            ChecksumOffset = 2,
        };
        PacketBody body = default;
        if (Ip.Bodies.TryAppend(ref body, request[IcmpHeader.Size..]) && Ip.Send(send, header, body, now) == SendOutcome.Sent) EchoReplies++;
        else Drop(IcmpDropReason.EchoNotSent);
    }

    private TransportVerdict Drop(IcmpDropReason reason)
    {
        Drops.Add(reason);
        return TransportVerdict.Done;
    }
}
