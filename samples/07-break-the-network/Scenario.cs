using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using NetStack.Kestrel;
using NetStack.Nic.Virtual;

namespace NetStack.Samples;

/// <summary>A fault, and what a client must make of it.</summary>
internal sealed record Scenario(string Name, Func<VirtualNetwork, Task<string>> RunAsync)
{
    private static readonly byte[] Download = Bytes(1 << 20);

    internal static Scenario[] All { get; } =
    [
        new("a reset after the third response byte", Reset),
        new("refused twice", Refused),
        new("a stall of half a minute", Stalled),
        new("a partition of two minutes in a download", Partitioned),
        new("a wire that loses, doubles, corrupts and reorders", Noisy),
    ];

    private static async Task<string> Reset(VirtualNetwork net)
    {
        (HttpClient http, NetworkFlow flow, KestrelHost app) = await StartAsync(net);
        await using KestrelHost running = app;
        using HttpClient client = http;
        flow.ResetAfter(responseBytes: 3);
        try
        {
            await client.GetStringAsync("/");
            throw new InvalidOperationException("The reset was not seen.");
        }
        catch (HttpRequestException failure) when (failure.InnerException?.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset } or IOException)
        {
            Check(await client.GetStringAsync("/") == "hi");
            flow.Should(connections: 2, closedBy: Side.Server, by: Close.Reset);
            return $"{failure.HttpRequestError}, then hi";
        }
    }

    private static async Task<string> Refused(VirtualNetwork net)
    {
        (HttpClient http, NetworkFlow flow, KestrelHost app) = await StartAsync(net);
        await using KestrelHost running = app;
        using HttpClient client = http;
        flow.Refuse(times: 2);
        for (int tried = 1; ; tried++)
        {
            try
            {
                Check(await client.GetStringAsync("/") == "hi");
                return $"hi at try {tried}";
            }
            catch (HttpRequestException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
            {
                await Task.Delay(TimeSpan.FromSeconds(tried), net.Time);
            }
        }
    }

    private static async Task<string> Stalled(VirtualNetwork net)
    {
        (HttpClient http, NetworkFlow flow, KestrelHost app) = await StartAsync(net);
        await using KestrelHost running = app;
        using HttpClient client = http;
        flow.StallFor(TimeSpan.FromSeconds(30), responseBytes: 0);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(10), net.Time);
        try
        {
            await client.GetStringAsync("/", patience.Token);
            throw new InvalidOperationException("The stall was not seen.");
        }
        catch (OperationCanceledException)
        {
            TimeSpan gaveUp = net.Elapsed;
            Check(await client.GetStringAsync("/") == "hi");
            return $"given up after {gaveUp.TotalSeconds:F1} s, then hi";
        }
    }

    private static async Task<string> Partitioned(VirtualNetwork net)
    {
        (HttpClient http, NetworkFlow flow, KestrelHost app) = await StartAsync(net, new Impairment { Delay = TimeSpan.FromMilliseconds(20), Rate = 2_000_000 });
        await using KestrelHost running = app;
        using HttpClient client = http;
        net.Link(net["client"], net["api.test"]).Partition(from: TimeSpan.FromSeconds(2), duration: TimeSpan.FromMinutes(2));
        byte[] got = await client.GetByteArrayAsync("/download");
        Check(got.AsSpan().SequenceEqual(Download));
        return $"{got.Length} bytes, {flow.Connections[0].Retransmissions} retransmissions";
    }

    private static async Task<string> Noisy(VirtualNetwork net)
    {
        (HttpClient http, NetworkFlow flow, KestrelHost app) = await StartAsync(
            net, new Impairment { Delay = TimeSpan.FromMilliseconds(5), Loss = 0.02, Duplicate = 0.01, Corrupt = 0.01, Reorder = 0.05, ReorderDelay = TimeSpan.FromMilliseconds(3) });
        await using KestrelHost running = app;
        using HttpClient client = http;
        byte[] got = await client.GetByteArrayAsync("/download");
        Check(got.AsSpan().SequenceEqual(Download));
        return $"sha256 {Convert.ToHexStringLower(SHA256.HashData(got))[..16]}, {flow.Connections[0].Retransmissions} retransmissions";
    }

    private static async Task<(HttpClient Http, NetworkFlow Flow, KestrelHost App)> StartAsync(VirtualNetwork net, Impairment? link = null)
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "api.test", link: link ?? new Impairment { Delay = TimeSpan.FromMilliseconds(30) });
        KestrelHost app = await server.StartKestrelAsync(a =>
        {
            a.MapGet("/", () => "hi");
            a.MapGet("/download", () => Microsoft.AspNetCore.Http.Results.Bytes(Download));
        });
        return (new HttpClient(client.CreateHttpHandler()) { BaseAddress = new Uri("http://api.test") }, net.Flow(client, server, port: 80), app);
    }

    private static void Check(bool isRight)
    {
        if (!isRight) throw new InvalidDataException("Something else arrived than was sent.");
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        new SeededRandom(1).Fill(bytes);
        return bytes;
    }
}
