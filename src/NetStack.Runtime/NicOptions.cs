using System.Globalization;
using NetStack.Dhcp;
using NetStack.Routing;

namespace NetStack;

/// <summary>How a host uses a NIC. Read once, when the host starts.</summary>
public sealed class NicOptions
{
    private readonly List<(IpAddress Address, int PrefixLength)> _addresses = [];
    private readonly List<IpAddress> _gateways = [];

    /// <summary>The interface's name in the stack; null takes the NIC's.</summary>
    public string? Name { get; set; }

    /// <summary>The largest IP packet, in bytes, at most the NIC's; null takes the NIC's.</summary>
    public int? Mtu { get; set; }

    /// <summary>What is copied of received frames (docs/trust.md). The stack copies each payload byte once, into the connection's own
    /// memory, whatever the strategy; a strategy of one's own may drop frames.</summary>
    public ICopyStrategy Copy { get; set; } = CopyStrategy.CopyHeaders;

    /// <summary>What is believed of the device; nothing by default.</summary>
    public Trust Trust { get; set; }

    /// <summary>Whether the device is believed when it says that a received checksum is right, so that payload is not summed. A
    /// device that is not trusted with data must not be.</summary>
    public bool TrustsReceiveChecksum { get; set; }

    /// <summary>Whether an address, routes and DNS servers are asked for by DHCP (RFC 2131); see
    /// <see cref="NetStackHost.WaitForLeasesAsync"/>.</summary>
    public bool Dhcp { get; set; }

    /// <summary>How it is asked for; the host's name is told where this names none.</summary>
    public DhcpOptions DhcpOptions { get; } = new();

    /// <summary>Receive buffers for each queue of the NIC, at least 1.</summary>
    public int ReceiveBuffers { get; set; } = 512;

    /// <summary>Bytes in a receive buffer; a longer frame takes several where the NIC can, else it is dropped and counted.</summary>
    public int ReceiveBufferSize { get; set; } = 2048;

    /// <summary>How IPv6 configures itself.</summary>
    public Ipv6InterfaceOptions Ipv6 { get; } = new();

    private ClientTerms OwnTerms => new(Copy, Trust, "own");

    internal IReadOnlyList<(IpAddress Address, int PrefixLength)> Addresses => _addresses;

    internal IReadOnlyList<IpAddress> Gateways => _gateways;

    /// <summary>What is copied and what is believed, in one line for logs; where the NIC is a client's share of another
    /// (<see cref="IClientNic"/>), its own terms are in force.</summary>
    public override string ToString() => OwnTerms.ToString();

    /// <summary>Adds an address.</summary>
    /// <param name="cidr">An address and its prefix length, <c>10.0.0.2/24</c> or <c>2001:db8::2/64</c>.</param>
    /// <exception cref="FormatException">It is not of this form.</exception>
    public NicOptions Address(string cidr)
    {
        ArgumentNullException.ThrowIfNull(cidr);
        int slash = cidr.LastIndexOf('/');
        if (slash < 0 || !IpAddress.TryParse(cidr[..slash], out IpAddress address) || !int.TryParse(cidr[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > address.Size * 8)
            throw new FormatException($"'{cidr}' is no address with a prefix length, such as 10.0.0.2/24.");
        _addresses.Add((address, length));
        return this;
    }

    /// <summary>Adds a default route.</summary>
    /// <param name="address">The router's address, in a network of this interface.</param>
    /// <exception cref="FormatException">It is no address.</exception>
    public NicOptions Gateway(string address)
    {
        if (!IpAddress.TryParse(address, out IpAddress gateway)) throw new FormatException($"'{address}' is no address of a router.");
        _gateways.Add(gateway);
        return this;
    }

    /// <summary>On what terms a host gets the frames of a NIC: the NIC's own where it is a client's share of another.</summary>
    internal ClientTerms TermsOn(INic nic)
    {
        while (nic is INicDecorator decorator) nic = decorator.Inner;
        return nic is IClientNic share ? share.Terms : OwnTerms;
    }

    internal InterfaceOptions ToInterfaceOptions(INic nic)
    {
        NicInfo info = nic.Info;
        InterfaceOptions options = new()
        {
            Name = Name ?? info.Name,
            LinkType = info.LinkType,
            Mac = info.Mac,
            Mtu = Math.Min(Mtu ?? info.Mtu, info.Mtu),
            TransmitChecksum = info.Capabilities.HasFlag(NicCapabilities.TransmitChecksum),
            MaxSegmentationBytes = info.Capabilities.HasFlag(NicCapabilities.SegmentationOffload) ? 65_535 : 0,
            TrustsReceiveChecksum = TrustsReceiveChecksum,
        };
        options.Ipv6.LinkLocal = Ipv6.LinkLocal;
        options.Ipv6.StablePrivacy = Ipv6.StablePrivacy;
        options.Ipv6.AcceptRouterAdvertisements = Ipv6.AcceptRouterAdvertisements;
        options.Ipv6.Autoconfigure = Ipv6.Autoconfigure;
        options.Ipv6.TemporaryAddresses = Ipv6.TemporaryAddresses;
        options.Ipv6.AcceptRedirects = Ipv6.AcceptRedirects;
        options.Ipv6.DuplicateAddressDetectTransmits = Ipv6.DuplicateAddressDetectTransmits;
        return options;
    }

    internal void Apply(NetInterface nic, RouteTable routes, Instant now)
    {
        foreach ((IpAddress address, int length) in _addresses) nic.AddAddress(address, length, now);
        foreach (IpAddress gateway in _gateways) routes.Add(new Route(gateway.IsV4 ? IpPrefix.DefaultV4 : IpPrefix.DefaultV6) { Gateway = gateway, Interface = nic });
    }
}
