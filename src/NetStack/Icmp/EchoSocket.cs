using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Icmp;

/// <summary>A socket for echo requests and their replies: ping. Thread rule: the stack's thread.</summary>
public sealed class EchoSocket : DatagramSocket
{
    private readonly IcmpLayer _icmp;
    private readonly DatagramQueue<EchoReplyInfo> _queue;

    internal EchoSocket(IcmpLayer icmp, SocketEventQueue events, bool isV6, ushort identifier)
        : base(events)
    {
        _icmp = icmp;
        IsV6 = isV6;
        Identifier = identifier;
        _queue = new DatagramQueue<EchoReplyInfo>(icmp.Blocks, icmp.Options.ReceiveBufferSize);
    }

    /// <summary>Whether it speaks ICMPv6, else ICMP.</summary>
    public bool IsV6 { get; }

    /// <summary>What tells its requests from others.</summary>
    public ushort Identifier { get; }

    /// <summary>The source address to send from; none to let routing choose.</summary>
    public IpAddress Source { get; set; }

    /// <summary>The only interface it is to speak by; null for any.</summary>
    public int? BoundInterface { get; set; }

    /// <summary>TTL or hop limit of requests; 0 for the stack's default.</summary>
    public byte HopLimit { get; set; }

    /// <summary>TOS or traffic class of requests.</summary>
    public byte TrafficClass { get; set; }

    /// <summary>Whether requests must not be fragmented.</summary>
    public bool DontFragment { get; set; }

    /// <summary>Whether it may send to broadcast addresses.</summary>
    public bool Broadcast { get; set; }

    /// <summary>Replies that wait to be received.</summary>
    public int Count => _queue.Count;

    /// <summary>Bytes of memory that the waiting replies take.</summary>
    public int QueuedBytes => _queue.Bytes;

    /// <summary>Sends an echo request.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="sequence">Its sequence number.</param>
    /// <param name="data">Its data, which is copied.</param>
    /// <param name="now">The present.</param>
    public DatagramSendResult Send(IpAddress destination, ushort sequence, ReadOnlySpan<byte> data, Instant now)
    {
        if (IsClosed) return DatagramSendResult.Closed;
        if (destination.IsNone || destination.IsUnspecified || destination.IsV6 != IsV6) return DatagramSendResult.InvalidDestination;
        if (data.Length > ushort.MaxValue - IcmpHeader.Size - Ipv4View.MinSize) return DatagramSendResult.MessageTooLong;
        PacketBody body = default;
        if (!_icmp.Ip.Bodies.TryAppend(ref body, data)) return ResultOf(SendOutcome.NoRoom);
        Span<byte> header = stackalloc byte[IcmpHeader.Size];
        IcmpHeader.Echo(IsV6 ? (byte)128 : (byte)8, Identifier, sequence).Write(header);
        IpSend send = new(Source, destination, IsV6 ? IpProtocol.Icmpv6 : IpProtocol.Icmp)
        {
            Interface = BoundInterface,
            HopLimit = HopLimit,
            TrafficClass = TrafficClass,
            DontFragment = DontFragment,
            AllowBroadcast = Broadcast,
            ChecksumOffset = 2,
        };
        return ResultOf(_icmp.Ip.Send(send, header, body, now));
    }

    /// <summary>Receives the oldest reply.</summary>
    /// <param name="destination">Where its data goes; what does not fit is lost, and said to be.</param>
    /// <param name="info">What is told of it.</param>
    /// <returns>False when none waits.</returns>
    public bool TryReceive(Span<byte> destination, out EchoReplyInfo info)
    {
        info = default;
        if (_queue.Count == 0) return false;
        info = _queue.Head with { Copied = _queue.CopyHead(destination) };
        _queue.RemoveHead();
        return true;
    }

    internal bool TryAdd(in EchoReplyInfo info, ReadOnlySpan<byte> data)
    {
        if (!_queue.HasRoom(data.Length) || !_icmp.Blocks.TryRent(data.Length, out BlockChain chain))
        {
            Dropped++;
            return false;
        }
        _icmp.Blocks.Fill(chain, 0, data);
        _queue.Add(info, chain);
        Raise(SocketEvents.Readable);
        return true;
    }

    private protected override void OnClose(Instant now)
    {
        _icmp.Remove(this);
        _queue.Clear();
    }
}
