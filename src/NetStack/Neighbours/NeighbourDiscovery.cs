using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>Neighbour discovery on one interface (RFC 4861): what is sent. It goes past IP, because it speaks before there is an
/// address and always to a hop limit of 255.</summary>
internal sealed partial class NeighbourDiscovery(NetInterface nic)
{
    private const byte NdpHopLimit = 255;
    private const byte Router = 0x80;
    private const byte Solicited = 0x40;
    private const byte Override = 0x20;
    private const int LinkAddressOptionSize = 8;

    private static readonly IpAddress Unspecified = IpAddress.V6(0);

    /// <summary>Asks for a neighbour (RFC 4861 section 7.2.2).</summary>
    /// <param name="target">Its address.</param>
    /// <param name="mac">Its MAC address when it is probed; null to ask its solicited-node group.</param>
    /// <param name="source">The source of the packet that wants it.</param>
    internal void Solicit(IpAddress target, MacAddress? mac, IpAddress source)
    {
        if (nic.AddressTable.Find(source) is not { IsUsable: true }) source = SourceSelection.Select(nic, target, target, preferTemporary: false);
        if (source.IsNone) return; // a solicitation from :: would say that we want the address for ourselves
        IpAddress destination = mac is null ? AddressScope.SolicitedNode(target) : target;
        Span<byte> message = stackalloc byte[NeighborMessage.Size];
        new NeighborMessage(NdpView.NeighborSolicitation, target, nic.Mac).Write(message);
        Send(source, destination, mac ?? GroupMac.Of(destination), message);
    }

    /// <summary>Asks whether anybody has an address that we would like (RFC 4862 section 5.4.2): from ::, without a link-layer address.</summary>
    internal void SolicitForDetection(IpAddress target)
    {
        IpAddress destination = AddressScope.SolicitedNode(target);
        Span<byte> message = stackalloc byte[NeighborMessage.Size];
        new NeighborMessage(NdpView.NeighborSolicitation, target, nic.Mac).Write(message);
        Send(Unspecified, destination, GroupMac.Of(destination), message[..^LinkAddressOptionSize]);
    }

    /// <summary>Asks for routers (RFC 4861 section 6.3.7).</summary>
    /// <param name="source">Our link-local address, or none while there is none.</param>
    internal void SolicitRouters(IpAddress source)
    {
        Span<byte> message = stackalloc byte[8 + LinkAddressOptionSize];
        message.Clear();
        message[0] = NdpView.RouterSolicitation;
        message[8] = NdpOptions.SourceLinkAddress;
        message[9] = 1;
        nic.Mac.Write(message[10..]);
        Send(source.IsNone ? Unspecified : source, AddressScope.AllRouters, GroupMac.Of(AddressScope.AllRouters), source.IsNone ? message[..8] : message);
    }

    /// <summary>Answers a solicitation (RFC 4861 section 7.2.4).</summary>
    private void Advertise(IpAddress target, IpAddress to, Instant now)
    {
        byte flags = Override;
        if (nic.Stack.Options.Forwarding) flags |= Router;
        if (!to.IsUnspecified) flags |= Solicited;
        IpAddress destination = to.IsUnspecified ? AddressScope.AllNodes : to;
        TransmitFrame frame = default;
        Span<byte> message = stackalloc byte[NeighborMessage.Size];
        new NeighborMessage(NdpView.NeighborAdvertisement, target, nic.Mac, flags).Write(message);
        Compose(ref frame, target, destination, message);
        nic.Output(destination, ref frame, EtherType.Ipv6, now);
    }

    private void Send(IpAddress source, IpAddress destination, MacAddress mac, Span<byte> message)
    {
        TransmitFrame frame = default;
        Compose(ref frame, source, destination, message);
        nic.Enqueue(mac, ref frame, EtherType.Ipv6);
    }

    private void Compose(ref TransmitFrame frame, IpAddress source, IpAddress destination, Span<byte> message)
    {
        ushort checksum = PseudoHeader.Checksum(source, destination, IpProtocol.Icmpv6, message);
        message[2] = (byte)(checksum >> 8);
        message[3] = (byte)checksum;
        frame.Headers.Append(nic.LinkHeaderLength);
        new Ipv6Header(source, destination, IpProtocol.Icmpv6, (ushort)message.Length) { HopLimit = NdpHopLimit }.Write(frame.Headers.Append(Ipv6Header.Size));
        message.CopyTo(frame.Headers.Append(message.Length));
    }
}
