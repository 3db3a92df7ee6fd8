using NetStack.Dhcp;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// A network interface of a stack: its addresses, its neighbours, and the queue of frames that wait for its device. Made by
/// <see cref="NetworkStack.AddInterface"/>. Thread rule of <see cref="NetworkStack"/>.
/// </summary>
public sealed partial class NetInterface : IIpInterface
{
    /// <summary>The smallest MTU of a link that carries IPv6 (RFC 8200 section 5), in bytes.</summary>
    public const int MinIpv6Mtu = 1280;

    private readonly TransmitRing _queue;
    private bool _isLinkUp;
    private bool _isEnabled = true;

    internal NetInterface(NetworkStack stack, int index, InterfaceOptions options, bool isLoopback)
    {
        Stack = stack;
        Index = index;
        Options = options;
        IsLoopback = isLoopback;
        Mtu = options.Mtu;
        RetransTimer = stack.Options.Neighbours.RetransTimer;
        _queue = new TransmitRing(stack.Options.TransmitQueueLength);
        _isLinkUp = options.IsLinkUp;
        AddressTable = new AddressTable(this);
        Arp = new ArpProtocol(this);
        Ndp = new NeighbourDiscovery(this);
        Neighbours = new NeighbourTable(this, stack.Options.Neighbours);
        if (HasNeighbours && options.Mtu >= MinIpv6Mtu) Ipv6 = new Ipv6Autoconfiguration(this);
    }

    /// <summary>The stack it belongs to.</summary>
    public NetworkStack Stack { get; }

    /// <summary>Its number in the stack, from 1; the loopback interface is 1. It does not change.</summary>
    public int Index { get; }

    /// <summary>Its name.</summary>
    public string Name => Options.Name;

    /// <summary>Its MAC address; all zero where the link has none.</summary>
    public MacAddress Mac => Options.Mac;

    /// <summary>How its frames begin.</summary>
    public LinkType LinkType => Options.LinkType;

    /// <summary>The largest IP packet of the link, in bytes.</summary>
    public int Mtu { get; }

    /// <summary>Whether what is sent by it comes back to this stack.</summary>
    public bool IsLoopback { get; }

    /// <summary>Whether frames can pass: it is enabled and its link is up.</summary>
    public bool IsUp => _isEnabled && _isLinkUp;

    /// <summary>Its addresses, tentative and duplicate ones too.</summary>
    public IReadOnlyList<InterfaceAddress> Addresses => AddressTable.List;

    /// <summary>Frames that were dropped, by reason.</summary>
    public LinkDrops Drops { get; } = new();

    /// <summary>Neighbour discovery messages that were dropped, by reason.</summary>
    public NdpDrops NdpDrops { get; } = new();

    /// <summary>Frames that came in, dropped ones too.</summary>
    public long FramesReceived { get; internal set; }

    /// <summary>Frames that were handed to the device, or came back by loopback.</summary>
    public long FramesSent { get; internal set; }

    /// <summary>How often another host was seen to use, or try for, one of our addresses.</summary>
    public long AddressConflicts { get; internal set; }

    /// <summary>Frames that wait for the device.</summary>
    public int QueuedFrames => _queue.Count;

    /// <summary>Called when an address came, changed its state, or went; null for nobody.</summary>
    public Action<InterfaceAddress>? AddressChanged { get; set; } // an event would need interlocked operations

    internal InterfaceOptions Options { get; }

    internal AddressTable AddressTable { get; }

    internal ArpProtocol Arp { get; }

    internal NeighbourDiscovery Ndp { get; }

    internal NeighbourTable Neighbours { get; }

    internal RedirectCache Redirects { get; } = new();

    /// <summary>Whether packets go to a neighbour's MAC address.</summary>
    internal bool HasNeighbours => LinkType == LinkType.Ethernet;

    /// <summary>Bytes of link header that <see cref="Output"/> fills in.</summary>
    internal int LinkHeaderLength => HasNeighbours ? EthernetHeader.Size : 0;

    /// <summary>The largest IPv6 packet, in bytes: a router may have said less than the link takes.</summary>
    internal int MtuV6 => Ipv6?.Mtu ?? Mtu;

    /// <summary>RetransTimer of RFC 4861, which a router may change.</summary>
    internal TimeSpan RetransTimer { get; set; }

    /// <summary>Frames that still fit into the queue.</summary>
    internal int Room => _queue.Room;

    internal Instant? NextDeadline =>
        Instant.Earliest(Instant.Earliest(Neighbours.NextDeadline, AddressTable.NextDeadline), Ipv6?.NextDeadline);

    /// <summary>Enables or disables the interface.</summary>
    public void SetEnabled(bool isEnabled, Instant now) => Change(isEnabled, _isLinkUp, now);

    /// <summary>Says whether the link can carry frames, as the device reports it.</summary>
    public void SetLink(bool isUp, Instant now) => Change(_isEnabled, isUp, now);

    /// <summary>The routers, prefixes and name servers that were advertised here; null where IPv6 does not configure itself.</summary>
    public Ipv6Autoconfiguration? Ipv6 { get; }

    /// <summary>DHCPv4 on this interface; null where it does not run.</summary>
    public DhcpService? Dhcp { get; internal set; }

