using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>Where an address came from.</summary>
public enum AddressOrigin
{
    /// <summary>Added by the stack's owner.</summary>
    Static,

    /// <summary>127.0.0.1 or ::1.</summary>
    Loopback,

    /// <summary>The link-local address an interface gave itself.</summary>
    LinkLocal,

    /// <summary>Made from an advertised prefix (RFC 4862).</summary>
    Autoconfigured,

    /// <summary>Made from an advertised prefix, to be replaced after a while (RFC 8981).</summary>
    Temporary,

    /// <summary>Leased by a DHCP server (RFC 2131).</summary>
    Dhcp,
}

/// <summary>What an address may be used for (RFC 4862 section 5.5.4).</summary>
public enum AddressState
{
    /// <summary>Not yet known to be unique: nothing is sent from it or received for it.</summary>
    Tentative,

    /// <summary>In use.</summary>
    Preferred,

    /// <summary>Still valid, but not chosen for new communication if there is another.</summary>
    Deprecated,

    /// <summary>Another host has it: not used.</summary>
    Duplicate,

    /// <summary>No longer an address of the interface.</summary>
    Removed,
}

/// <summary>An address of an interface. Thread rule of <see cref="NetworkStack"/>.</summary>
public sealed class InterfaceAddress
{
    internal InterfaceAddress(NetInterface nic, IpAddress address, int prefixLength, AddressOrigin origin)
    {
        Interface = nic;
        Address = address;
        Prefix = new IpPrefix(address, prefixLength);
        Origin = origin;
    }

    /// <summary>The interface it belongs to.</summary>
    public NetInterface Interface { get; }

    /// <summary>The address.</summary>
    public IpAddress Address { get; }

    /// <summary>The prefix it was given with.</summary>
    public IpPrefix Prefix { get; }

    /// <summary>Where it came from.</summary>
    public AddressOrigin Origin { get; }

    /// <summary>What it may be used for now.</summary>
    public AddressState State { get; internal set; }

    /// <summary>When it becomes deprecated; <see cref="Instant.MaxValue"/> for never.</summary>
    public Instant PreferredUntil { get; internal set; } = Instant.MaxValue;

    /// <summary>When it goes; <see cref="Instant.MaxValue"/> for never.</summary>
    public Instant ValidUntil { get; internal set; } = Instant.MaxValue;

    /// <summary>Whether packets may carry it.</summary>
    public bool IsUsable => State is AddressState.Preferred or AddressState.Deprecated;

    /// <summary>Whether an on-link route to the prefix stands and falls with the address.</summary>
    internal bool HasPrefixRoute { get; init; }

    /// <summary>The router whose advertisement gave the prefix, for rule 5.5 of RFC 6724; none for others.</summary>
    internal IpAddress AdvertisedBy { get; set; }

    /// <summary>DAD_Counter of RFC 7217, or tries so far of a temporary address.</summary>
    internal int Attempt { get; init; }

    /// <summary>The ends of a temporary address that no advertisement moves it past.</summary>
    internal (Instant Preferred, Instant Valid) Limit { get; init; }

    /// <summary>Whether a temporary address has had its successor made.</summary>
    internal bool IsSucceeded { get; set; }

    /// <summary>How far duplicate detection and announcing are.</summary>
    internal AddressDetection Detection;

    /// <summary><c>address/bits state</c>.</summary>
    public override string ToString() => $"{Address}/{Prefix.Length} {State}";
}
