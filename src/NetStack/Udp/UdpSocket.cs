using NetStack.Ip;
using NetStack.Memory;
using NetStack.Multicast;
using NetStack.Wire;

namespace NetStack.Udp;

/// <summary>A UDP socket. Thread rule: the stack's thread.</summary>
public sealed partial class UdpSocket : DatagramSocket
{
    private readonly UdpLayer _udp;
    private readonly DatagramQueue<UdpDatagramInfo> _queue;
    private readonly bool _takesV4;
    private bool _takesV6;
    private bool _isBoundToAddress; // not only for as long as it is connected

    internal UdpSocket(UdpLayer udp, SocketEventQueue events, UdpFamily family, int number)
        : base(events)
    {
        _udp = udp;
        Family = family;
        Number = number;
        _takesV4 = family != UdpFamily.V6;
        _takesV6 = family != UdpFamily.V4;
        _queue = new DatagramQueue<UdpDatagramInfo>(udp.Blocks, udp.Options.ReceiveBufferSize);
    }

    /// <summary>Which addresses it speaks.</summary>
    public UdpFamily Family { get; }

    /// <summary>The address and port it is bound or connected from; no address for any, port 0 before it is bound.</summary>
    public UdpEndpoint LocalEndpoint => Present(new UdpEndpoint(Local, Port));

    /// <summary>Whom it is connected to; no address for nobody.</summary>
    public UdpEndpoint RemoteEndpoint => Present(Remote);

    /// <summary>The interface it is bound to, or null.</summary>
    public int? BoundInterface { get; private set; }

    /// <summary>Whether others that say so too may have the same address and port. Set before the bind.</summary>
    public bool ReuseAddress { get; set; }

    /// <summary>As <see cref="ReuseAddress"/>, and unicast datagrams are spread over the sharers by flow.</summary>
    public bool ReusePort { get; set; }

    /// <summary>Whether it may send to broadcast addresses.</summary>
    public bool Broadcast { get; set; }

    /// <summary>Whether what it sends must not be fragmented; errors then tell the path MTU.</summary>
    public bool DontFragment { get; set; }

    /// <summary>Whether errors are wanted also while it is connected to nobody.</summary>
    public bool ReceivesErrors { get; set; }

    /// <summary>TTL or hop limit of unicast datagrams; 0 for the stack's default.</summary>
    public byte HopLimit { get; set; }

    /// <summary>TTL or hop limit of multicast datagrams.</summary>
    public byte MulticastHopLimit { get; set; } = 1;

    /// <summary>The interface multicast datagrams leave by; null lets routing decide.</summary>
    public int? MulticastInterface { get; set; }

    /// <summary>Whether members on this host get the multicast datagrams it sends.</summary>
    public bool MulticastLoop { get; set; } = true;

    /// <summary>TOS or traffic class of what it sends.</summary>
    public byte TrafficClass { get; set; }

    /// <summary>Bytes its receive queue may take, counted as the memory it takes; an empty queue takes any datagram.</summary>
    public int ReceiveBufferSize
    {
        get => _queue.Limit;
        set => _queue.Limit = value;
    }

    /// <summary>Datagrams that wait to be received.</summary>
    public int Count => _queue.Count;

    /// <summary>Payload bytes of the datagram that is received next; 0 when there is none.</summary>
    public int NextLength => _queue.Count == 0 ? 0 : _queue.HeadLength;

    /// <summary>Bytes of memory that the waiting datagrams take.</summary>
    public int QueuedBytes => _queue.Bytes;

    internal int Number { get; }

    /// <summary>The bound address as on the wire; none for any.</summary>
    internal IpAddress Local { get; private set; }

    internal ushort Port { get; private set; }

    internal UdpEndpoint Remote { get; private set; }

    internal UdpSocket? NextOnPort { get; set; }

    /// <summary>Receives the oldest datagram.</summary>
    /// <param name="destination">Where to; what does not fit is lost, and said to be.</param>
    /// <param name="info">What is told of it.</param>
    /// <returns>False when none waits.</returns>
    public bool TryReceive(Span<byte> destination, out UdpDatagramInfo info)
    {
        bool any = TryPeek(destination, out info);
        if (any) _queue.RemoveHead();
        return any;
    }

    /// <summary>As <see cref="TryReceive"/>, but the datagram stays.</summary>
    public bool TryPeek(Span<byte> destination, out UdpDatagramInfo info)
    {
        info = default;
        CheckReadsByCopy();
        if (_queue.Count == 0) return false;
        ref readonly UdpDatagramInfo head = ref _queue.Head;
        info = head with { From = Present(head.From), To = Present(head.To), Copied = _queue.CopyHead(destination) };
        return true;
    }

    internal bool HasRoom(int length) => _queue.HasRoom(length);

    internal void Add(in UdpDatagramInfo info, BlockChain chain)
    {
        _queue.Add(info, chain);
        Raise(SocketEvents.Readable);
    }

    /// <summary>RFC 1122 section 4.1.3.3: errors reach the program; without a peer only one that can tell them apart.</summary>
    internal void OnError(in DatagramError error)
    {
        if (Remote.Address.IsNone && !ReceivesErrors) return;
        if (error.Kind == DatagramErrorKind.MessageTooLong && !DontFragment) return; // the next one is fragmented
        SetError(error with { Destination = Present(error.Destination) });
    }

    internal void OnAddressRemoved() => SetError(new DatagramError(DatagramErrorKind.AddressRemoved, default, Present(Local), 0, 0, 0, 0));

    private protected override void OnClose(Instant now)
    {
        if (!Remote.Address.IsNone) _udp.Table.Disconnect(this);
        if (Port != 0) _udp.Table.Remove(this);
        _udp.Multicast.LeaveAll(this, now);
        ClearBodies();
        _queue.Clear();
    }

    /// <summary>An address as this socket's program knows it.</summary>
    private IpAddress Present(IpAddress address) =>
        Family != UdpFamily.V4 && address.IsV4 ? IpAddress.V6((UInt128)0xFFFF << 32 | address.Value) : address;

    private UdpEndpoint Present(in UdpEndpoint endpoint) => endpoint with { Address = Present(endpoint.Address) };

    /// <summary>An address as it is on the wire; none for any. False when this socket does not speak its family.</summary>
    private bool TryToWire(IpAddress address, out IpAddress wire)
    {
        wire = address;
        if (address.IsNone) return true;
        if (!Martians.IsMapped(address)) return address.IsV4 == (Family == UdpFamily.V4);
        wire = IpAddress.V4((uint)address.Value);
        return Family == UdpFamily.Dual;
    }
}