    /// <summary>Adds an address with an on-link route to its prefix.</summary>
    /// <param name="address">A unicast address.</param>
    /// <param name="prefixLength">Bits of its prefix.</param>
    /// <param name="now">The present.</param>
    /// <param name="detectDuplicates">Whether it is tentative until nobody else turned out to have it; null for what the options say:
    /// IPv6 yes (RFC 4862), IPv4 by <see cref="NeighbourOptions.ProbeIpv4Addresses"/>.</param>
    /// <exception cref="ArgumentException">It is no unicast address, the interface has it already, or IPv6 does not fit the MTU.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The prefix length does not suit the family.</exception>
    public InterfaceAddress AddAddress(IpAddress address, int prefixLength, Instant now, bool? detectDuplicates = null)
    {
        if (address.IsNone || address.IsUnspecified || address.IsMulticast || address.IsLimitedBroadcast) throw new ArgumentException($"{address} is no unicast address.", nameof(address));
        if (address.IsV6 && Mtu < MinIpv6Mtu) throw new ArgumentException($"IPv6 needs an MTU of {MinIpv6Mtu}, {Name} has {Mtu}.", nameof(address));
        if (AddressTable.Find(address) is not null) throw new ArgumentException($"{Name} has {address} already.", nameof(address));
        bool byOptions = address.IsV6 ? Options.Ipv6.DuplicateAddressDetectTransmits > 0 : Stack.Options.Neighbours.ProbeIpv4Addresses;
        InterfaceAddress added = new(this, address, prefixLength, IsLoopback ? AddressOrigin.Loopback : AddressOrigin.Static) { HasPrefixRoute = true };
        AddressTable.Add(added, HasNeighbours && (detectDuplicates ?? byOptions), now);
        return added;
    }

    /// <summary>Removes an address; connections and sockets that are bound to it end.</summary>
    /// <returns>False when the interface does not have it.</returns>
    public bool RemoveAddress(IpAddress address, Instant now)
    {
        if (AddressTable.Find(address) is not { } found) return false;
        AddressTable.Remove(found, now);
        return true;
    }

    /// <summary>The neighbours that are known now.</summary>
    public IReadOnlyList<NeighbourInfo> ListNeighbours(Instant now) => Neighbours.List(now);

    /// <summary>Sets a neighbour's MAC address by hand: it is never asked for and never forgotten.</summary>
    /// <exception cref="InvalidOperationException">The table is full of such entries.</exception>
    public void SetNeighbour(IpAddress address, MacAddress mac, Instant now) => Neighbours.SetPermanent(address, mac, now);

    /// <summary>Forgets a neighbour; packets that wait for it are dropped.</summary>
    /// <returns>False when it is not known.</returns>
    public bool RemoveNeighbour(IpAddress address, Instant now) => Neighbours.Remove(address, now);

    /// <summary>The name, the addresses and whether it is up.</summary>
    public override string ToString() => $"{Index}: {Name} {(IsUp ? "up" : "down")} mtu {Mtu} [{string.Join(", ", Addresses)}]";

    /// <summary>Whether an IPv4 address is the broadcast address of one of the interface's subnets, or 255.255.255.255.</summary>
    internal bool IsBroadcast(IpAddress address)
    {
        if (!address.IsV4) return false;
        if (address.IsLimitedBroadcast) return true;
        foreach (InterfaceAddress own in AddressTable)
        {
            if (own.Prefix.Broadcast == address && own.Address != address) return true;
        }
        return false;
    }

    /// <summary>Whether an address is a neighbour on this link, as far as the routes say.</summary>
    internal bool IsOnLink(IpAddress address) =>
        (address.IsV6 && AddressScope.IsLinkLocal(address)) || Stack.Routes.Lookup(address, this) is { Gateway.IsNone: true, Interface: not null };

    internal void OnAddressChanged(InterfaceAddress address, Instant now)
    {
        Ipv6?.OnAddressChanged(address, now);
        AddressChanged?.Invoke(address);
    }

    internal void OnNeighbourReachability(IpAddress neighbour, bool isReachable)
    {
        Stack.Routes.SetGatewaySuspect(this, neighbour, !isReachable);
        if (!isReachable) Redirects.RemoveTarget(neighbour);
    }

    internal void OnDeadline(Instant now)
    {
        AddressTable.OnDeadline(now);
        Neighbours.OnDeadline(now);
        Ipv6?.OnDeadline(now);
    }

    /// <summary>What happens first when a stack gets the interface.</summary>
    internal void Begin(Instant now)
    {
        SetGroup(AddressScope.AllHosts, isMember: true); // every host is in these, and nobody is told (RFC 3376 section 5, RFC 3810 section 6)
        SetGroup(AddressScope.AllNodes, isMember: true);
        if (Stack.IsForwarding) Stack.Multicast.Join(this, Index, AddressScope.AllRouters, now);
        if (IsUp) Ipv6?.OnUp(now);
    }

    private void Change(bool isEnabled, bool isLinkUp, Instant now)
    {
        bool wasUp = IsUp;
        _isEnabled = isEnabled;
        _isLinkUp = isLinkUp;
        if (wasUp == IsUp) return;
        if (IsUp)
        {
            AddressTable.RestartDetection(now);
            Stack.Multicast.OnLinkUp(Index, now);
            Ipv6?.OnUp(now);
            return;
        }
        _queue.Clear();
        Ipv6?.OnDown();
        AddressTable.StopDetection();
        Neighbours.Clear(now);
        Redirects.Clear();
    }
}
