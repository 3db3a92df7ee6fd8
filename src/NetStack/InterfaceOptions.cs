using NetStack.Wire;

namespace NetStack;

/// <summary>What a network interface is, as its driver knows it. Read once, by <see cref="NetworkStack.AddInterface"/>.</summary>
public sealed class InterfaceOptions
{
    /// <summary>A name for people and logs; also the Net_Iface of stable addresses (RFC 7217).</summary>
    public string Name { get; set; } = "eth0";

    /// <summary>How frames begin: <see cref="LinkType.Ethernet"/> or <see cref="LinkType.Raw"/> (IP without a link header).</summary>
    public LinkType LinkType { get; set; } = LinkType.Ethernet;

    /// <summary>The interface's own MAC address; unused on a raw link.</summary>
    public MacAddress Mac { get; set; }

    /// <summary>The largest IP packet the link carries, in bytes, 68 to 65,535. IPv6 needs 1,280.</summary>
    public int Mtu { get; set; } = 1500;

    /// <summary>Whether the device fills in a transport checksum when asked (<see cref="Memory.TransmitOffload"/>).</summary>
    public bool TransmitChecksum { get; set; }

    /// <summary>The longest TCP super-segment the device cuts itself, in bytes with all headers (TSO); 0 when it cuts none, and the
    /// stack does.</summary>
    public int MaxSegmentationBytes { get; set; }

    /// <summary>Whether the device is believed when it says that a received checksum is right. A device that is not trusted with data
    /// must not be (docs/trust.md).</summary>
    public bool TrustsReceiveChecksum { get; set; }

    /// <summary>Whether the link can carry frames from the start; see <see cref="NetInterface.SetLink"/>.</summary>
    public bool IsLinkUp { get; set; } = true;

    /// <summary>How IPv6 configures itself here.</summary>
    public Ipv6InterfaceOptions Ipv6 { get; } = new();

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name, nameof(Name));
        if (LinkType is not (LinkType.Ethernet or LinkType.Raw)) throw new ArgumentException($"An interface is Ethernet or raw IP, not {LinkType}.", nameof(LinkType));
        if (LinkType == LinkType.Ethernet && (Mac.IsMulticast || Mac.Value == 0)) throw new ArgumentException($"{Mac} is no address of an interface.", nameof(Mac));
        ArgumentOutOfRangeException.ThrowIfLessThan(Mtu, 68, nameof(Mtu));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Mtu, ushort.MaxValue, nameof(Mtu));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSegmentationBytes, nameof(MaxSegmentationBytes));
    }
}

/// <summary>How IPv6 configures itself on an interface.</summary>
public sealed class Ipv6InterfaceOptions
{
    /// <summary>Whether the interface gives itself a link-local address. Without one IPv6 works with added addresses only.</summary>
    public bool LinkLocal { get; set; } = true;

    /// <summary>Whether interface identifiers are RFC 7217's stable, opaque ones; otherwise they are made from the MAC (EUI-64).</summary>
    public bool StablePrivacy { get; set; } = true;

    /// <summary>Whether router advertisements are asked for and obeyed. A forwarding stack obeys none.</summary>
    public bool AcceptRouterAdvertisements { get; set; } = true;

    /// <summary>Whether prefixes with the A flag give addresses (RFC 4862).</summary>
    public bool Autoconfigure { get; set; } = true;

    /// <summary>Whether temporary addresses are made as well (RFC 8981).</summary>
    public bool TemporaryAddresses { get; set; }

    /// <summary>Whether redirects of the first-hop router are obeyed (RFC 4861 section 8).</summary>
    public bool AcceptRedirects { get; set; } = true;

    /// <summary>DupAddrDetectTransmits: solicitations before an address counts as unique (RFC 4862 section 5.1); 0 for no detection.</summary>
    public int DuplicateAddressDetectTransmits { get; set; } = 1;
}
