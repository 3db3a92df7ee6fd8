using NetStack.Routing;

namespace NetStack.Testing;

/// <summary>
/// Gives every host a route to every network that routers join, by the fewest hops. What hides behind a NAT is reached from inside only.
/// </summary>
internal static class StaticRoutes
{
    /// <summary>Renews all routes. The gate is held.</summary>
    internal static void Update(VirtualNetwork net)
    {
        foreach (NetworkHost host in net.HostEntries) Update(net, host);
    }

    private static void Update(VirtualNetwork net, NetworkHost host)
    {
        foreach (Route route in host.Routes) host.Host.Stack.Routes.Remove(route);
        host.Routes.Clear();
        HashSet<NetworkSegment> reached = [.. host.Attachments.Select(a => a.Segment)];
        Queue<(NetworkSegment Segment, Attachment Out, Attachment? Gateway)> way = new(host.Attachments.Select(a => (a.Segment, a, (Attachment?)null)));
        while (way.TryDequeue(out (NetworkSegment Segment, Attachment Out, Attachment? Gateway) at))
        {
            foreach (Attachment router in at.Segment.Attachments)
            {
                if (router.Host.Kind == HostKind.Host || router.Host == host || (router.Host.Kind == HostKind.Nat && router != router.Host.Attachments[0])) continue;
                foreach (Attachment beyond in router.Host.Attachments)
                {
                    if (!reached.Add(beyond.Segment)) continue;
                    Attachment gateway = at.Gateway ?? router;
                    Add(host, beyond.Segment, at.Out, gateway);
                    way.Enqueue((beyond.Segment, at.Out, gateway));
                }
            }
        }
    }

    private static void Add(NetworkHost host, NetworkSegment to, Attachment through, Attachment gateway)
    {
        foreach (IpAddress address in gateway.Addresses)
        {
            Route route = new(address.IsV4 ? to.Prefix : to.PrefixV6) { Gateway = address, Interface = through.Interface };
            host.Routes.Add(route);
            host.Host.Stack.Routes.Add(route);
        }
    }
}
