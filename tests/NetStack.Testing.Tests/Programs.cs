using System.Net;
using System.Text;

namespace NetStack.Testing.Tests;

/// <summary>Programs that run on hosts.</summary>
internal static class Programs
{
    /// <summary>Accepts one connection and sends back what comes.</summary>
    internal static async Task EchoOnceAsync(NetStackHost host, int port)
    {
        await using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.IPv6Any, port));
        await using NetConnection connection = await listener.AcceptAsync();
        await connection.Input.CopyToAsync(connection.Output);
    }

    /// <summary>Sends a text and returns what comes back.</summary>
    internal static async Task<string> AskAsync(NetStackHost host, string name, int port, string text)
    {
        await using NetConnection connection = await host.ConnectTcpAsync(new DnsEndPoint(name, port)).ConfigureAwait(false);
        await connection.Output.WriteAsync(Encoding.UTF8.GetBytes(text)).ConfigureAwait(false);
        await connection.Output.CompleteAsync().ConfigureAwait(false);
        using StreamReader reader = new(connection.AsStream(), Encoding.UTF8, leaveOpen: true);
        return await reader.ReadToEndAsync().ConfigureAwait(false);
    }
}
