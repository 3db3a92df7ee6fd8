using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using NetStack.Kestrel;

namespace NetStack.Testing.Tests;

/// <summary>Whole programs, written as users write them.</summary>
public sealed class ProgramTests
{
    [Fact]
    public Task Client_survives_a_reset() => VirtualNetwork.RunAsync(seed: 7, async net =>
    {
        var (client, server) = net.AddPair("client", "api.test", latency: TimeSpan.FromMilliseconds(200));
        await using var app = await server.StartKestrelAsync(a => a.MapGet("/", () => "hi"));
        net.Flow(client, server, port: 80).ResetAfter(responseBytes: 3, times: 1);
        using var http = new HttpClient(client.CreateHttpHandler()) { BaseAddress = new("http://api.test") };
        Assert.Equal("hi", await new RetryingClient(http, net.Time).GetAsync("/"));
        net.Flow(client, server, 80).Should(connections: 2, closedBy: Side.Server, by: Close.Reset);
    });

    [Theory, InlineData(1), InlineData(2)]
    public Task Sync_heals(int seed) => VirtualNetwork.RunAsync(seed, async net =>
    {
        var (a, b) = net.AddPair("a", "b", loss: 0.01);
        var node = Task.Run(() => SyncNode.RunAsync(b, net.Time, net.Stopping)); // Task.Run is captured
        net.Link(a, b).Partition(from: TimeSpan.FromMinutes(5), duration: TimeSpan.FromMinutes(20));
        await new SyncClient(a, net.Time).RunAsync("b", until: TimeSpan.FromHours(1));
        Assert.True(net.Elapsed < TimeSpan.FromHours(2));
    });

    [Fact]
    public async Task Kestrel_and_HttpClient_are_the_same_run_each_time()
    {
        HashSet<string> hashes = [];
        for (int i = 0; i < 3; i++) await RunWebAsync(null, (net, _) => hashes.Add(net.GetTraceHash()));
        Assert.Single(hashes);
    }

    [Fact]
    public async Task Over_TLS_bytes_differ_and_their_number_and_times_do_not()
    {
        using X509Certificate2 certificate = TestCertificate.Create("api.test");
        HashSet<string> runs = [];
        for (int i = 0; i < 3; i++) await RunWebAsync(certificate, (net, link) => runs.Add($"{net.Elapsed} {link}"));
        Assert.Single(runs);
    }

    [Fact]
    public async Task A_certificate_that_was_made_is_trusted_where_it_is_asked_for_and_no_other_is()
    {
        using X509Certificate2 known = TestCertificate.Create("api.test"), other = TestCertificate.Create("api.test");
        await Assert.ThrowsAsync<HttpRequestException>(() => RunWebAsync(known, (_, _) => { }, trusted: other));
    }

    /// <summary>Eight requests at once over a link that loses frames, then a look at the network.</summary>
    private static Task RunWebAsync(X509Certificate2? certificate, Action<VirtualNetwork, string> look, X509Certificate2? trusted = null) => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "api.test", loss: 0.02);
        await using KestrelHost app = await server.StartKestrelAsync(a => a.MapGet("/{size:int}", (int size) => new string('x', size)), o => o.Certificate = certificate);
        SocketsHttpHandler handler = client.CreateHttpHandler();
        if (certificate is not null) handler.SslOptions.Trust(trusted ?? certificate);
        using HttpClient http = new(handler)
        {
            BaseAddress = new Uri(certificate is null ? "http://api.test" : "https://api.test"),
            DefaultRequestVersion = certificate is null ? HttpVersion.Version11 : HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        string[] answers = await Task.WhenAll(Enumerable.Range(1, 8).Select(k => http.GetStringAsync(new Uri($"/{k * 10_000}", UriKind.Relative))));
        Assert.Equal(Enumerable.Range(1, 8).Select(k => k * 10_000), answers.Select(x => x.Length));
        look(net, string.Join(' ', net.Flow(client, server).Connections));
    });

    private sealed class RetryingClient(HttpClient http, TimeProvider time)
    {
        internal async Task<string> GetAsync(string path)
        {
            for (int tried = 1; ; tried++)
            {
                try
                {
                    return await http.GetStringAsync(new Uri(path, UriKind.Relative)).ConfigureAwait(false);
                }
                catch (HttpRequestException) when (tried < 3)
                {
                    await Task.Delay(TimeSpan.FromSeconds(tried), time).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>Answers a number with the next one.</summary>
    private static class SyncNode
    {
        internal static async Task RunAsync(NetStackHost host, TimeProvider time, CancellationToken stopping)
        {
            await using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.Any, 9000));
            try
            {
                await foreach (NetConnection connection in listener.AcceptAllAsync(stopping)) _ = Task.Run(() => ServeAsync(connection, time, stopping), CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                // the test is over
            }
        }

        private static async Task ServeAsync(NetConnection connection, TimeProvider time, CancellationToken stopping)
        {
            using CancellationTokenSource idle = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await using (connection)
            {
                try
                {
                    using StreamReader reader = new(connection.AsStream(), leaveOpen: true);
                    while (await reader.ReadLineAsync(idle.Token) is { } line)
                        await connection.Output.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{long.Parse(line, CultureInfo.InvariantCulture) + 1}\n"), idle.Token);
                }
                catch (Exception failure) when (failure is IOException or OperationCanceledException)
                {
                    connection.Abort();
                }
            }
        }
    }

    /// <summary>Asks once every ten seconds, over a new connection when the old one fails.</summary>
    private sealed class SyncClient(NetStackHost host, TimeProvider time)
    {
        internal async Task RunAsync(string server, TimeSpan until)
        {
            long start = time.GetTimestamp();
            long number = 0;
            while (time.GetElapsedTime(start) < until)
            {
                try
                {
                    using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30), time);
                    await using NetConnection connection = await host.ConnectTcpAsync(new DnsEndPoint(server, 9000), patience.Token);
                    using StreamReader reader = new(connection.AsStream(), leaveOpen: true);
                    while (time.GetElapsedTime(start) < until)
                    {
                        using CancellationTokenSource reply = new(TimeSpan.FromSeconds(30), time);
                        await connection.Output.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{number}\n"), reply.Token);
                        number = long.Parse((await reader.ReadLineAsync(reply.Token))!, CultureInfo.InvariantCulture);
                        await Task.Delay(TimeSpan.FromSeconds(10), time);
                    }
                }
                catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
                {
                    await Task.Delay(TimeSpan.FromSeconds(10), time);
                }
            }
            Assert.InRange(number, 200, 260); // all but the minutes of the partition
        }
    }
}
