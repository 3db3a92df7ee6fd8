namespace NetStack.Testing;

/// <summary>What a host does with packets for others.</summary>
internal enum HostKind
{
    /// <summary>Drops them.</summary>
    Host,

    /// <summary>Passes them on.</summary>
    Router,

    /// <summary>Passes them on under an address of its own.</summary>
    Nat,
}

/// <summary>A host with what the network knows of it.</summary>
internal sealed class NetworkHost(string name, HostKind kind, IDictionary<string, IpAddress[]> nameTable)
{
    internal string Name { get; } = name;

    internal HostKind Kind { get; } = kind;

    internal NetStackHost Host { get; set; } = null!;

    internal List<Attachment> Attachments { get; } = [];

    /// <summary>The names that its resolver knows.</summary>
    internal IDictionary<string, IpAddress[]> NameTable { get; } = nameTable;

    /// <summary>Routes that <see cref="StaticRoutes"/> gave it.</summary>
    internal List<Routing.Route> Routes { get; } = [];

    internal IEnumerable<IpAddress> Addresses => Attachments.SelectMany(a => a.Addresses);

    internal bool Owns(IpAddress address)
    {
        foreach (Attachment attachment in Attachments)
        {
            if (Array.IndexOf(attachment.Addresses, address) >= 0) return true;
        }
        return false;
    }
}

/// <summary>A host in a network, by a NIC.</summary>
internal sealed class Attachment(NetworkHost host, NetworkSegment segment, VirtualNic nic, IpAddress[] addresses)
{
    internal NetworkHost Host { get; } = host;

    internal NetworkSegment Segment { get; } = segment;

    internal VirtualNic Nic { get; } = nic;

    /// <summary>Its addresses there, IPv4 first.</summary>
    internal IpAddress[] Addresses { get; } = addresses;

    internal NicGate Gate { get; set; } = null!;

    internal NetworkLink? Link { get; set; }

    internal NetInterface Interface { get; set; } = null!;
}
