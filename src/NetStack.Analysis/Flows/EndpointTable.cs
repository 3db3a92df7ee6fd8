using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>The IP addresses of a capture, in the order they were met. Inside tunnels each IP header counts for its own.</summary>
/// <remarks>Not thread-safe. Memory is bounded: addresses beyond the limit are not held, but what they sent and received is summed.</remarks>
/// <param name="maxEndpoints">The most addresses that are held; at least 1. One takes about 150 bytes.</param>
public sealed class EndpointTable(int maxEndpoints)
{
    private const TcpAnalysis AnyRetransmission = TcpAnalysis.Retransmission | TcpAnalysis.FastRetransmission | TcpAnalysis.SpuriousRetransmission;

    private readonly Dictionary<IpAddress, Endpoint> _byAddress = [];
    private readonly List<Endpoint> _endpoints = [];

    /// <summary>The addresses that are held, in the order they were met.</summary>
    public IReadOnlyList<Endpoint> Endpoints => _endpoints;

    /// <summary>What addresses beyond the limit sent and received; its address is none.</summary>
    public Endpoint Others { get; } = new(default);

    /// <summary>Counts both addresses of each IP header of a packet.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="flow">What a flow table said of it; the default where none was asked.</param>
    public void Add(in PacketHeaders packet, in FlowPacket flow = default)
    {
        Endpoint? sender = null;
        foreach (Layer layer in packet.Layers)
        {
            if (!TryReadAddresses(packet, layer, out IpAddress source, out IpAddress destination)) continue;
            sender = Of(source);
            sender.PacketsSent++;
            sender.BytesSent += packet.Info.WireLength;
            Endpoint receiver = Of(destination);
            receiver.PacketsReceived++;
            receiver.BytesReceived += packet.Info.WireLength;
        }
        if (sender is not null && (flow.Analysis & AnyRetransmission) != 0) sender.Retransmissions++;
    }

    private static bool TryReadAddresses(in PacketHeaders packet, in Layer layer, out IpAddress source, out IpAddress destination)
    {
        if (layer.Kind == LayerKind.Ipv4 && Ipv4View.TryRead(packet.BytesOf(layer), out Ipv4View ipv4))
        {
            source = ipv4.Source;
            destination = ipv4.Destination;
            return true;
        }
        if (layer.Kind == LayerKind.Ipv6 && Ipv6View.TryRead(packet.BytesOf(layer), out Ipv6View ipv6))
        {
            source = ipv6.Source;
            destination = ipv6.Destination;
            return true;
        }
        source = destination = default;
        return false;
    }

    private Endpoint Of(IpAddress address)
    {
        if (_byAddress.TryGetValue(address, out Endpoint? endpoint)) return endpoint;
        if (_endpoints.Count >= maxEndpoints) return Others;
        endpoint = new Endpoint(address);
        _byAddress.Add(address, endpoint);
        _endpoints.Add(endpoint);
        return endpoint;
    }
}
