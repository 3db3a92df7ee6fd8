using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Raw;

/// <summary>A socket for one IP protocol: gets a copy of every datagram of it that is for this host. Thread rule: the stack's thread.</summary>
public sealed class RawSocket : DatagramSocket
{
    private readonly RawLayer _raw;
    private readonly DatagramQueue<RawDatagramInfo> _queue;

    internal RawSocket(RawLayer raw, SocketEventQueue events, bool isV6, IpProtocol? protocol)
        : base(events)
    {
        _raw = raw;
        IsV6 = isV6;
        Protocol = protocol;
        _queue = new DatagramQueue<RawDatagramInfo>(raw.Blocks, raw.Options.ReceiveBufferSize);
    }

    /// <summary>Whether it speaks IPv6, else IPv4.</summary>
    public bool IsV6 { get; }

    /// <summary>The protocol it takes and sends; null takes every protocol, and sends with own headers only.</summary>
    public IpProtocol? Protocol { get; }

    /// <summary>The only address of ours it takes datagrams for and sends from; none for any.</summary>
    public IpAddress Local { get; set; }

    /// <summary>The only peer it takes datagrams from; none for any.</summary>
    public IpAddress Remote { get; set; }

    /// <summary>The only interface it is to speak by; null for any.</summary>
    public int? BoundInterface { get; set; }

    /// <summary>TTL or hop limit of what it sends; 0 for the stack's default.</summary>
    public byte HopLimit { get; set; }

    /// <summary>TOS or traffic class of what it sends.</summary>
    public byte TrafficClass { get; set; }

    /// <summary>Whether what it sends must not be fragmented.</summary>
    public bool DontFragment { get; set; }

    /// <summary>Whether it may send to broadcast addresses.</summary>
    public bool Broadcast { get; set; }

    /// <summary>Where in what it sends a checksum lies that IP fills in over pseudo-header and payload, in bytes, even, 0 to 58 (RFC 3542
    /// section 3.1); -1 for none. ICMPv6 always has one, at 2.</summary>
    public int ChecksumOffset { get; set; } = -1;

    /// <summary>Datagrams that wait to be received.</summary>
    public int Count => _queue.Count;

    /// <summary>Bytes of memory that the waiting packets take.</summary>
    public int QueuedBytes => _queue.Bytes;

    /// <summary>Sends a payload; IP puts the header around it.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="payload">What follows the IP header; it is copied.</param>
    /// <param name="now">The present.</param>
    public DatagramSendResult Send(IpAddress destination, ReadOnlySpan<byte> payload, Instant now)
    {
        if (IsClosed) return DatagramSendResult.Closed;
        if (destination.IsNone || destination.IsUnspecified || destination.IsV6 != IsV6 || Protocol is null) return DatagramSendResult.InvalidDestination;
        int checksumAt = Protocol == IpProtocol.Icmpv6 ? 2 : ChecksumOffset;
        int front = Math.Min(payload.Length, RawLayer.MaxFront);
        if (payload.Length > ushort.MaxValue - (IsV6 ? 0 : Ipv4View.MinSize) || checksumAt > front - 2) return DatagramSendResult.MessageTooLong;
        PacketBody body = default;
        if (!_raw.Ip.Bodies.TryAppend(ref body, payload[front..])) return ResultOf(SendOutcome.NoRoom);
        Span<byte> header = stackalloc byte[front];
        payload[..front].CopyTo(header);
        if (checksumAt >= 0) header.Slice(checksumAt, 2).Clear();
        IpSend send = new(Local, destination, Protocol.Value)
        {
            Interface = BoundInterface,
            HopLimit = HopLimit,
            TrafficClass = TrafficClass,
            DontFragment = DontFragment,
            AllowBroadcast = Broadcast,
            ChecksumOffset = checksumAt,
        };
        return ResultOf(_raw.Ip.Send(send, header, body, now));
    }

    /// <summary>
    /// Sends a whole packet with its IP header. In IPv4 the total length and the checksum are filled in, the source and the
    /// identification where they are 0; in IPv6 the payload length. It must fit into the path's MTU.
    /// </summary>
    /// <param name="packet">The packet; it is copied.</param>
    /// <param name="now">The present.</param>
    public DatagramSendResult SendPacket(ReadOnlySpan<byte> packet, Instant now)
    {
        if (IsClosed) return DatagramSendResult.Closed;
        int least = IsV6 ? Ipv6View.Size : Ipv4View.MinSize;
        if (packet.Length < least || packet[0] >> 4 != (IsV6 ? 6 : 4)) return DatagramSendResult.InvalidDestination;
        int headerLength = IsV6 ? Ipv6View.Size : (packet[0] & 15) * 4;
        if (headerLength < least || headerLength > packet.Length) return DatagramSendResult.InvalidDestination;
        PacketBody body = default;
        if (!_raw.Ip.Bodies.TryAppend(ref body, packet[headerLength..])) return ResultOf(SendOutcome.NoRoom);
        return ResultOf(_raw.Ip.SendPacket(packet[..headerLength], body, BoundInterface, Broadcast, now));
    }

    /// <summary>Receives the oldest datagram, IP header first.</summary>
    /// <param name="destination">Where to; what does not fit is lost, and said to be.</param>
    /// <param name="info">What is told of it.</param>
    /// <returns>False when none waits.</returns>
    public bool TryReceive(Span<byte> destination, out RawDatagramInfo info)
    {
        info = default;
        if (_queue.Count == 0) return false;
        info = _queue.Head with { Copied = _queue.CopyHead(destination) };
        _queue.RemoveHead();
        return true;
    }

    internal bool Takes(IpAddress source, IpAddress destination, IpProtocol protocol) =>
        source.IsV6 == IsV6 && (Protocol is null || Protocol == protocol)
        && (Local.IsNone || Local == destination) && (Remote.IsNone || Remote == source);

    /// <summary>Takes a datagram whose bytes are private.</summary>
    internal void Add(in InboundDatagram datagram)
    {
        if (BoundInterface is { } bound && bound != datagram.Interface) return;
        int length = datagram.NetworkHeader.Length + datagram.Bytes.Length;
        if (!_queue.HasRoom(length) || !_raw.Blocks.TryRent(length, out BlockChain chain))
        {
            Dropped++;
            return;
        }
        _raw.Blocks.Fill(chain, 0, datagram.NetworkHeader);
        _raw.Blocks.Fill(chain, datagram.NetworkHeader.Length, datagram.Bytes.Require(datagram.Bytes.Length));
        _queue.Add(new RawDatagramInfo(datagram.Source, datagram.Destination, datagram.Protocol, datagram.Interface)
        {
            HopLimit = datagram.HopLimit,
            TrafficClass = datagram.TrafficClass,
            HeaderLength = datagram.NetworkHeader.Length,
            Length = length,
        }, chain);
        Raise(SocketEvents.Readable);
    }

    internal void OnError(in IcmpErrorReport error)
    {
        if (Remote.IsNone || Remote == error.Destination) SetError(DatagramError.From(error, 0));
    }

    private protected override void OnClose(Instant now)
    {
        _raw.Remove(this);
        _queue.Clear();
    }
}
