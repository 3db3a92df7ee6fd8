using System.IO.Pipelines;
using NetStack.Tcp;

namespace NetStack.Kestrel;

/// <summary>How Kestrel's connections over a host work. Read when the server starts.</summary>
public sealed class NetStackTransportOptions
{
    /// <summary>Established connections that may wait to be accepted, at least 1.</summary>
    public int Backlog { get; set; } = 512;

    /// <summary>Options of the connections: buffers, keepalive, timeouts; null for the stack's defaults with
    /// <see cref="TcpConnectionOptions.NoDelay"/>. The receive buffer is what Kestrel
    /// reads from in place, so it takes the place of a read-ahead limit; the send buffer that of a write limit.</summary>
    public TcpConnectionOptions? Connection { get; set; }

    /// <summary>Where Kestrel and the application go on after a read, a write or an accept. <see cref="PipeScheduler.Inline"/> is the
    /// loop's thread: the least latency, for applications that never block.</summary>
    public PipeScheduler Scheduler { get; set; } = PipeScheduler.ThreadPool;

    /// <summary>
    /// Whether a client may end its sending side and go on to receive. Otherwise its FIN cancels
    /// <see cref="Microsoft.AspNetCore.Connections.BaseConnectionContext.ConnectionClosed"/>, and with it <c>HttpContext.RequestAborted</c>,
    /// as over sockets, where a client that goes away is noticed without a write. With it a client that goes away by a FIN is noticed by the
    /// reset that answers what is written next.
    /// </summary>
    public bool AllowHalfClose { get; set; }

    /// <summary>Whether <c>http://*:80</c>, <see cref="System.Net.IPAddress.Any"/> and <see cref="System.Net.IPAddress.IPv6Any"/> mean the host's
    /// addresses. Where not, they are left to the next transport, ordinary sockets for one, and only the host's own addresses are bound.</summary>
    public bool BindsAnyAddress { get; set; } = true;
}
