using System.Net;
using NetStack.Testing;

namespace NetStack;

/// <remarks>Building.</remarks>
public sealed partial class VirtualNetwork
{
    private ulong _lastMac = 0x02_00_00_00_00_00;

    /// <summary>Adds two hosts on a cable of their own.</summary>
    /// <param name="first">The name of the first, by which others reach it.</param>
    /// <param name="second">The name of the second.</param>
    /// <param name="latency">How long a frame travels, one way; null for what <paramref name="link"/> says, or else 1 ms.</param>
    /// <param name="loss">The share of frames that are lost each way, 0 to 1; 0 for what <paramref name="link"/> says.</param>
    /// <param name="link">What else happens to frames, each way.</param>
    /// <param name="configure">Builds each host differently; gets its name.</param>
    public (NetStackHost First, NetStackHost Second) AddPair(
        string first, string second, TimeSpan? latency = null, double loss = 0, Impairment? link = null, Action<string, VirtualHostOptions>? configure = null)
    {
        Impairment impairment = link ?? new Impairment { Delay = TimeSpan.FromMilliseconds(1) };
        if (latency is { } delay) impairment = impairment with { Delay = delay };
        if (loss != 0) impairment = impairment with { Loss = loss };
        CheckName(first);
        CheckName(second);
        NetworkSegment cable = AddSegment($"{first}-{second}", @switch: null);
        NetworkHost a = AddHost(first, HostKind.Host, [cable], impairment, o => configure?.Invoke(first, o));
        NetworkHost b = AddHost(second, HostKind.Host, [cable], impairment, o => configure?.Invoke(second, o));
        return (a.Host, b.Host);
    }

