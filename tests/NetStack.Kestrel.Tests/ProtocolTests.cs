using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using NetStack.Nic.Virtual;

namespace NetStack.Kestrel.Tests;

/// <summary>What HTTP does over two stacks: versions, TLS, reuse, size, loss.</summary>
public sealed class ProtocolTests
{
    public static TheoryData<string> Protocols => ["HTTP/1.1", "HTTP/2", "HTTP/1.1 over TLS", "HTTP/2 over TLS"];

    [Fact]
    public Task A_get_is_answered() => Web.RunAsync(a => a.MapGet("/", () => "hi"), async web => Assert.Equal("hi", await web.Http.GetStringAsync("/")));

    [Fact]
    public Task A_get_is_answered_in_real_time() =>
        Web.RunForRealAsync(a => a.MapGet("/", () => "hi"), async web => Assert.Equal("hi", await web.Http.GetStringAsync("/")));

    [Fact]
    public Task A_name_is_resolved_by_the_host() => Web.RunAsync(
        a => a.MapGet("/", (HttpRequest r) => r.Host.Value),
        async web => Assert.Equal("api.test", await web.Http.GetStringAsync("http://api.test/")),
        hosts: o => o.Dns.Hosts["api.test"] = [Wire.IpAddress.Parse("10.0.0.2")]);

    [Theory, MemberData(nameof(Protocols))]
    public Task Fifty_requests_one_after_another_take_one_connection(string protocol)
    {
        ConcurrentDictionary<string, int> connections = [];
        return RunAsync(
            protocol,
            a => a.MapGet("/{i}", (int i, HttpContext context) =>
            {
                connections.AddOrUpdate(context.Features.Get<IHttpConnectionFeature>()!.ConnectionId, 1, (_, n) => n + 1);
                return $"{context.Request.Protocol} {context.Connection.RemoteIpAddress} {context.Connection.LocalIpAddress}:{context.Connection.LocalPort} {i}";
            }),
            async (web, client) =>
            {
                string expected = $"{protocol.Split(' ')[0]} 10.0.0.1 10.0.0.2:{client.BaseAddress!.Port}";
                for (int i = 0; i < 50; i++) Assert.Equal($"{expected} {i}", await client.GetStringAsync($"/{i}"));
                Assert.Equal(50, Assert.Single(connections).Value);
                Assert.Empty(web.Log.From(LogLevel.Warning));
            });
    }

    [Theory, MemberData(nameof(Protocols))]
    public Task A_megabyte_goes_both_ways_where_every_fiftieth_frame_is_lost(string protocol)
    {
        byte[] sent = new byte[1 << 20];
        new Random(3).NextBytes(sent);
        return RunAsync(
            protocol,
            a => a.MapPost("/", async (HttpContext context) =>
            {
                using MemoryStream all = new(); // a client reads no answer before it has sent its request
                await context.Request.Body.CopyToAsync(all);
                await context.Response.Body.WriteAsync(all.GetBuffer().AsMemory(0, (int)all.Length));
            }),
            async (web, client) =>
            {
                using HttpResponseMessage response = await client.PostAsync("/", new ByteArrayContent(sent));
                Assert.Equal(sent, await response.Content.ReadAsByteArrayAsync());
                Assert.True(web.Pair.Link.AToB.Drops.Total + web.Pair.Link.BToA.Drops.Total > 10);
            },
            new Impairment { Delay = TimeSpan.FromMilliseconds(2), Loss = 0.02 });
    }

