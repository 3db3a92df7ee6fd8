using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace NetStack.Runtime;

/// <summary>Activities of what a program waits for, named and tagged as OpenTelemetry has it.</summary>
internal static class Tracing
{
    private static readonly ActivitySource Source = new(NetStackTelemetry.ActivitySourceName);

    /// <summary>Around a connect to one address.</summary>
    internal static async ValueTask<NetConnection> ConnectAsync(
        NetLoop loop, HostDiagnostics diagnostics, IPEndPoint endPoint, Func<ValueTask<NetConnection>> connect)
    {
        using Activity? activity = StartConnect(endPoint);
        Instant start = loop.Now;
        string? error = null;
        try
        {
            NetConnection connection = await connect().ConfigureAwait(false);
            activity?.SetTag("network.local.address", connection.LocalEndPoint.Address.ToString());
            activity?.SetTag("network.local.port", connection.LocalEndPoint.Port);
            return connection;
        }
        catch (Exception failure)
        {
            error = Fail(activity, failure);
            throw;
        }
        finally
        {
            diagnostics.Metrics?.RecordConnect(loop.Now - start, error);
        }
    }

    /// <summary>Around a lookup of a name.</summary>
    internal static async ValueTask<IPAddress[]> LookupAsync(
        NetLoop loop, HostDiagnostics diagnostics, string name, Func<ValueTask<IPAddress[]>> lookup)
    {
        using Activity? activity = Source.StartActivity("dns lookup", ActivityKind.Client);
        activity?.SetTag("dns.question.name", name);
        Instant start = loop.Now;
        string? error = null;
        try
        {
            IPAddress[] addresses = await lookup().ConfigureAwait(false);
            activity?.SetTag("dns.answers", addresses.Select(a => a.ToString()).ToArray());
            return addresses;
        }
        catch (Exception failure)
        {
            error = Fail(activity, failure);
            throw;
        }
        finally
        {
            diagnostics.Metrics?.RecordLookup(loop.Now - start, error);
        }
    }

    private static Activity? StartConnect(IPEndPoint endPoint)
    {
        Activity? activity = Source.StartActivity("tcp connect", ActivityKind.Client);
        if (activity is null) return null;
        activity.SetTag("network.transport", "tcp");
        activity.SetTag("network.type", endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4");
        activity.SetTag("network.peer.address", endPoint.Address.ToString());
        activity.SetTag("network.peer.port", endPoint.Port);
        return activity;
    }

    /// <summary>Marks an activity as failed.</summary>
    /// <returns>The <c>error.type</c>.</returns>
    private static string Fail(Activity? activity, Exception failure)
    {
        string error = failure switch
        {
            SocketException socket => CounterReadings.ToSnakeCase(socket.SocketErrorCode.ToString()),
            OperationCanceledException => "operation_canceled",
            _ => failure.GetType().FullName!,
        };
        activity?.SetTag("error.type", error);
        activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
        return error;
    }
}
