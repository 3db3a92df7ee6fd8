using NetStack.Ip;
using NetStack.Multicast;
using NetStack.Wire;

namespace NetStack.Udp;

/// <remarks>Addresses and ports: bind, connect, groups, and what the socket takes by them.</remarks>
public sealed partial class UdpSocket
{
    /// <summary>Gives the socket a port, and maybe an address and an interface.</summary>
    /// <param name="local">The address, one of ours, a group or a broadcast address, or none or unspecified for any; the port, or 0
    /// for an ephemeral one.</param>
    /// <param name="nic">The only interface it is to speak by; null for any.</param>
    public UdpBindResult Bind(UdpEndpoint local, int? nic = null)
    {
        if (IsClosed) return UdpBindResult.Closed;
        if (Port != 0) return UdpBindResult.AlreadyBound;
        if (!TryToWire(local.Address, out IpAddress address)) return UdpBindResult.InvalidAddress;
        if (nic is { } index && _udp.Tables.InterfaceAt(index) is null) return UdpBindResult.AddressNotAvailable;
        if (!address.IsNone && !address.IsUnspecified && !MayBind(address, nic)) return UdpBindResult.AddressNotAvailable;
        ushort port = local.Port;
        if (port == 0 && (port = _udp.Table.FindEphemeral()) == 0) return UdpBindResult.NoPortFree;
        bool tookV6 = _takesV6;
        if (address.IsV4) _takesV6 = false; // a dual socket at a mapped address
        (Local, BoundInterface) = (address.IsUnspecified ? default : address, nic);
        if (!_udp.Table.IsFree(this, port))
        {
            (Local, BoundInterface, _takesV6) = (default, null, tookV6);
            return UdpBindResult.AddressInUse;
        }
        Port = port;
        _isBoundToAddress = !Local.IsNone;
        _udp.Table.Add(this);
        return UdpBindResult.Success;
    }

    /// <summary>Connects: the socket sends to one peer by default, and takes from that one only. Connecting to no address undoes it.</summary>
    /// <param name="remote">The peer.</param>
    public UdpBindResult Connect(UdpEndpoint remote)
    {
        if (IsClosed) return UdpBindResult.Closed;
        if (!TryToWire(remote.Address, out IpAddress address)) return UdpBindResult.InvalidAddress;
        if (address.IsNone)
        {
            Disconnect();
            return UdpBindResult.Success;
        }
        if (remote.Port == 0 || address.IsUnspecified || (address.IsV4 ? !_takesV4 : !_takesV6)) return UdpBindResult.InvalidAddress;
        if (Port == 0 && Bind(default) is not UdpBindResult.Success and UdpBindResult failed) return failed;
        IpAddress source = _isBoundToAddress && !Local.IsMulticast ? Local : default;
        int? nic = BoundInterface ?? (address.IsMulticast ? MulticastInterface : null);
        if (!_udp.Ip.TryFindPath(address, source, nic, out IpPath path)) return UdpBindResult.Unreachable;
        Disconnect();
        IpAddress local = _isBoundToAddress ? Local : path.Source;
        if (!_udp.Table.TryConnect(this, local, new UdpEndpoint(address, remote.Port))) return UdpBindResult.AddressInUse;
        (Local, Remote) = (local, new UdpEndpoint(address, remote.Port));
        return UdpBindResult.Success;
    }

    /// <summary>Joins a group on an interface, for datagrams from anybody; or sets from whom (RFC 3376 section 2, RFC 3678).</summary>
    /// <param name="nic">The interface.</param>
    /// <param name="group">The group.</param>
    /// <param name="mode">Whether datagrams are wanted only from <paramref name="sources"/>, or from all others.</param>
    /// <param name="sources">Unicast addresses.</param>
    /// <param name="now">The present.</param>
    public GroupResult SetFilter(int nic, IpAddress group, SourceFilterMode mode, ReadOnlySpan<IpAddress> sources, Instant now)
    {
        if (IsClosed || !TryToWire(group, out IpAddress wire)) return GroupResult.InvalidGroup;
        return _udp.Multicast.SetFilter(this, nic, wire, mode, sources, now);
    }

    /// <summary>Joins a group on an interface, for datagrams from anybody.</summary>
    public GroupResult Join(int nic, IpAddress group, Instant now) => SetFilter(nic, group, SourceFilterMode.Exclude, default, now);

    /// <summary>Leaves a group.</summary>
    public GroupResult Leave(int nic, IpAddress group, Instant now) => SetFilter(nic, group, SourceFilterMode.Include, default, now);

    internal bool TakesFamily(IpAddress address) => address.IsV4 ? _takesV4 : _takesV6;

    internal bool TakesFrom(int nic) => BoundInterface is null || BoundInterface == nic;

    internal bool Takes(IpAddress destination, int nic) => TakesFamily(destination) && TakesFrom(nic) && (Local.IsNone || Local == destination);

    /// <summary>Whether a datagram to a group or to all is for this socket, among others.</summary>
    internal bool TakesToAll(in InboundDatagram datagram, ushort sourcePort)
    {
        if (!TakesFamily(datagram.Destination) || !TakesFrom(datagram.Interface)) return false;
        if (!Remote.Address.IsNone && Remote != new UdpEndpoint(datagram.Source, sourcePort)) return false;
        if (_isBoundToAddress && Local != datagram.Destination) return false;
        return !datagram.Destination.IsMulticast || _udp.Multicast.Accepts(this, datagram.Interface, datagram.Destination, datagram.Source);
    }

    /// <summary>Whether two sockets cannot have one port.</summary>
    internal bool Conflicts(UdpSocket other)
    {
        if ((ReuseAddress && other.ReuseAddress) || (ReusePort && other.ReusePort)) return false;
        bool isSameFamily = (_takesV4 && other._takesV4) || (_takesV6 && other._takesV6);
        bool isSameInterface = BoundInterface is null || other.BoundInterface is null || BoundInterface == other.BoundInterface;
        bool isSameAddress = Local.IsNone || other.Local.IsNone || Local == other.Local;
        return isSameFamily && isSameInterface && isSameAddress;
    }

    private void Disconnect()
    {
        if (Remote.Address.IsNone) return;
        _udp.Table.Disconnect(this);
        Remote = default;
        if (!_isBoundToAddress) Local = default;
    }

    private bool MayBind(IpAddress address, int? nic)
    {
        if (address.IsMulticast || address.IsLimitedBroadcast || _udp.Tables.IsLocalAddress(address)) return true;
        return nic is { } index && _udp.Tables.InterfaceAt(index) is { } bound && _udp.Tables.Classify(bound, address) == AddressClass.Broadcast;
    }
}
