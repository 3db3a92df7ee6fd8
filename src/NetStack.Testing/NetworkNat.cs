using System.Buffers.Binary;
using System.Net;
using NetStack.Testing;

namespace NetStack;

/// <summary>How a NAT translates.</summary>
public sealed record NatOptions
{
    /// <summary>How long a UDP or ICMP binding lives without traffic from inside (RFC 4787 REQ-5 wants two minutes or more).</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a TCP binding lives without traffic (RFC 5382 REQ-5 wants two hours and four minutes or more).</summary>
    public TimeSpan TcpIdleTimeout { get; init; } = TimeSpan.FromMinutes(124);

    /// <summary>Whether an outside host that was never spoken to may use a binding (RFC 4787 section 5: endpoint-independent filtering);
    /// otherwise only those addresses and ports may that the inside has sent to.</summary>
    public bool FiltersNobody { get; init; }

    /// <summary>The first port of bindings.</summary>
    public int FirstPort { get; init; } = 40_000;

    /// <summary>How many ports there are for bindings of each protocol; what comes beyond is dropped.</summary>
    public int PortCount { get; init; } = 16_384;
}

/// <summary>
/// A NAT (RFC 3022, NAPT): packets from inside leave with its address and a port of its own, the same for one inside port whatever the
/// destination (RFC 4787 REQ-1). TCP, UDP, ICMP echo and ICMP errors of IPv4 are translated; fragments and other protocols are dropped.
/// </summary>
/// <remarks>There is no hairpinning: inside hosts cannot reach each other by the outside address.</remarks>
public sealed class NetworkNat
{
    private readonly VirtualNetwork _net;
    private readonly NetworkHost _host;
    private readonly NatOptions _options;
    private readonly Dictionary<Endpoint, Binding> _byInside = [];
    private readonly Dictionary<Endpoint, Binding> _byOutside = [];
    private int _nextPort;

