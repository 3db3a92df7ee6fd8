using System.Net.Sockets;

namespace NetStack.Samples;

/// <summary>Sends back what it gets (RFC 862).</summary>
internal static class EchoServer
{
    internal static async Task RunAsync(NetListener listener, CancellationToken cancellationToken)
    {
        await using (listener)
        {
            await foreach (NetConnection connection in listener.AcceptAllAsync(cancellationToken)) _ = EchoAsync(connection);
        }
    }

    internal static async Task RunAsync(NetUdp udp, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[65_535];
        await using (udp)
        {
            while (true)
            {
                UdpReceived received = await udp.ReceiveAsync(buffer, cancellationToken);
                await udp.SendAsync(buffer.AsMemory(0, received.Length), received.From, cancellationToken);
            }
        }
    }

    internal static async Task EchoAsync(NetConnection connection)
    {
        await using (connection)
        {
            try
            {
                await connection.Input.CopyToAsync(connection.Output);
            }
            catch (IOException)
            {
                // the peer reset it
            }
        }
    }
}
