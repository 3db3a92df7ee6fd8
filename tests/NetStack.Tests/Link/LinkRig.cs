using NetStack.Memory;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Link;

/// <summary>
/// One stack, 10.0.0.1/24 and fd00::1/64 on eth0, and a hand that writes frames on the same hub as <see cref="Packets.Peer"/>. UDP is
/// replaced by a recorder.
/// </summary>
internal sealed class LinkRig : ITransport
{
    internal const string OwnV4 = "10.0.0.1";
    internal const string OwnV6 = "fd00::1";

    private readonly HubPort _hand;

    internal LinkRig(ulong seed = 1, Action<StackOptions>? configure = null, Action<InterfaceOptions>? configureInterface = null, bool addresses = true, bool plug = true)
    {
        World = new World(seed);
        Hub = World.Hub();
        Host = World.Host("host", configure);
        Host.Stack.Ip.Register(IpProtocol.Udp, this);
        _hand = Hub.Attach("hand");
        if (!plug) return;
        Host.Plug(Hub, configureInterface ?? Quiet);
        if (!addresses) return;
        Nic.AddAddress(IpAddress.Parse(OwnV4), 24, World.Now);
        Nic.AddAddress(IpAddress.Parse(OwnV6), 64, World.Now, detectDuplicates: false);
        World.Run(TimeSpan.FromSeconds(5)); // the announcements
        Hub.Log.Clear();
    }

    internal World World { get; }

    internal Hub Hub { get; }

    internal StackHost Host { get; }

    internal NetworkStack Stack => Host.Stack;

    internal NetInterface Nic => Host.Nic;

    internal Instant Now => World.Now;

    /// <summary>What the stack sent since it was last asked, oldest first.</summary>
    internal List<byte[]> Sent
    {
        get
        {
            Run(TimeSpan.Zero);
            List<byte[]> sent = [.. Hub.Log.Where(f => f.From != "hand" && !Packets.IsMembershipReport(f.Bytes)).Select(f => f.Bytes)];
            Hub.Log.Clear();
            return sent;
        }
    }

    /// <summary>UDP datagrams that came up: their sources.</summary>
    internal List<IpAddress> Delivered { get; } = [];

    /// <summary>Destinations of packets whose neighbour did not answer.</summary>
    internal List<IpAddress> Unresolved { get; } = [];

    internal List<IpAddress> Removed { get; } = [];

    /// <summary>An interface that says nothing by itself.</summary>
    internal static void Quiet(InterfaceOptions options)
    {
        options.Ipv6.LinkLocal = false;
        options.Ipv6.AcceptRouterAdvertisements = false;
    }

    internal void Run(TimeSpan time) => World.Run(time);

    /// <summary>Puts a frame on the hub and lets it arrive.</summary>
    internal void Hand(byte[] frame)
    {
        _hand.Send(frame, Now);
        World.Run(Hub.Impairment.Delay);
    }

    /// <summary>Sends an IP packet with a body of one byte, <paramref name="mark"/>, to a neighbour.</summary>
    internal SendOutcome Output(string nextHop, byte mark = 0)
    {
        IpAddress to = IpAddress.Parse(nextHop);
        TransmitFrame frame = default;
        frame.Headers.Append(Nic.LinkHeaderLength);
        if (to.IsV4) new Ipv4Header(IpAddress.Parse(OwnV4), to, IpProtocol.Udp, 21).Write(frame.Headers.Append(Ipv4Header.Size));
        else new Ipv6Header(IpAddress.Parse(OwnV6), to, IpProtocol.Udp, 1).Write(frame.Headers.Append(Ipv6Header.Size));
        Assert.True(Stack.TransmitBuffers.TryRent(out BufferHandle buffer));
        Stack.TransmitBuffers.Write(buffer, 0, [mark]);
        frame.Body = new PacketBody(new BodySlice(Stack.TransmitBuffers, buffer, 0, 1));
        return Nic.Output(to, ref frame, to.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6, Now);
    }

    internal NeighbourState? StateOf(string neighbour) => Nic.Neighbours.StateOf(IpAddress.Parse(neighbour), Now);

    internal MacAddress MacOf(string neighbour) => Nic.ListNeighbours(Now).Single(n => n.Address == IpAddress.Parse(neighbour)).Mac;

    TransportVerdict ITransport.Receive(in InboundDatagram datagram, Instant now)
    {
        Delivered.Add(datagram.Source);
        return TransportVerdict.Done;
    }

    void ITransport.OnError(in IcmpErrorReport error, Instant now)
    {
        Assert.Equal(IcmpErrorKind.HostUnreachable, error.Kind);
        Unresolved.Add(error.Destination);
    }

    void ITransport.OnAddressRemoved(IpAddress address, Instant now) => Removed.Add(address);
}