    /// <summary>Adds a switch: a network that hosts, routers and NATs are put into.</summary>
    /// <param name="name">Its name.</param>
    public NetworkSegment AddSwitch(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_segments.Exists(s => s.Name == name)) throw new ArgumentException($"There is a network '{name}' already.", nameof(name));
        return AddSegment(name, new VirtualSwitch());
    }

    /// <summary>Adds a host.</summary>
    /// <param name="name">Its name, by which others reach it.</param>
    /// <param name="on">The network it is in.</param>
    /// <param name="link">What its link to the switch does, each way; null for a perfect one without delay.</param>
    /// <param name="configure">Builds it differently.</param>
    public NetStackHost AddHost(string name, NetworkSegment on, Impairment? link = null, Action<VirtualHostOptions>? configure = null) =>
        AddHost(name, HostKind.Host, [on], link ?? new Impairment(), configure).Host;

    /// <summary>Adds a router: a host that passes packets on between its networks. Every host gets routes to every network that routers join.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="networks">The networks it joins, two or more.</param>
    public NetStackHost AddRouter(string name, params NetworkSegment[] networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        if (networks.Length < 2) throw new ArgumentException("A router joins two networks or more.", nameof(networks));
        return AddHost(name, HostKind.Router, networks, new Impairment(), null).Host;
    }

    /// <summary>Adds a NAT: a router behind whose one address the inner network hides.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="inside">The network that is hidden.</param>
    /// <param name="outside">The network in which its address is.</param>
    /// <param name="options">How it translates; null for the defaults.</param>
    public NetworkNat AddNat(string name, NetworkSegment inside, NetworkSegment outside, NatOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(inside);
        ArgumentNullException.ThrowIfNull(outside);
        NetworkHost host = AddHost(name, HostKind.Nat, [inside, outside], new Impairment(), null);
        NetworkNat nat = new(this, host, options ?? new NatOptions());
        _nats.Add(nat);
        using (Loop.Enter()) host.Attachments[1].Gate.Nat = nat;
        return nat;
    }

    /// <summary>Gives a host one more name.</summary>
    public void AddName(string name, NetStackHost host)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        SetName(name, [.. EntryOf(host).Addresses]);
    }

    /// <summary>Gives addresses a name, whoever has them.</summary>
    public void AddName(string name, params IPAddress[] addresses)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(addresses);
        SetName(name, [.. addresses.Select(IpAddress.From)]);
    }

    /// <summary>The first address of a host.</summary>
    public IPAddress AddressOf(NetStackHost host) => EntryOf(host).Addresses.First().ToIPAddress();

    /// <summary>The cable between two hosts of a pair.</summary>
    /// <exception cref="ArgumentException">They have no cable of their own.</exception>
    public NetworkLink Link(NetStackHost a, NetStackHost b)
    {
        NetworkHost first = EntryOf(a);
        NetworkHost second = EntryOf(b);
        return _links.Find(l => (l.A == first && l.B == second) || (l.A == second && l.B == first))
            ?? throw new ArgumentException($"{first.Name} and {second.Name} have no cable of their own: name a host and its network, or use Flow for what passes between the two.");
    }

    /// <summary>The link of a host to the network it is in.</summary>
    /// <param name="host">The host.</param>
    /// <param name="network">The network; null where the host is in one only.</param>
    /// <exception cref="ArgumentException">It is not there, or in several and none was named.</exception>
    public NetworkLink Link(NetStackHost host, NetworkSegment? network = null)
    {
        NetworkHost entry = EntryOf(host);
        List<Attachment> attached = entry.Attachments.FindAll(a => network is null || a.Segment == network);
        if (attached.Count != 1) throw new ArgumentException($"{entry.Name} has {attached.Count} links{(network is null ? "" : $" to {network.Name}")}.", nameof(network));
        return attached[0].Link!;
    }

    private NetworkSegment AddSegment(string name, VirtualSwitch? @switch)
    {
        using (Loop.Enter())
        {
            NetworkSegment segment = new(name, _segments.Count + 1, @switch);
            _segments.Add(segment);
            return segment;
        }
    }

    private void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_hosts.ContainsKey(name)) throw new ArgumentException($"There is a host '{name}' already.", nameof(name));
    }

    private NetworkHost AddHost(string name, HostKind kind, NetworkSegment[] networks, Impairment impairment, Action<VirtualHostOptions>? configure)
    {
        CheckName(name);
        VirtualHostOptions options = new();
        configure?.Invoke(options);
        NetStackHostBuilder builder = NetStackHost.CreateBuilder().UseLoop(Loop).Configure(o =>
        {
            o.Name = name;
            o.Seed = SeedOf($"host {name}");
            o.Dns.HostsOnly = true;
            foreach ((string known, IpAddress[] addresses) in _names) o.Dns.Hosts[known] = addresses;
            if (kind != HostKind.Host) o.Stack.Protocols = o.Stack.Protocols with { Ip = o.Stack.Protocols.Ip with { Forwarding = true } };
            o.PassThrough = kind != HostKind.Host; // a router sends from what it received into
            options.Host?.Invoke(o);
        });
        NetworkHost host = new(name, kind, builder.Options.Dns.Hosts);
        using (Loop.Enter())
        {
            foreach (NetworkSegment segment in networks) Attach(host, segment, impairment, builder, options);
            host.Host = builder.StartAsync().GetAwaiter().GetResult(); // on a given loop it starts at once
            for (int i = 0; i < host.Attachments.Count; i++) host.Attachments[i].Interface = host.Host.Driver.Attachments[i].Interface;
            _hosts.Add(name, host);
            _hostList.Add(host);
            foreach (IpAddress address in host.Addresses) _owners[address] = host;
            SetName(name, [.. host.Addresses]);
            StaticRoutes.Update(this);
            host.Host.Driver.Poll(Loop.Now); // its NICs have buffers before a link brings the first frame
        }
        return host;
    }

    /// <summary>Builds a NIC, its address, and its link. The gate is held.</summary>
    private void Attach(NetworkHost host, NetworkSegment segment, Impairment impairment, NetStackHostBuilder builder, VirtualHostOptions options)
    {
        string nicName = $"{host.Name}{(host.Attachments.Count == 0 ? "" : $".{host.Attachments.Count}")}";
        VirtualNicOptions device = new() { Name = nicName, Mac = new MacAddress(++_lastMac), Seed = SeedOf($"nic {nicName}") };
        VirtualNic nic = new(options.Device?.Invoke(device) ?? device);
        Attachment attachment = new(host, segment, nic, segment.Take(host.Attachments.Count == 0 ? options.Address : null, _options.Ipv6));
        attachment.Gate = new NicGate(this, attachment);
        host.Attachments.Add(attachment);
        segment.Attachments.Add(attachment);
        Wire(attachment, impairment);
        builder.AddNic(options.Decorate?.Invoke(nic) ?? nic, o =>
        {
            o.Name = nicName;
            o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false;
            o.Ipv6.DuplicateAddressDetectTransmits = 0;
            foreach (IpAddress address in attachment.Addresses) o.Address($"{address}/{(address.IsV4 ? NetworkSegment.PrefixLength : NetworkSegment.PrefixLengthV6)}");
            options.Nic?.Invoke(o);
        });
    }

    /// <summary>Lays a link: to the switch, or to the other end of the cable once it is there.</summary>
    private void Wire(Attachment attachment, Impairment impairment)
    {
        NetworkSegment segment = attachment.Segment;
        if (segment.Switch is { } hub)
        {
            VirtualLink link = new(impairment, seed: SeedOf($"link {attachment.Host.Name} {segment.Name}"));
            link.Connect(attachment.Gate.Incoming, hub.AddPort(link.B));
            attachment.Gate.Attach(link.A);
            AddLink(new NetworkLink(this, link, attachment, null));
            return;
        }
        if (segment.Attachments is not [Attachment first, _]) return;
        VirtualLink cable = new(impairment, seed: SeedOf($"link {segment.Name}"));
        cable.Connect(first.Gate.Incoming, attachment.Gate.Incoming);
        first.Gate.Attach(cable.A);
        attachment.Gate.Attach(cable.B);
        AddLink(new NetworkLink(this, cable, first, attachment));
    }

    private void AddLink(NetworkLink link)
    {
        _links.Add(link);
        Loop.Add(link.Wire);
    }

    private void SetName(string name, IpAddress[] addresses)
    {
        using (Loop.Enter())
        {
            _names[name] = addresses;
            foreach (NetworkHost host in _hostList) host.NameTable[name] = addresses;
        }
    }
}
