using NetStack.Icmp;
using NetStack.Memory;
using NetStack.Multicast;
using NetStack.Raw;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>Settings of IP and what speaks through it, but TCP.</summary>
public sealed record IpSuiteOptions
{
    /// <summary>Settings of IP.</summary>
    public IpLayerOptions Ip { get; init; } = new();

    /// <summary>Settings of ICMP.</summary>
    public IcmpOptions Icmp { get; init; } = new();

    /// <summary>Settings of UDP.</summary>
    public UdpOptions Udp { get; init; } = new();

    /// <summary>Settings of raw sockets.</summary>
    public RawOptions Raw { get; init; } = new();

    /// <summary>Settings of multicast membership.</summary>
    public MulticastOptions Multicast { get; init; } = new();
}

/// <summary>IP with ICMP, UDP, raw sockets and multicast, put together. TCP is registered by its owner.</summary>
internal sealed class IpSuite
{
    /// <param name="tables">Interfaces, addresses and routes.</param>
    /// <param name="neighbours">Who takes neighbour discovery messages; null for nobody.</param>
    /// <param name="options">Settings.</param>
    /// <param name="buffers">Where the bodies come from of what is written here.</param>
    /// <param name="meter">Counts what is read to be summed.</param>
    /// <param name="seed">Decides every random choice.</param>
    internal IpSuite(IIpTables tables, INdpHandler? neighbours, IpSuiteOptions options, BufferPool buffers, FetchMeter meter, ulong seed)
    {
        SeededRandom random = new(seed);
        Ip = new IpLayer(tables, options.Ip, buffers, meter, random.Next());
        Multicast = new MulticastLayer(Ip, tables, options.Multicast, random.Next());
        Icmp = new IcmpLayer(Ip, tables, Multicast, neighbours, options.Icmp, random.Next());
        Udp = new UdpLayer(Ip, tables, Multicast, options.Udp, random.Next());
        Raw = new RawLayer(Ip, options.Raw);
        Parts = [Ip, Multicast, Icmp, Udp, Raw];
        Ip.Groups = Multicast;
        Ip.Tap = Raw;
        Ip.Register(IpProtocol.Icmp, Icmp);
        Ip.Register(IpProtocol.Icmpv6, Icmp);
        Ip.Register(IpProtocol.Igmp, Multicast);
        Ip.Register(IpProtocol.Udp, Udp);
    }

    internal IpLayer Ip { get; }

    internal MulticastLayer Multicast { get; }

    internal IcmpLayer Icmp { get; }

    internal UdpLayer Udp { get; }

    internal RawLayer Raw { get; }

    /// <summary>All of it that has deadlines or something to send.</summary>
    internal IStackPart[] Parts { get; }
}
