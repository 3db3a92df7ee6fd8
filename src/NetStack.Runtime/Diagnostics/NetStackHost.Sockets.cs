using System.Net;
using System.Net.Sockets;
using NetStack.Icmp;
using NetStack.Raw;
using NetStack.Runtime;
using NetStack.Tcp;
using NetStack.Udp;
using TcpListener = NetStack.Tcp.TcpListener;

namespace NetStack;

/// <remarks>Listing.</remarks>
public sealed partial class NetStackHost
{
    /// <summary>Lists every socket of the host as it is now: TCP listeners and connections, half-open ones, TIME-WAIT and those the
    /// program let go of included; UDP sockets that have a port, echo sockets, raw sockets. <see cref="SocketTable"/> makes text of it.</summary>
    /// <returns>Ordered by protocol, listeners first, then by local port and peer.</returns>
    public IReadOnlyList<SocketInfo> ListSockets()
    {
        List<SocketInfo> sockets = [];
        using (Loop.Enter())
        {
            Instant now = Loop.Now;
            foreach (TcpTableEntry entry in Stack.Tcp.ListSockets()) sockets.Add(entry.State == TcpState.Listen ? Describe(entry.Listener!, entry) : Describe(entry, now));
            foreach (UdpSocket socket in Stack.Udp.ListSockets()) sockets.Add(Describe(socket));
            foreach (EchoSocket socket in Stack.Icmp.ListSockets()) sockets.Add(Describe(socket));
            foreach (RawSocket socket in Stack.Raw.ListSockets()) sockets.Add(Describe(socket));
        }
        return [.. sockets.OrderBy(OrderOf).ThenBy(s => s.Local.Port).ThenBy(s => s.Remote?.ToString(), StringComparer.Ordinal)];
    }

    private static int OrderOf(SocketInfo socket) => socket.Protocol switch
    {
        ProtocolType.Tcp => socket.State == TcpState.Listen ? 0 : 1,
        ProtocolType.Udp => 2,
        ProtocolType.Icmp => 3,
        ProtocolType.IcmpV6 => 4,
        _ => 5,
    };

    private SocketInfo Describe(TcpListener listener, in TcpTableEntry entry) => new()
    {
        Protocol = ProtocolType.Tcp,
        State = TcpState.Listen,
        Local = EndPoints.FromWire(entry.Local),
        IsDualMode = entry.IsDualMode,
        Interface = NameOf(entry.Interface),
        ReceiveQueue = listener.Pending,
        SendQueue = listener.Backlog,
        HalfOpen = listener.HalfOpen,
    };

    private SocketInfo Describe(in TcpTableEntry entry, Instant now) => new()
    {
        Protocol = ProtocolType.Tcp,
        State = entry.State,
        Local = EndPoints.FromWire(entry.Local),
        Remote = EndPoints.FromWire(entry.Remote),
        Interface = NameOf(entry.Interface),
        ReceiveQueue = entry.Connection?.ReadableBytes ?? 0,
        SendQueue = entry.Connection?.UnacknowledgedBytes ?? 0,
        Expires = entry.Expires is { } at ? at - now : null,
        Tcp = entry.Connection?.Info,
    };

    private SocketInfo Describe(UdpSocket socket)
    {
        UdpEndpoint remote = socket.RemoteEndpoint;
        return new SocketInfo
        {
            Protocol = ProtocolType.Udp,
            Local = EndPointOf(socket.LocalEndpoint.Address, socket.LocalEndpoint.Port, socket.Family != UdpFamily.V4),
            Remote = remote.Address.IsNone ? null : EndPointOf(remote.Address, remote.Port, isV6: false),
            IsDualMode = socket.Family == UdpFamily.Dual,
            Interface = NameOf(socket.BoundInterface),
            ReceiveQueue = socket.QueuedBytes,
            Dropped = socket.Dropped,
        };
    }

    private SocketInfo Describe(EchoSocket socket) => new()
    {
        Protocol = socket.IsV6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp,
        Local = EndPointOf(socket.Source, socket.Identifier, socket.IsV6),
        Interface = NameOf(socket.BoundInterface),
        ReceiveQueue = socket.QueuedBytes,
        Dropped = socket.Dropped,
    };

    private SocketInfo Describe(RawSocket socket) => new()
    {
        Protocol = ProtocolType.Raw,
        Local = EndPointOf(socket.Local, (int)(socket.Protocol ?? 0), socket.IsV6),
        Remote = socket.Remote.IsNone ? null : EndPointOf(socket.Remote, (int)(socket.Protocol ?? 0), socket.IsV6),
        Interface = NameOf(socket.BoundInterface),
        ReceiveQueue = socket.QueuedBytes,
        Dropped = socket.Dropped,
    };

    private static IPEndPoint EndPointOf(IpAddress address, int port, bool isV6) =>
        new(!address.IsNone ? address.ToIPAddress() : isV6 ? IPAddress.IPv6Any : IPAddress.Any, port);

    private string? NameOf(int? index)
    {
        if (index is not { } number) return null;
        return Stack.Interfaces.FirstOrDefault(i => i.Index == number)?.Name;
    }
}
