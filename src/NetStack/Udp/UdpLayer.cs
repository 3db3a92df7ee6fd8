using NetStack.Ip;
using NetStack.Memory;
using NetStack.Multicast;
using NetStack.Wire;

namespace NetStack.Udp;

/// <summary>UDP (RFC 768): sockets, and whom a datagram is for. Thread rule: the stack's thread.</summary>
public sealed partial class UdpLayer : ITransport, IStackPart
{
    /// <summary>Bytes in a block of receive memory: a small datagram takes one, a full Ethernet frame's three.</summary>
    internal const int BlockSize = 512;

    private const int QuotedBytes = 1280; // no ICMP error is longer

    private readonly SocketEventQueue _events = new();
    private int _lastNumber;

    internal UdpLayer(IpLayer ip, IIpTables tables, MulticastLayer multicast, UdpOptions options, ulong seed)
    {
        options.Validate();
        Ip = ip;
        Tables = tables;
        Multicast = multicast;
        Options = options;
        Blocks = new BlockPool(BlockSize, options.ReceiveMemory);
        Table = new UdpTable(options, seed);
    }

    /// <summary>How often a datagram that came in was dropped, by reason.</summary>
    public UdpDropCounters Drops { get; } = new();

    /// <summary>Datagrams put into receive queues; one to a group counts once for each.</summary>
    public long Received { get; private set; }

    /// <summary>Datagrams sent.</summary>
    public long Sent { get; internal set; }

    internal IpLayer Ip { get; }

    internal IIpTables Tables { get; }

    internal MulticastLayer Multicast { get; }

    internal UdpOptions Options { get; }

    internal BlockPool Blocks { get; }

    internal UdpTable Table { get; }

    /// <summary>Opens a socket; it has no port yet.</summary>
    public UdpSocket Open(UdpFamily family) => new(this, _events, family, ++_lastNumber);

    /// <summary>Every socket that has a port, as of now, in no order.</summary>
    public IReadOnlyList<UdpSocket> ListSockets() => Table.List();

    /// <summary>Reads an event. Events of one socket that were not read are merged, so there is at most one of each.</summary>
    public bool TryReadEvent(out UdpEvent happened)
    {
        bool any = _events.TryRead(out DatagramSocket? socket, out SocketEvents what);
        happened = any ? new UdpEvent((UdpSocket)socket!, what) : default;
        return any;
    }

    bool IStackPart.TransmitOne(Instant now)
    {
        _events.Unblock(); // asked only where there is room
        return false;
    }

    TransportVerdict ITransport.Receive(in InboundDatagram datagram, Instant now)
    {
        ReadOnlySpan<byte> bytes = datagram.Bytes.Require(UdpHeader.Size);
        if (!UdpView.TryRead(bytes, out UdpView view)) return Drop(UdpDropReason.Truncated);
        UdpHeader header = UdpHeader.From(view);
        if (header.Length < UdpHeader.Size || header.Length > datagram.Bytes.Length) return Drop(UdpDropReason.BadLength);
        if (header.DestinationPort == 0) return Drop(UdpDropReason.BadPort);
        if (header.Checksum == 0 && datagram.Source.IsV6) return Drop(UdpDropReason.NoChecksum);
        ChecksumAccumulator sum = default;
        PseudoHeader.AddTo(ref sum, datagram.Source, datagram.Destination, IpProtocol.Udp, header.Length);
        sum.Add(bytes[..UdpHeader.Size]);
        InboundBytes payload = datagram.Bytes.Slice(UdpHeader.Size, header.Length - UdpHeader.Size);
        Arriving arriving = new(header, payload, header.Checksum != 0 && !datagram.IsChecksumGood, sum);
        if (datagram.Destination.IsMulticast || (datagram.IsGroupAddressed && datagram.Destination.IsV4)) return DeliverToAll(datagram, arriving);
        UdpSocket? socket = Table.Find(datagram, header.SourcePort, header.DestinationPort);
        return socket is null ? RefusePort(datagram, arriving) : DeliverTo(socket, datagram, arriving, now);
    }

    bool ITransport.IsExpected(in IcmpErrorReport error) => FindSender(error) is not null;

    void ITransport.OnError(in IcmpErrorReport error, Instant now)
    {
        if (FindSender(error) is not { } socket) Drops.Add(UdpDropReason.UnexpectedError);
        else socket.OnError(DatagramError.From(error, UdpView.TryRead(error.Quoted, out UdpView view) ? view.DestinationPort : (ushort)0));
    }

    void ITransport.OnAddressRemoved(IpAddress address, Instant now) => Table.OnAddressRemoved(address);

