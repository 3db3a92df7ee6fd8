using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Udp;

/// <remarks>Sending.</remarks>
public sealed partial class UdpSocket
{
    /// <summary>Sends to the peer the socket is connected to.</summary>
    /// <inheritdoc cref="Send(UdpEndpoint, ReadOnlySpan{byte}, UdpSendOptions, Instant)"/>
    public DatagramSendResult Send(ReadOnlySpan<byte> payload, Instant now) => Send(default, payload, default, now);

    /// <summary>Sends a datagram; one that has no port yet gets an ephemeral one.</summary>
    /// <param name="destination">Where to; no address for the peer the socket is connected to.</param>
    /// <param name="payload">Its bytes, which are copied; at most 65507 to IPv4 and 65527 to IPv6.</param>
    /// <param name="options">What is particular to this datagram.</param>
    /// <param name="now">The present.</param>
    public DatagramSendResult Send(UdpEndpoint destination, ReadOnlySpan<byte> payload, UdpSendOptions options, Instant now)
    {
        DatagramSendResult aimed = TryAim(destination, payload.Length, options, out IpAddress address, out ushort port, out IpAddress source);
        if (aimed != DatagramSendResult.Sent) return aimed;
        PacketBody body = default;
        if (!_udp.Ip.Bodies.TryAppend(ref body, payload)) return ResultOf(SendOutcome.NoRoom);
        Span<byte> header = stackalloc byte[UdpHeader.Size];
        new UdpHeader(Port, port, (ushort)(UdpHeader.Size + payload.Length)).Write(header);
        SendOutcome outcome = _udp.Ip.Send(Describe(address, source, options), header, body, now);
        if (outcome == SendOutcome.Sent) _udp.Sent++;
        return ResultOf(outcome);
    }

    /// <summary>Finds where a datagram goes and whence, and gives a socket without a port an ephemeral one.</summary>
    /// <returns>Sent, or why it cannot be.</returns>
    private DatagramSendResult TryAim(UdpEndpoint destination, int length, in UdpSendOptions options, out IpAddress address, out ushort port, out IpAddress source)
    {
        address = Remote.Address;
        port = Remote.Port;
        source = default;
        if (IsClosed) return DatagramSendResult.Closed;
        if (!destination.Address.IsNone)
        {
            if (!TryToWire(destination.Address, out address)) return DatagramSendResult.InvalidDestination;
            port = destination.Port;
        }
        if (address.IsNone) return DatagramSendResult.NotConnected;
        if (port == 0 || address.IsUnspecified || !TakesFamily(address)) return DatagramSendResult.InvalidDestination;
        if (length > ushort.MaxValue - UdpHeader.Size - (address.IsV4 ? Ipv4View.MinSize : 0)) return DatagramSendResult.MessageTooLong;
        if (Port == 0 && Bind(default) != UdpBindResult.Success) return DatagramSendResult.AddressNotAvailable;
        return TryToWire(options.Source, out source) ? DatagramSendResult.Sent : DatagramSendResult.AddressNotAvailable;
    }

    private IpSend Describe(IpAddress destination, IpAddress source, in UdpSendOptions options)
    {
        bool isGroup = destination.IsMulticast;
        if (source.IsNone && Local.IsV4 == destination.IsV4 && _udp.Tables.IsLocalAddress(Local)) source = Local;
        return new IpSend(source, destination, IpProtocol.Udp)
        {
            Interface = options.Interface ?? BoundInterface ?? (isGroup ? MulticastInterface : null),
            TrafficClass = options.TrafficClass ?? TrafficClass,
            HopLimit = options.HopLimit ?? (isGroup ? MulticastHopLimit : HopLimit),
            DontFragment = DontFragment,
            AllowBroadcast = Broadcast,
            NoMulticastLoop = !MulticastLoop,
            ChecksumOffset = 6,
        };
    }
}
