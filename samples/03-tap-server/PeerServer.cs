using System.IO.Pipelines;
using System.Net;

namespace NetStack.Samples;

/// <summary>The far end of a benchmark of TCP stacks: takes everything, sends without end, or sends back.</summary>
internal static class PeerServer
{
    private static readonly byte[] Data = new byte[256 * 1024];

    internal static Task RunAsync(NetStackHost host, CancellationToken cancellationToken) => Task.WhenAll(
        ServeAsync(host, 5001, SinkAsync, cancellationToken),
        ServeAsync(host, 5002, SourceAsync, cancellationToken),
        ServeAsync(host, 5003, EchoServer.EchoAsync, cancellationToken));

    private static async Task ServeAsync(NetStackHost host, int port, Func<NetConnection, Task> serve, CancellationToken cancellationToken)
    {
        Tcp.TcpConnectionOptions options = new() { NoDelay = true };
        await using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.Any, port), backlog: 4096, options);
        await foreach (NetConnection connection in listener.AcceptAllAsync(cancellationToken)) _ = serve(connection);
    }

    private static async Task SinkAsync(NetConnection connection)
    {
        await using (connection)
        {
            try
            {
                while (true)
                {
                    ReadResult read = await connection.Input.ReadAsync();
                    connection.Input.AdvanceTo(read.Buffer.End);
                    if (read.IsCompleted) return;
                }
            }
            catch (IOException)
            {
                // the peer reset it
            }
        }
    }

    private static async Task SourceAsync(NetConnection connection)
    {
        await using (connection)
        {
            try
            {
                while (true) await connection.Output.WriteAsync(Data);
            }
            catch (IOException)
            {
                // the peer has enough
            }
        }
    }
}
