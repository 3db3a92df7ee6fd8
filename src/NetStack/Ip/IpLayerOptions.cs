namespace NetStack.Ip;

/// <summary>Settings of IP; the defaults are those of a careful host.</summary>
public sealed record IpLayerOptions
{
    /// <summary>TTL and hop limit of what does not say otherwise; 1 to 255.</summary>
    public byte DefaultHopLimit { get; init; } = 64;

    /// <summary>Whether packets for others are forwarded (RFC 1812); a host does not.</summary>
    public bool Forwarding { get; init; }

    /// <summary>Whether IPv4 datagrams are taken that came here by a completed source route; else every datagram with a source
    /// route is dropped (RFC 7126 sections 4.3 and 4.4). One that should go on by a source route is always dropped.</summary>
    public bool AcceptSourceRouted { get; init; }

    /// <summary>What becomes of overlapping fragments.</summary>
    public OverlapPolicy OverlapPolicy { get; init; }

    /// <summary>The most bytes of private memory that fragments take together; at least 128 KiB. Above, the oldest datagram goes.</summary>
    public int ReassemblyMemory { get; init; } = 4 * 1024 * 1024;

    /// <summary>The most datagrams under reassembly; at least 1. Above, the oldest goes.</summary>
    public int MaxReassemblies { get; init; } = 256;

    /// <summary>The most datagrams of one source under reassembly; at least 1. Above, its oldest goes.</summary>
    public int MaxReassembliesPerSource { get; init; } = 64;

    /// <summary>The most fragments of one datagram; 2 to 8192. Above, the datagram is dropped.</summary>
    public int MaxFragments { get; init; } = 128;

    /// <summary>How long IPv4 fragments wait for the rest (RFC 1122 section 3.3.2 wants 60 to 120 s, practice is 30 s).</summary>
    public TimeSpan ReassemblyTimeoutV4 { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long IPv6 fragments wait for the rest (RFC 8200 section 4.5).</summary>
    public TimeSpan ReassemblyTimeoutV6 { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The most IPv6 extension headers in a packet for us; at least 1.</summary>
    public int MaxExtensionHeaders { get; init; } = 8;

    /// <summary>The most bytes of IPv6 extension headers in a packet for us; 8 to 2048.</summary>
    public int MaxExtensionHeaderBytes { get; init; } = 1024;

    /// <summary>Whether "packet too big" messages leave the path MTU alone (RFC 8201 section 4 allows it to careful hosts).</summary>
    public bool IgnorePacketTooBig { get; init; }

    /// <summary>How long a path MTU is remembered before a larger one is tried (RFC 1191 section 6.3, RFC 8201 section 5.3: at
    /// least 5 minutes, 10 are usual).</summary>
    public TimeSpan PathMtuLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The most destinations whose path MTU is remembered; at least 1. Above, the one that ends first is forgotten.</summary>
    public int MaxPathMtus { get; init; } = 1024;

    /// <summary>ICMP errors sent a second, to all destinations together, in bursts of up to 50; 0 sends none (RFC 4443 section 2.4 f).</summary>
    public int IcmpErrorsPerSecond { get; init; } = 1000;

    /// <summary>ICMP errors sent a second to one destination, in bursts of up to 6; destinations with the same keyed hash share it.</summary>
    public int IcmpErrorsPerSecondAndDestination { get; init; } = 10;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(DefaultHopLimit);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReassemblyMemory, 2 * (ushort.MaxValue + 1));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxReassemblies, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxReassembliesPerSource, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFragments, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxFragments, 8192);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxExtensionHeaders, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxExtensionHeaderBytes, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxExtensionHeaderBytes, 2048);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPathMtus, 1);
    }
}
