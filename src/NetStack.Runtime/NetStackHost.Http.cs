using System.Net;
using System.Net.Sockets;

namespace NetStack;

/// <remarks>HTTP clients.</remarks>
public sealed partial class NetStackHost
{
    /// <summary>Without it HTTP/2 measures round trips, with PING frames, by the system's clock.</summary>
    private const string SteadyWindows = "System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing";

    /// <summary>Makes a handler for <see cref="HttpClient"/>, <c>HttpMessageInvoker</c>, <c>ClientWebSocket.ConnectAsync</c> and gRPC
    /// channels that connects over this host: names are resolved by <see cref="ResolveAsync"/>, no proxy is asked, TLS runs over the
    /// stack's streams. Everything else is as <see cref="SocketsHttpHandler"/> has it, and may be set until the first request.</summary>
    /// <remarks>A connect that fails is <see cref="HttpRequestException"/> with the <see cref="SocketException"/> of
    /// <see cref="ConnectTcpAsync"/> inside, a reset later one with <see cref="IOException"/> and <see cref="SocketException"/>, as over
    /// sockets. The handler's own timeouts go by the system's clock, whatever the host's loop is; on a <see cref="VirtualTimeLoop"/> it
    /// sends nothing by that clock (HTTP/2 windows keep their size), nor ids of activities.</remarks>
    public SocketsHttpHandler CreateHttpHandler()
    {
        bool isVirtual = Loop is VirtualTimeLoop;
        if (isVirtual) AppContext.SetSwitch(SteadyWindows, true); // of the process, and read only once, when the first handler is made
        SocketsHttpHandler handler = new()
        {
            UseProxy = false, // the system's settings are about the system's network
            ConnectCallback = ConnectHttpAsync,
        };
        if (isVirtual) handler.ActivityHeadersPropagator = null;
        return handler;
    }

    private async ValueTask<Stream> ConnectHttpAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        NetConnection connection = await ConnectTcpAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
        connection.Options = connection.Options with { NoDelay = true }; // as the handler's own sockets
        return connection.AsStream();
    }
}