    [Fact]
    public Task A_thousand_requests_at_once_take_a_thousand_connections()
    {
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ConcurrentDictionary<string, int> connections = [];
        return Web.RunAsync(
            a => a.MapGet("/", async (HttpContext context) =>
            {
                connections.TryAdd(context.Connection.Id, 0);
                if (connections.Count == 1000) all.SetResult();
                await all.Task; // nobody is answered before all have asked
                return context.Connection.Id;
            }),
            async web =>
            {
                string[] answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => web.Http.GetStringAsync("/")));
                Assert.Equal(1000, answers.Distinct().Count());
                Assert.Equal(1000, Web.ConnectionsOf(web.Pair.B));
            });
    }

    [Fact]
    public Task A_hundred_requests_at_once_share_a_connection_of_http_2()
    {
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int arrived = 0;
        return Web.RunAsync(
            a => a.MapGet("/", async (HttpContext context) =>
            {
                if (Interlocked.Increment(ref arrived) == 100) all.SetResult();
                await all.Task;
                return context.Connection.Id.Split(':')[0];
            }),
            async web =>
            {
                HttpClient client = web.Client(HttpVersion.Version20);
                string[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.GetStringAsync("/")));
                Assert.Single(answers.Distinct());
            },
            Web.H2c);
    }

    [Fact]
    public Task Names_and_application_protocols_are_agreed_on_by_TLS() => Web.RunAsync(
        a => a.MapGet("/", (HttpContext context) => $"{context.Request.Protocol} {context.Features.Get<ITlsHandshakeFeature>()!.Protocol}"),
        async web =>
        {
            using HttpClient any = web.Client(configure: null);
            any.DefaultRequestVersion = HttpVersion.Version20;
            any.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
            Assert.Equal("HTTP/2 Tls13", await any.GetStringAsync("/"));
            Assert.Equal("HTTP/1.1 Tls13", await web.Http.GetStringAsync("/"));
        },
        Web.Tls);

    [Theory, MemberData(nameof(Protocols))]
    public Task A_hundred_mebibytes_arrive_as_they_were_sent_and_wait_for_a_server_that_waits(string protocol)
    {
        const int Size = 100 << 20;
        const int Pause = 30;
        TaskCompletionSource paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return RunAsync(
            protocol,
            a => a.MapPost("/", async (HttpContext context) =>
            {
                using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                byte[] buffer = new byte[64 * 1024];
                long total = 0;
                for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0; total += count)
                {
                    hash.AppendData(buffer, 0, count);
                    if (total > 1 << 20 && paused.TrySetResult()) await resumed.Task;
                }
                return $"{total} {Convert.ToHexString(hash.GetHashAndReset())}";
            }),
            async (web, client) =>
            {
                GeneratedContent content = new(Size);
                Task<HttpResponseMessage> posted = client.PostAsync("/", content);
                await paused.Task;
                await Task.Delay(TimeSpan.FromSeconds(Pause), web.Pair.Loop.TimeProvider);
                long stuckAt = content.Written;
                await Task.Delay(TimeSpan.FromSeconds(Pause), web.Pair.Loop.TimeProvider);
                Assert.Equal(stuckAt, content.Written);
                Assert.InRange(stuckAt, 1 << 20, 24 << 20); // what buffers hold on the way
                resumed.SetResult();
                using HttpResponseMessage response = await posted;
                Assert.Equal($"{Size} {content.Hash}", await response.Content.ReadAsStringAsync());
            },
            new Impairment { Delay = TimeSpan.FromMilliseconds(1) },
            o => o.ConfigureServer = s => s.Limits.MaxRequestBodySize = null);
    }

    private static Task RunAsync(string protocol, Action<WebApplication> map, Func<Web, HttpClient, Task> program, Impairment? impairment = null, Action<KestrelHostOptions>? configure = null)
    {
        Version version = protocol.StartsWith("HTTP/2", StringComparison.Ordinal) ? HttpVersion.Version20 : HttpVersion.Version11;
        return Web.RunAsync(
            map,
            web => program(web, web.Client(version)),
            o =>
            {
                if (protocol.EndsWith("TLS", StringComparison.Ordinal)) Web.Tls(o);
                else if (version == HttpVersion.Version20) Web.H2c(o);
                configure?.Invoke(o);
            },
            impairment: impairment);
    }
}
