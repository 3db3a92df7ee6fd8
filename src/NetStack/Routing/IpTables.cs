using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>What a stack's interfaces, addresses and routes are to IP.</summary>
internal sealed class IpTables(NetworkStack stack) : IIpTables, INdpHandler
{
    public IIpInterface? InterfaceAt(int index) => stack.InterfaceAt(index);

    /// <summary>An address of any interface is ours on each of them (the weak host model), a link-local one only on its own.</summary>
    public AddressClass Classify(IIpInterface nic, IpAddress address)
    {
        NetInterface at = (NetInterface)nic;
        if (at.IsBroadcast(address)) return AddressClass.Broadcast;
        if (at.IsLoopback && AddressScope.IsLoopback(address)) return AddressClass.Ours;
        return stack.FindLocal(address, at) is not null ? AddressClass.Ours : AddressClass.NotOurs;
    }

    public bool IsLocalAddress(IpAddress address) => AddressScope.IsLoopback(address) || stack.FindLocal(address) is not null;

    public bool TryRoute(IpAddress destination, IpAddress source, int? boundInterface, out IpRoute route)
    {
        route = default;
        NetInterface? bound = boundInterface is { } index ? stack.InterfaceAt(index) : null;
        if (boundInterface is not null && bound is null) return false;
        RouteOutcome outcome = stack.FindRoute(destination, source, bound, out RouteDecision decision);
        if (outcome is not (RouteOutcome.Found or RouteOutcome.NoSource)) return false;
        route = new IpRoute(decision.Interface, decision.NextHop, decision.Source);
        return true;
    }

    public void Forward(IIpInterface nic, in InboundFrame frame, int networkOffset, in InboundDatagram datagram, Instant now) =>
        stack.Forwarder.Forward(frame, networkOffset, datagram, now);

    public void ConfirmReachable(IpAddress destination, Instant now)
    {
        if (stack.FindRoute(destination, default, null, out RouteDecision decision) == RouteOutcome.Found)
            decision.Interface.Neighbours.ConfirmReachable(decision.NextHop, now);
    }

    public void Receive(IIpInterface nic, in InboundDatagram message, Instant now) => ((NetInterface)nic).Ndp.Receive(message, now);
}
