using System.Net;
using System.Net.Sockets;
using NetStack.Runtime;
using NetStack.Tcp;

namespace NetStack;

/// <remarks>Connecting.</remarks>
public sealed partial class NetStackHost
{
    /// <summary>Connects by TCP. A name is resolved, and its addresses are tried as RFC 8305 has it: in the order of RFC 6724 with the
    /// families interleaved, each a little after the one before, the first that answers wins.</summary>
    /// <param name="endPoint">An <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">As a socket's: <see cref="SocketError.ConnectionRefused"/>, <see cref="SocketError.TimedOut"/>,
    /// <see cref="SocketError.HostUnreachable"/>, <see cref="SocketError.HostNotFound"/> and others.</exception>
    public async ValueTask<NetConnection> ConnectTcpAsync(EndPoint endPoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        switch (endPoint)
        {
            case IPEndPoint address:
                return await ConnectOneAsync(address, cancellationToken).ConfigureAwait(false);
            case DnsEndPoint name:
                IPAddress[] addresses = await ResolveAsync(name.Host, name.AddressFamily, cancellationToken).ConfigureAwait(false);
                return await ConnectFirstAsync(Interleave(addresses), name.Port, cancellationToken).ConfigureAwait(false);
            default:
                throw new ArgumentException($"A {endPoint.GetType().Name} is no address that TCP can connect to.", nameof(endPoint));
        }
    }

    private ValueTask<NetConnection> ConnectOneAsync(IPEndPoint endPoint, CancellationToken cancellationToken) =>
        Tracing.ConnectAsync(Loop, _diagnostics, endPoint, () => OpenAsync(endPoint, cancellationToken));

    private async ValueTask<NetConnection> OpenAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TcpChannel channel;
        using (Loop.Enter())
        {
            CheckRunning();
            TcpConnectOptions options = new(EndPoints.ToWire(endPoint)) { Interface = EndPoints.ScopeOf(endPoint.Address) };
            TcpError error = Stack.Tcp.Connect(options, Loop.Now, out TcpConnection? tcp);
            if (error != TcpError.None) throw SocketErrors.Exception(error);
            channel = new TcpChannel(_driver, tcp!, _options.Scheduler, isConnecting: true);
            _driver.Touch();
        }
        try
        {
            await channel.ConnectAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            channel.Abort();
            throw;
        }
        if (channel.Error != TcpError.None)
        {
            channel.Close();
            throw SocketErrors.Exception(channel.Error);
        }
        return new NetConnection(channel);
    }

    /// <summary>Takes the families in turn, beginning with that of the first address; within one the order stays (RFC 8305 section 4).</summary>
    internal static IPAddress[] Interleave(IPAddress[] addresses)
    {
        IPAddress[] some = [.. addresses.Where(a => a.AddressFamily == addresses[0].AddressFamily)];
        IPAddress[] others = [.. addresses.Where(a => a.AddressFamily != addresses[0].AddressFamily)];
        int turns = Math.Min(some.Length, others.Length);
        return [.. some.Zip(others, (one, other) => new[] { one, other }).SelectMany(pair => pair), .. some.Skip(turns), .. others.Skip(turns)];
    }

    private async ValueTask<NetConnection> ConnectFirstAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        if (addresses.Length == 0) throw SocketErrors.Exception(SocketError.HostNotFound);
        using CancellationTokenSource losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<NetConnection>> attempts = [];
        Exception? failure = null;
        for (int next = 0; next < addresses.Length || attempts.Count > 0;)
        {
            if (next < addresses.Length) attempts.Add(ConnectOneAsync(new IPEndPoint(addresses[next++], port), losers.Token).AsTask());
            Task delay = next < addresses.Length
                ? Task.Delay(_options.ConnectionAttemptDelay, Loop.TimeProvider, losers.Token)
                : Task.Delay(Timeout.InfiniteTimeSpan, Loop.TimeProvider, losers.Token);
            Task first = await Task.WhenAny([.. attempts, delay]).ConfigureAwait(false);
            if (first is not Task<NetConnection> ended)
            {
                cancellationToken.ThrowIfCancellationRequested();
                continue; // the next one goes beside it
            }
            attempts.Remove(ended);
            if (ended.IsCompletedSuccessfully)
            {
                await losers.CancelAsync().ConfigureAwait(false);
                foreach (Task<NetConnection> loser in attempts) _ = LetGoAsync(loser);
                return await ended.ConfigureAwait(false);
            }
            failure = ended.Exception?.InnerException ?? failure;
        }
        cancellationToken.ThrowIfCancellationRequested();
        throw failure ?? SocketErrors.Exception(SocketError.HostUnreachable);
    }

    /// <summary>An attempt that lost: nobody wants it, however it ends.</summary>
    private static async Task LetGoAsync(Task<NetConnection> loser)
    {
        try
        {
            (await loser.ConfigureAwait(false)).Abort();
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            // it never came to be
        }
    }
}
