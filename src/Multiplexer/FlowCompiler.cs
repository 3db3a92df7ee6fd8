using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>
/// Turns what a port wants into exact matches of a flow table. What it yields is always a part of what the port wants and never
/// more: a frame the table places wrongly would be another client's; what it leaves out comes by the default queue.
/// </summary>
internal static class FlowCompiler
{
    /// <summary>More rules than these for one port are not worth their room.</summary>
    private const int MaxMatches = 16;

    internal static IReadOnlyList<FlowMatch> Compile(MultiplexerPort port)
    {
        IReadOnlyList<FlowMatch> wanted = port.Filter?.Exact() ?? PortFilter.All.Exact();
        if (!port.Promiscuous)
        {
            if (port.HasAddresses && !port.IsRouter) wanted = Cross(OfAddresses(port), wanted);
            if (port.Info.LinkType == LinkType.Ethernet) wanted = Cross([new FlowMatch { DestinationMac = port.Mac }], wanted);
        }
        FlowMatch everything = new();
        return [.. wanted.Where(m => m != everything)];
    }

    /// <summary>The matches that are in both: each pair that does not contradict itself.</summary>
    internal static IReadOnlyList<FlowMatch> Cross(IReadOnlyList<FlowMatch> left, IReadOnlyList<FlowMatch> right)
    {
        List<FlowMatch> both = [];
        foreach (FlowMatch a in left)
        {
            foreach (FlowMatch b in right)
            {
                if (TryMerge(a, b, out FlowMatch merged) && both.Count < MaxMatches && !both.Contains(merged)) both.Add(merged);
            }
        }
        return both;
    }

    /// <summary>The matches that are in either.</summary>
    internal static IReadOnlyList<FlowMatch> Join(IReadOnlyList<FlowMatch> left, IReadOnlyList<FlowMatch> right) =>
        [.. left.Concat(right).Distinct().Take(MaxMatches)];

    private static IReadOnlyList<FlowMatch> OfAddresses(MultiplexerPort port) =>
        [.. port.Addresses.Take(MaxMatches).Select(a => new FlowMatch { Destination = a })];

    private static bool TryMerge(FlowMatch a, FlowMatch b, out FlowMatch merged)
    {
        bool fits = Fit(a.DestinationMac, b.DestinationMac) && Fit(a.Vlan, b.Vlan) && Fit(a.EtherType, b.EtherType) && Fit(a.Source, b.Source)
            && Fit(a.Destination, b.Destination) && Fit(a.Protocol, b.Protocol) && Fit(a.SourcePort, b.SourcePort)
            && Fit(a.DestinationPort, b.DestinationPort);
        merged = new FlowMatch
        {
            DestinationMac = a.DestinationMac ?? b.DestinationMac,
            Vlan = a.Vlan ?? b.Vlan,
            EtherType = a.EtherType ?? b.EtherType,
            Source = a.Source ?? b.Source,
            Destination = a.Destination ?? b.Destination,
            Protocol = a.Protocol ?? b.Protocol,
            SourcePort = a.SourcePort ?? b.SourcePort,
            DestinationPort = a.DestinationPort ?? b.DestinationPort,
        };
        return fits;
    }

    private static bool Fit<T>(T? a, T? b) where T : struct => a is null || b is null || EqualityComparer<T>.Default.Equals(a.Value, b.Value);
}