    private UdpSocket? FindSender(in IcmpErrorReport error)
    {
        if (!UdpView.TryRead(error.Quoted, out UdpView view)) return null;
        return Table.FindSender(new UdpEndpoint(error.Source, view.SourcePort), new UdpEndpoint(error.Destination, view.DestinationPort));
    }

    /// <summary>Nobody listens; that is said only of a datagram that arrived whole.</summary>
    private TransportVerdict RefusePort(in InboundDatagram datagram, in Arriving arriving)
    {
        if (arriving.IsSumDue)
        {
            datagram.Bytes.Require(QuotedBytes); // what the error will quote is summed on its private copy, not read twice
            ChecksumAccumulator sum = arriving.Sum;
            arriving.Payload.SumTo(ref sum);
            if (sum.Finish() != 0) return Drop(UdpDropReason.BadChecksum);
        }
        Drops.Add(UdpDropReason.NoSocket);
        return TransportVerdict.PortUnreachable;
    }

    private TransportVerdict DeliverTo(UdpSocket socket, in InboundDatagram datagram, in Arriving arriving, Instant now)
    {
        if (!socket.HasRoom(arriving.Payload.Length))
        {
            socket.Dropped++;
            return Drop(UdpDropReason.QueueFull);
        }
        if (socket.CanHold(arriving.Payload)) return Hold(socket, datagram, arriving, now);
        if (!TryStore(arriving, out BlockChain chain, out UdpDropReason reason))
        {
            if (reason == UdpDropReason.NoMemory) socket.Dropped++;
            return Drop(reason);
        }
        Received++;
        socket.Add(InfoOf(datagram, arriving.Header), chain);
        return TransportVerdict.Done;
    }

    /// <summary>A datagram to a group or to all goes to every socket that wants it; its bytes are stored once.</summary>
    private TransportVerdict DeliverToAll(in InboundDatagram datagram, in Arriving arriving)
    {
        BlockChain chain = default;
        bool isStored = false;
        bool isWanted = false;
        for (UdpSocket? socket = Table.At(arriving.Header.DestinationPort); socket is not null; socket = socket.NextOnPort)
        {
            if (!socket.TakesToAll(datagram, arriving.Header.SourcePort)) continue;
            isWanted = true;
            if (!socket.HasRoom(arriving.Payload.Length))
            {
                socket.Dropped++;
                Drops.Add(UdpDropReason.QueueFull);
                continue;
            }
            if (!isStored && !TryStore(arriving, out chain, out UdpDropReason reason)) return Drop(reason);
            isStored = true;
            Received++;
            Blocks.Retain(chain);
            socket.Add(InfoOf(datagram, arriving.Header), chain);
        }
        if (isStored) Blocks.Release(chain);
        return isWanted ? TransportVerdict.Done : Drop(UdpDropReason.NoSocket);
    }

    /// <summary>Copies a payload into private blocks, the sum folded into the copy; what does not sum up right is not kept.</summary>
    private bool TryStore(in Arriving arriving, out BlockChain chain, out UdpDropReason reason)
    {
        reason = UdpDropReason.NoMemory;
        if (!Blocks.TryRent(arriving.Payload.Length, out chain)) return false;
        ChecksumAccumulator sum = arriving.Sum;
        Blocks.Fill(chain, 0, arriving.Payload, ref sum);
        if (!arriving.IsSumDue || sum.Finish() == 0) return true;
        Blocks.Release(chain);
        reason = UdpDropReason.BadChecksum;
        return false;
    }

    private static UdpDatagramInfo InfoOf(in InboundDatagram datagram, in UdpHeader header) =>
        new(new UdpEndpoint(datagram.Source, header.SourcePort), new UdpEndpoint(datagram.Destination, header.DestinationPort), datagram.Interface)
        {
            HopLimit = datagram.HopLimit,
            TrafficClass = datagram.TrafficClass,
            Length = header.Length - UdpHeader.Size,
            IsVerified = header.Checksum != 0,
        };

    private TransportVerdict Drop(UdpDropReason reason)
    {
        Drops.Add(reason);
        return TransportVerdict.Done;
    }

    /// <summary>A datagram whose header was read.</summary>
    private readonly ref struct Arriving(UdpHeader header, InboundBytes payload, bool isSumDue, ChecksumAccumulator sum)
    {
        internal UdpHeader Header { get; } = header;

        internal InboundBytes Payload { get; } = payload;

        /// <summary>Whether the sum of <see cref="Sum"/> and the payload must come out right.</summary>
        internal bool IsSumDue { get; } = isSumDue;

        /// <summary>The sum of pseudo-header and header.</summary>
        internal ChecksumAccumulator Sum { get; } = sum;
    }
}
