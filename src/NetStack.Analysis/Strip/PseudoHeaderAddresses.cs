using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>The addresses that a transport checksum covers: those at both ends of the way, wherever they stand.</summary>
internal static class PseudoHeaderAddresses
{
    /// <summary>Adds them.</summary>
    /// <param name="sum">The sum.</param>
    /// <param name="bytes">The packet.</param>
    /// <param name="structure">The packet as it was: it says where the addresses stand.</param>
    /// <param name="network">The IP header and what stands between it and the transport header.</param>
    internal static void Add(ref ChecksumAccumulator sum, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> structure, ReadOnlySpan<HeaderPart> network)
    {
        HeaderPart ip = network[0];
        bool isV4 = ip.Kind == LayerKind.Ipv4;
        int size = isV4 ? 4 : 16;
        int source = ip.Offset + (isV4 ? 12 : 8);
        int destination = source + size;
        if (isV4) destination = LastOfSourceRoute(structure, ip, destination);
        for (int i = 1; i < network.Length; i++)
        {
            ReadOnlySpan<byte> header = structure.Slice(network[i].Offset, network[i].Length);
            if (network[i].Kind == LayerKind.Ipv6Routing && FinalDestination(header) is var last and >= 0) destination = network[i].Offset + last;
            if (network[i].Kind == LayerKind.Ipv6DestinationOptions && HeaderAddresses.HomeAddressAt(header) is var home and >= 0) source = network[i].Offset + home;
        }
        if (source + size > bytes.Length || destination + size > bytes.Length) return;
        sum.Add(bytes.Slice(source, size));
        sum.Add(bytes.Slice(destination, size));
    }

    /// <summary>Where the last address of a source route that was not gone to its end stands (RFC 791).</summary>
    private static int LastOfSourceRoute(ReadOnlySpan<byte> structure, in HeaderPart ip, int destination)
    {
        for (int at = Ipv4View.MinSize; at + 3 <= ip.Length;)
        {
            ReadOnlySpan<byte> option = structure.Slice(ip.Offset + at, ip.Length - at);
            if (option[0] == 0) break;
            if (option[0] == 1)
            {
                at++;
                continue;
            }
            int length = option[1];
            if (length < 2 || length > option.Length) break;
            bool isRoute = (Ipv4OptionKind)option[0] is Ipv4OptionKind.LooseSourceRoute or Ipv4OptionKind.StrictSourceRoute;
            if (isRoute && length >= 7 && option[2] <= length - 3) return ip.Offset + at + 3 + ((length - 3) / 4 - 1) * 4;
            at += length;
        }
        return destination;
    }

    /// <summary>Where a routing header holds the last destination (RFC 8200 section 8.1); negative where the IP header has it.</summary>
    private static int FinalDestination(ReadOnlySpan<byte> header)
    {
        if (header.Length < 24 || header[3] == 0) return -1;
        return header[2] switch
        {
            0 or 2 => 8 + ((header.Length - 8) / 16 - 1) * 16,
            4 => 8, // segments stand last first (RFC 8754)
            _ => -1,
        };
    }
}
