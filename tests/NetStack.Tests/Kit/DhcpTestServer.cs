using NetStack.Tests.Dhcp;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>A small DHCP server on a host of its own: an address for each hardware address, from .100 of the host's first prefix on.</summary>
internal sealed class DhcpTestServer : IStackPart
{
    private readonly UdpSocket _socket;
    private readonly IpAddress _own;
    private readonly Dictionary<MacAddress, IpAddress> _leases = [];
    private readonly HashSet<IpAddress> _declined = [];
    private readonly byte[] _buffer = new byte[1500];
    private uint _next = 100;

    internal DhcpTestServer(StackHost host)
    {
        _own = host.Nic.Addresses.First(a => a.Address.IsV4).Address;
        _socket = host.Stack.Udp.Open(UdpFamily.V4);
        _socket.Broadcast = true;
        _socket.Owner = static _ => { };
        Assert.Equal(UdpBindResult.Success, _socket.Bind(new UdpEndpoint(default, Dhcpv4View.ServerPort), host.Nic.Index));
        host.Stack.AddPart(this);
    }

    internal uint LeaseSeconds { get; set; } = 3600;

    /// <summary>What is told beside lease time and mask.</summary>
    internal SimpleOptions? Options { get; set; }

    internal bool IsSilent { get; set; }

    /// <summary>Whether requests for addresses it does not know are refused, as by a server that rules its link.</summary>
    internal bool Refuses { get; set; }

    /// <summary>What it was sent.</summary>
    internal List<SentMessage> Heard { get; } = [];

    internal IEnumerable<Dhcpv4MessageType> Types => Heard.Select(h => h.Type);

    Instant? IStackPart.NextDeadline => _socket.Count > 0 ? Instant.Zero : null;

    void IStackPart.OnDeadline(Instant now)
    {
        while (_socket.TryReceive(_buffer, out UdpDatagramInfo info))
        {
            SentMessage message = new(_buffer[..info.Length], info.From.Address, info.To.Address, now);
            Heard.Add(message);
            if (!IsSilent) Answer(message, now);
        }
    }

    bool IStackPart.TransmitOne(Instant now) => false;

    internal void Forget() => _leases.Clear();

    private void Answer(SentMessage message, Instant now)
    {
        MacAddress mac = message.Header.Mac;
        switch (message.Type)
        {
            case Dhcpv4MessageType.Discover:
                Reply(Dhcpv4MessageType.Offer, message, _leases.TryGetValue(mac, out IpAddress had) ? had : Free(), now);
                break;
            case Dhcpv4MessageType.Request:
                IpAddress server = message.AddressOf(Dhcpv4Option.ServerIdentifier);
                if (!server.IsNone && server != _own) break;
                IpAddress wanted = message.AddressOf(Dhcpv4Option.RequestedAddress);
                if (wanted.IsNone) wanted = message.Header.ClientAddress;
                if (server == _own) _leases[mac] = wanted;
                if (_leases.TryGetValue(mac, out IpAddress leased) && leased == wanted) Reply(Dhcpv4MessageType.Ack, message, leased, now);
                else if (Refuses) Reply(Dhcpv4MessageType.Nak, message, IpAddress.V4(0), now);
                break;
            case Dhcpv4MessageType.Decline:
                _declined.Add(message.AddressOf(Dhcpv4Option.RequestedAddress));
                _leases.Remove(mac);
                break;
            case Dhcpv4MessageType.Release:
                _leases.Remove(mac);
                break;
        }
    }

    private IpAddress Free()
    {
        IpAddress address;
        do address = IpAddress.V4((uint)_own.Value & 0xFFFF_FF00 | _next++ & 0xFF);
        while (_declined.Contains(address) || _leases.ContainsValue(address));
        return address;
    }

    private void Reply(Dhcpv4MessageType type, SentMessage request, IpAddress address, Instant now)
    {
        byte[] reply = DhcpDialogue.Reply(type, request, address, _own, type == Dhcpv4MessageType.Nak ? null : o =>
        {
            o.AddNumber(Dhcpv4Option.LeaseTime, LeaseSeconds);
            o.AddNumber(Dhcpv4Option.SubnetMask, 0xFFFF_FF00);
            Options?.Invoke(o);
        });
        // RFC 2131 section 4.1: to everybody where the client asks for it or has no address
        bool isBroadcast = type == Dhcpv4MessageType.Nak || request.Header.IsBroadcast || request.Header.ClientAddress.IsUnspecified;
        _socket.Send(new UdpEndpoint(isBroadcast ? IpAddress.V4(uint.MaxValue) : request.Header.ClientAddress, Dhcpv4View.ClientPort), reply, default, now);
    }
}
