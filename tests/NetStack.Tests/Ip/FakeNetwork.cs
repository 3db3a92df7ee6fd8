using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

/// <summary>An interface that keeps what is sent.</summary>
internal sealed class FakeInterface(int index) : IIpInterface
{
    internal List<SentPacket> Sent { get; } = [];

    internal HashSet<IpAddress> Groups { get; } = [];

    internal FetchMeter Meter { get; } = new();

    /// <summary>Packets the queue still takes.</summary>
    internal int Room { get; set; } = int.MaxValue;

    /// <summary>Whether bodies are released at once and nothing is kept: for counting allocations.</summary>
    internal bool Discards { get; set; }

    public int Index => index;

    public bool IsUp { get; set; } = true;

    public bool IsLoopback { get; set; }

    public int Mtu { get; set; } = 1500;

    public int LinkHeaderLength { get; set; } = 14;

    public bool HasChecksumOffload { get; set; }

    public int MaxSegmentationBytes { get; set; }

    public void SetGroup(IpAddress group, bool isMember)
    {
        Assert.Equal(!isMember, Groups.Contains(group));
        if (isMember) Groups.Add(group);
        else Groups.Remove(group);
    }

    public SendOutcome Output(IpAddress nextHop, ref TransmitFrame frame, EtherType type, Instant now)
    {
        if (Room == 0)
        {
            frame.Body.Release();
            return SendOutcome.NoRoom;
        }
        Room--;
        if (!Discards)
        {
            byte[] bytes = new byte[frame.Length];
            frame.Headers.Bytes.CopyTo(bytes);
            Assert.True(bytes.AsSpan(0, LinkHeaderLength).IndexOfAnyExcept((byte)0) < 0, "The link header's room is not zero.");
            frame.Body.CopyTo(0, bytes.AsSpan(frame.Headers.Length), Meter);
            Sent.Add(new SentPacket(nextHop, type, bytes[LinkHeaderLength..], frame.Offload, now));
        }
        frame.Body.Release();
        return SendOutcome.Sent;
    }

    /// <summary>Takes the only packet that was sent since the last time.</summary>
    internal SentPacket TakeOne()
    {
        SentPacket packet = Assert.Single(Sent);
        Sent.Clear();
        return packet;
    }

    internal List<SentPacket> TakeAll()
    {
        List<SentPacket> all = [.. Sent];
        Sent.Clear();
        return all;
    }
}

/// <summary>A packet that was sent, from its IP header on.</summary>
internal sealed record SentPacket(IpAddress NextHop, EtherType Type, byte[] Bytes, TransmitOffload Offload, Instant At)
{
    internal Ipv4View V4
    {
        get
        {
            Assert.True(Ipv4View.TryRead(Bytes, out Ipv4View view));
            Assert.Equal(4, view.Version);
            Assert.True(view.IsChecksumRight);
            Assert.Equal(Bytes.Length, view.TotalLength);
            return view;
        }
    }

    internal Ipv6View V6
    {
        get
        {
            Assert.True(Ipv6View.TryRead(Bytes, out Ipv6View view));
            Assert.Equal(6, view.Version);
            Assert.Equal(Bytes.Length - 40, view.PayloadLength);
            return view;
        }
    }

    /// <summary>What follows the IP header, which has no extension.</summary>
    internal byte[] Payload => Bytes[(Bytes[0] >> 4 == 4 ? (Bytes[0] & 15) * 4 : 40)..];
}

/// <summary>Addresses and routes that a test sets.</summary>
internal sealed class FakeTables : IIpTables
{
    internal List<FakeInterface> Interfaces { get; } = [];

    internal Dictionary<IpAddress, int> Addresses { get; } = [];

    internal HashSet<IpAddress> Broadcasts { get; } = [];

    internal int Forwarded { get; private set; }

    internal bool HasRoute { get; set; } = true;

    public IIpInterface? InterfaceAt(int index) => index >= 1 && index <= Interfaces.Count ? Interfaces[index - 1] : null;

    public AddressClass Classify(IIpInterface nic, IpAddress address) =>
        Addresses.ContainsKey(address) || (nic.IsLoopback && AddressScope.IsLoopback(address)) ? AddressClass.Ours
        : Broadcasts.Contains(address) || address.IsLimitedBroadcast ? AddressClass.Broadcast : AddressClass.NotOurs;

    public bool IsLocalAddress(IpAddress address) => Addresses.ContainsKey(address);

    public bool TryRoute(IpAddress destination, IpAddress source, int? boundInterface, out IpRoute route)
    {
        route = default;
        FakeInterface? nic = InterfaceAt(boundInterface ?? 1) as FakeInterface;
        if (!HasRoute || nic is null) return false;
        if (source.IsNone) source = Pick(destination, nic.Index);
        else if (!source.IsUnspecified && !Addresses.ContainsKey(source)) source = default;
        route = new IpRoute(nic, destination, source);
        return true;
    }

    private IpAddress Pick(IpAddress destination, int nic)
    {
        bool wantsLinkLocal = Martians.IsLinkLocalV6(destination) || (destination.IsV6 && destination.IsMulticast);
        IpAddress any = default;
        foreach ((IpAddress address, int on) in Addresses)
        {
            if (on != nic || address.IsV4 != destination.IsV4) continue;
            if (wantsLinkLocal == Martians.IsLinkLocalV6(address)) return address;
            any = address;
        }
        return any;
    }

    public void Forward(IIpInterface nic, in InboundFrame frame, int networkOffset, in InboundDatagram datagram, Instant now) => Forwarded++;

    public void ConfirmReachable(IpAddress destination, Instant now)
    {
    }
}