    internal NetworkNat(VirtualNetwork net, NetworkHost host, NatOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.FirstPort, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PortCount, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.FirstPort + options.PortCount, 65_536, nameof(options));
        _net = net;
        _host = host;
        _options = options;
    }

    /// <summary>The host that it is.</summary>
    public NetStackHost Host => _host.Host;

    /// <summary>Its outside address.</summary>
    public IPAddress Address => Outside.ToIPAddress();

    /// <summary>Bindings that have not expired, forwarded ports among them.</summary>
    public int BindingCount
    {
        get
        {
            using (_net.Loop.Enter())
            {
                Instant now = _net.Loop.Now;
                return _byInside.Values.Count(b => !IsExpired(b, now));
            }
        }
    }

    private IpAddress Outside => _host.Attachments[1].Addresses[0];

    /// <summary>Forwards a port of the outside address to a host inside.</summary>
    /// <param name="port">The outside port.</param>
    /// <param name="to">The host.</param>
    /// <param name="toPort">Its port; null for the same.</param>
    /// <param name="isUdp">Whether UDP is forwarded, and not TCP.</param>
    public void Forward(int port, NetStackHost to, int? toPort = null, bool isUdp = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        using (_net.Loop.Enter())
        {
            IpProtocol protocol = isUdp ? IpProtocol.Udp : IpProtocol.Tcp;
            Endpoint outside = new(protocol, Outside, (ushort)port);
            if (_byOutside.ContainsKey(outside)) throw new ArgumentException($"Port {port} is in use.", nameof(port));
            Binding binding = new(new Endpoint(protocol, _net.EntryOf(to).Addresses.First(), (ushort)(toPort ?? port)), outside) { IsForwarded = true };
            _byInside[binding.Inside] = binding;
            _byOutside[outside] = binding;
        }
    }

    /// <summary>Forgets every binding but the forwarded ports, as a restart does: connections through it hang.</summary>
    public void Restart()
    {
        using (_net.Loop.Enter())
        {
            foreach (Binding binding in _byInside.Values.Where(b => !b.IsForwarded).ToArray()) Remove(binding);
        }
    }

    /// <summary>Translates a frame at the outside NIC, in place.</summary>
    /// <returns>Why it must be dropped; null to let it pass.</returns>
    internal string? Translate(Span<byte> frame, bool isOutgoing, Instant now)
    {
        if (!SeenFrame.TryRead(frame, out SeenFrame seen) || seen.Source.IsV6) return null; // ARP passes
        if (isOutgoing ? seen.Source == Outside : seen.Destination != Outside) return null; // the NAT's own, or nothing of ours
        if (isOutgoing) return TranslateOut(frame, seen, now);
        if (seen.Protocol == IpProtocol.Icmp && seen.TransportOffset == 0) return TranslateError(frame, seen);
        return TranslateIn(frame, seen, now);
    }

    /// <summary>Puts what the far side knows into what the client knows.</summary>
    internal void Normalize(ref SeenFrame seen)
    {
        if (seen.Destination == Outside && _byOutside.TryGetValue(new Endpoint(seen.Protocol, seen.Destination, seen.DestinationPort), out Binding? answered) && !answered.IsForwarded)
            seen = seen with { Destination = answered.Inside.Address, DestinationPort = answered.Inside.Port };
        if (_byInside.TryGetValue(new Endpoint(seen.Protocol, seen.Source, seen.SourcePort), out Binding? forwarded) && forwarded.IsForwarded && !_host.Attachments[0].Segment.Prefix.Contains(seen.Destination))
            seen = seen with { Source = forwarded.Outside.Address, SourcePort = forwarded.Outside.Port };
    }

    private string? TranslateOut(Span<byte> frame, in SeenFrame seen, Instant now)
    {
        if (seen.TransportOffset == 0) return "the NAT knows no such packet";
        Endpoint inside = new(seen.Protocol, seen.Source, seen.SourcePort);
        if (_byInside.TryGetValue(inside, out Binding? binding) && IsExpired(binding, now))
        {
            Remove(binding);
            binding = null;
        }
        if (binding is null)
        {
            if (FreePort(seen.Protocol, now) is not { } port) return "the NAT has no port left";
            binding = new Binding(inside, new Endpoint(seen.Protocol, Outside, port));
            _byInside[inside] = binding;
            _byOutside[binding.Outside] = binding;
        }
        binding.UsedAt = now;
        binding.Peers.Add(new Endpoint(seen.Protocol, seen.Destination, seen.Protocol == IpProtocol.Icmp ? (ushort)0 : seen.DestinationPort));
        FrameEdit.Rewrite(frame, seen, Outside, seen.Destination, binding.Outside.Port, seen.DestinationPort);
        return null;
    }

    private string? TranslateIn(Span<byte> frame, in SeenFrame seen, Instant now)
    {
        if (seen.TransportOffset == 0) return "the NAT knows no such packet";
        if (!_byOutside.TryGetValue(new Endpoint(seen.Protocol, seen.Destination, seen.DestinationPort), out Binding? binding))
            return seen.Protocol == IpProtocol.Icmp && frame[seen.TransportOffset] == 8 ? null : "the NAT has no binding"; // it answers an echo itself
        if (IsExpired(binding, now))
        {
            Remove(binding);
            return "the NAT's binding has expired";
        }
        Endpoint peer = new(seen.Protocol, seen.Source, seen.Protocol == IpProtocol.Icmp ? (ushort)0 : seen.SourcePort);
        if (!binding.IsForwarded && !_options.FiltersNobody && !binding.Peers.Contains(peer)) return "the NAT's filter";
        if (seen.Protocol == IpProtocol.Tcp) binding.UsedAt = now; // of others only the inside keeps it alive (RFC 4787 REQ-6)
        ushort sourcePort = seen.Protocol == IpProtocol.Icmp ? binding.Inside.Port : seen.SourcePort;
        FrameEdit.Rewrite(frame, seen, seen.Source, binding.Inside.Address, sourcePort, binding.Inside.Port);
        return null;
    }

    /// <summary>An ICMP error quotes a packet that we translated on its way out.</summary>
    private string? TranslateError(Span<byte> frame, in SeenFrame seen)
    {
        int icmp = EthernetView.Size + (frame[EthernetView.Size] & 15) * 4;
        if (frame.Length < icmp + 8 + 28 || frame[icmp] is not (3 or 11 or 12)) return "the NAT knows no such packet";
        if (InternetChecksum.Compute(frame[icmp..(EthernetView.Size + BinaryPrimitives.ReadUInt16BigEndian(frame[(EthernetView.Size + 2)..]))]) != 0) return "the NAT believes no harmed error";
        ReadOnlySpan<byte> quoted = frame[(icmp + 8)..];
        int header = (quoted[0] & 15) * 4;
        IpProtocol protocol = (IpProtocol)quoted[9];
        if (quoted.Length < header + 8) return "the NAT knows no such packet";
        int portAt = header + (protocol == IpProtocol.Icmp ? 4 : 0);
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(quoted[portAt..]);
        if (!_byOutside.TryGetValue(new Endpoint(protocol, IpAddress.ReadV4(quoted[12..]), port), out Binding? binding)) return "the NAT has no binding";
        IpAddress destination = IpAddress.ReadV4(quoted[16..]);
        ushort destinationPort = protocol == IpProtocol.Icmp ? binding.Inside.Port : BinaryPrimitives.ReadUInt16BigEndian(quoted[(header + 2)..]);
        FrameEdit.RewriteQuoted(frame, icmp, seen.Source, binding.Inside.Address, binding.Inside.Address, destination, binding.Inside.Port, destinationPort);
        return null;
    }

    private ushort? FreePort(IpProtocol protocol, Instant now)
    {
        for (int tried = 0; tried < _options.PortCount; tried++)
        {
            ushort port = (ushort)(_options.FirstPort + _nextPort);
            _nextPort = (_nextPort + 1) % _options.PortCount;
            if (!_byOutside.TryGetValue(new Endpoint(protocol, Outside, port), out Binding? binding)) return port;
            if (!IsExpired(binding, now)) continue;
            Remove(binding);
            return port;
        }
        return null;
    }

    private bool IsExpired(Binding binding, Instant now) =>
        !binding.IsForwarded && now - binding.UsedAt > (binding.Inside.Protocol == IpProtocol.Tcp ? _options.TcpIdleTimeout : _options.IdleTimeout);

    private void Remove(Binding binding)
    {
        _byInside.Remove(binding.Inside);
        _byOutside.Remove(binding.Outside);
    }

    private readonly record struct Endpoint(IpProtocol Protocol, IpAddress Address, ushort Port);

    private sealed class Binding(Endpoint inside, Endpoint outside)
    {
        internal Endpoint Inside { get; } = inside;

        internal Endpoint Outside { get; } = outside;

        internal bool IsForwarded { get; init; }

        internal Instant UsedAt { get; set; }

        /// <summary>Whom the inside sent to.</summary>
        internal HashSet<Endpoint> Peers { get; } = [];
    }
}
