using Microsoft.Extensions.Logging;

namespace NetStack.Runtime;

/// <summary>What is logged. Event ids are stable: 100 to 199 are of the category NetStack.Host, 200 to 299 of NetStack.Tcp.</summary>
internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "Host {Host} started with {Interfaces} interfaces.")]
    internal static partial void HostStarted(ILogger logger, string host, int interfaces);

    [LoggerMessage(101, LogLevel.Information, "Host {Host} stopped.")]
    internal static partial void HostStopped(ILogger logger, string host);

    [LoggerMessage(110, LogLevel.Information, "Interface {Interface} ({Mac}, MTU {Mtu}) is up.")]
    internal static partial void InterfaceUp(ILogger logger, string @interface, string mac, int mtu);

    [LoggerMessage(111, LogLevel.Warning, "Interface {Interface} is down.")]
    internal static partial void InterfaceDown(ILogger logger, string @interface);

    [LoggerMessage(112, LogLevel.Error, "The NIC of interface {Interface} failed and is used no more.")]
    internal static partial void NicFailed(ILogger logger, string @interface, Exception failure);

    [LoggerMessage(113, LogLevel.Information, "Interface {Interface} uses {Nic}: {Terms}.")]
    internal static partial void NicAttached(ILogger logger, string @interface, string nic, string terms);

    [LoggerMessage(120, LogLevel.Information, "Interface {Interface} has address {Address}/{PrefixLength} ({Origin}).")]
    internal static partial void AddressAdded(ILogger logger, string @interface, string address, int prefixLength, string origin);

    [LoggerMessage(121, LogLevel.Information, "Interface {Interface} has no address {Address} any more.")]
    internal static partial void AddressRemoved(ILogger logger, string @interface, string address);

    [LoggerMessage(122, LogLevel.Warning, "Address {Address} of interface {Interface} is not used: another host has it.")]
    internal static partial void AddressDuplicate(ILogger logger, string @interface, string address);

    [LoggerMessage(123, LogLevel.Debug, "Address {Address} of interface {Interface} is {State}.")]
    internal static partial void AddressState(ILogger logger, string @interface, string address, string state);

    [LoggerMessage(130, LogLevel.Information, "Interface {Interface} leased {Address} from {Server} for {Seconds} s.")]
    internal static partial void LeaseObtained(ILogger logger, string @interface, string address, string server, double seconds);

    [LoggerMessage(131, LogLevel.Warning, "Interface {Interface} lost its lease.")]
    internal static partial void LeaseLost(ILogger logger, string @interface);

    [LoggerMessage(190, LogLevel.Error, "The loop of host {Host} failed: nothing is driven any more.")]
    internal static partial void LoopFailed(ILogger logger, string host, Exception failure);

    [LoggerMessage(200, LogLevel.Information, "Listening on {Local}.")]
    internal static partial void Listening(ILogger logger, string local);

    [LoggerMessage(201, LogLevel.Information, "No longer listening on {Local}.")]
    internal static partial void ListenerClosed(ILogger logger, string local);

    [LoggerMessage(210, LogLevel.Debug, "Accepted {Local} from {Remote}.")]
    internal static partial void Accepted(ILogger logger, string local, string remote);

    [LoggerMessage(211, LogLevel.Debug, "Connected {Local} to {Remote}.")]
    internal static partial void Connected(ILogger logger, string local, string remote);

    [LoggerMessage(212, LogLevel.Debug, "Connecting {Local} to {Remote} failed: {Error}.")]
    internal static partial void ConnectFailed(ILogger logger, string local, string remote, string error);

    [LoggerMessage(213, LogLevel.Debug, "Connection {Local} to {Remote} closed: {Sent} bytes acknowledged, {Received} received.")]
    internal static partial void Closed(ILogger logger, string local, string remote, long sent, long received);

    [LoggerMessage(214, LogLevel.Debug, "Connection {Local} to {Remote} was reset by the peer.")]
    internal static partial void Reset(ILogger logger, string local, string remote);

    [LoggerMessage(215, LogLevel.Debug, "Connection {Local} to {Remote} ended: {Error}.")]
    internal static partial void Ended(ILogger logger, string local, string remote, string error);
}
