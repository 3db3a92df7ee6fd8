using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using NetStack.Tcp;

namespace NetStack.Kestrel.Tests;

/// <summary>How connections end: stopped, forgotten, half closed, vanished.</summary>
public sealed class LifetimeTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    [Fact]
    public Task A_stop_lets_requests_under_way_end_and_takes_no_new_ones()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Web.RunAsync(
            a => a.MapGet("/", async () =>
            {
                asked.TrySetResult();
                await go.Task;
                return "late";
            }),
            async web =>
            {
                Task<string> answer = web.Http.GetStringAsync("/");
                await asked.Task;
                Task stopped = web.App.StopAsync();
                await Task.Delay(TimeSpan.FromSeconds(1), web.Pair.Loop.TimeProvider);
                await Assert.ThrowsAsync<HttpRequestException>(() => web.Client().GetStringAsync("/"));
                Assert.False(stopped.IsCompleted);
                go.SetResult();
                Assert.Equal("late", await answer);
                await stopped;
                await web.UntilAsync(() => Web.ConnectionsOf(web.Pair.B) == 0);
            });
    }

    [Fact]
    public Task A_stop_that_is_out_of_patience_aborts_what_is_under_way()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Web.RunAsync(
            a => a.MapGet("/", async (HttpContext context) =>
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }),
            async web =>
            {
                Task<string> answer = web.Http.GetStringAsync("/");
                await asked.Task;
                using CancellationTokenSource patience = new(TimeSpan.FromSeconds(1), web.Pair.Loop.TimeProvider);
                await web.App.StopAsync(patience.Token);
                await Assert.ThrowsAsync<HttpRequestException>(() => answer);
                await web.UntilAsync(() => Web.ConnectionsOf(web.Pair.B) == 0);
            });
    }

    [Fact]
    public Task A_host_that_stops_first_ends_its_application() => Web.RunAsync(a => a.MapGet("/", () => "hi"), async web =>
    {
        Assert.Equal("hi", await web.Http.GetStringAsync("/"));
        await web.Pair.B.DisposeAsync();
        await web.App.StopAsync();
        Assert.Empty(web.Log.From(LogLevel.Error));
    });

    [Theory, InlineData(false), InlineData(true)]
    public Task A_client_that_is_forgotten_ends_on_both_sides_and_nobody_complains(bool hasTls) => Web.RunForRealAsync(
        a => a.MapGet("/", () => "hi"),
        async web =>
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ForgetAsync(web, hasTls)));
            for (int i = 0; i < 600 && Web.ConnectionsOf(web.Pair.A) + Web.ConnectionsOf(web.Pair.B) > 0; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Task.Delay(50);
            }
            Assert.Equal((0, 0), (Web.ConnectionsOf(web.Pair.A), Web.ConnectionsOf(web.Pair.B)));
            Assert.DoesNotContain(web.Log.From(LogLevel.Warning), l => l.Contains("never completed", StringComparison.Ordinal));
        },
        hasTls ? Web.Tls : null);

    [Theory, InlineData(false), InlineData(true)]
    public Task A_client_that_closes_or_resets_is_noticed_by_a_server_that_only_waits(bool isReset)
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource noticed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Web.RunAsync(
            a => a.MapGet("/", async (HttpContext context) =>
            {
                context.RequestAborted.Register(() => noticed.SetResult());
                asked.SetResult();
                await noticed.Task;
            }),
            async web =>
            {
                NetConnection client = await web.Pair.A.ConnectTcpAsync(Web.Server);
                await client.Output.WriteAsync(Encoding.ASCII.GetBytes(Get));
                await asked.Task;
                if (isReset) client.Abort();
                else await client.DisposeAsync();
                await noticed.Task;
                await web.UntilAsync(() => Web.ConnectionsOf(web.Pair.B) == 0);
            });
    }

    [Theory, InlineData(1), InlineData(2)]
    public Task A_client_that_closes_is_not_answered_by_a_reset(int version) => Web.RunAsync(
        a => a.MapGet("/", () => "hi"),
        async web =>
        {
            HttpClient client = web.Client(new Version(version, version == 1 ? 1 : 0));
            Assert.Equal("hi", await client.GetStringAsync("/"));
            client.Dispose();
            await web.UntilAsync(() => Web.ConnectionsOf(web.Pair.A) + Web.ConnectionsOf(web.Pair.B) == 0);
            long resets = 0;
            web.Pair.Loop.Run(_ => resets = web.Pair.A.Stack.Tcp.Counters.ResetsReceived + web.Pair.B.Stack.Tcp.Counters.ResetsReceived);
            Assert.Equal(0, resets);
        },
        version == 1 ? null : Web.H2c);

    [Fact]
    public Task A_client_that_half_closes_gets_its_answer_where_that_is_allowed() => Web.RunAsync(
        a => a.MapGet("/", async () =>
        {
            await Task.Yield();
            return "hi";
        }),
        async web =>
        {
            for (int i = 0; i < 20; i++)
            {
                await using NetConnection client = await web.Pair.A.ConnectTcpAsync(Web.Server);
                await client.Output.WriteAsync(Encoding.ASCII.GetBytes(Get));
                await client.Output.CompleteAsync();
                Assert.Contains("\r\nhi\r\n", await ReadAsync(client), StringComparison.Ordinal);
            }
        },
        o => o.Transport.AllowHalfClose = true);

    [Fact]
    public Task A_client_that_vanishes_is_given_up_when_its_user_timeout_is_over()
    {
        TaskCompletionSource<bool> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Web.RunAsync(
            a => a.MapGet("/", async (HttpContext context) =>
            {
                byte[] piece = new byte[64 * 1024];
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await context.Response.Body.WriteAsync(piece);
                    await Task.Yield(); // a write to nobody ends at once, and the one worker has to run the token's callbacks too
                }
                ended.SetResult(true);
            }),
            async web =>
            {
                await using Stream answer = await web.Http.GetStreamAsync("/");
                await answer.ReadExactlyAsync(new byte[1 << 20]);
                web.Pair.Link.SetUp(false);
                long before = web.Pair.Loop.Now.Nanoseconds;
                await ended.Task;
                double seconds = (web.Pair.Loop.Now.Nanoseconds - before) / 1e9;
                Assert.InRange(seconds, 29, 65);
                await web.UntilAsync(() => Web.ConnectionsOf(web.Pair.B) == 0);
            },
            o => o.Transport.Connection = new TcpConnectionOptions { NoDelay = true, UserTimeout = TimeSpan.FromSeconds(30) });
    }

    [Fact]
    public Task A_client_is_told_that_its_upload_is_too_large_before_it_has_sent_it() => Web.RunAsync(
        a => a.MapPost("/", (HttpContext context) =>
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return Task.CompletedTask;
        }),
        async web =>
        {
            await using NetConnection client = await web.Pair.A.ConnectTcpAsync(Web.Server);
            await client.Output.WriteAsync(Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 300000000\r\n\r\n"));
            try
            {
                await client.Output.WriteAsync(new byte[200_000]);
            }
            catch (IOException)
            {
                // what comes after the server closed is reset, as over sockets; the answer came before
            }
            ReadResult answer = await client.Input.ReadAsync();
            Assert.StartsWith("HTTP/1.1 413 ", Encoding.ASCII.GetString(answer.Buffer), StringComparison.Ordinal);
            client.Input.AdvanceTo(answer.Buffer.End);
        });

    [Fact]
    public Task A_server_waits_for_a_client_that_does_not_read()
    {
        long written = 0;
        const int Size = 64 << 20;
        return Web.RunAsync(
            a => a.MapGet("/", async (HttpContext context) =>
            {
                byte[] piece = new byte[64 * 1024];
                for (; written < Size; written += piece.Length) await context.Response.Body.WriteAsync(piece);
            }),
            async web =>
            {
                await using Stream answer = await web.Http.GetStreamAsync("/");
                await Task.Delay(TimeSpan.FromMinutes(1), web.Pair.Loop.TimeProvider);
                long stuckAt = written;
                await Task.Delay(TimeSpan.FromMinutes(1), web.Pair.Loop.TimeProvider);
                Assert.Equal(stuckAt, written);
                Assert.InRange(written, 64 * 1024, 12 << 20);
                using MemoryStream all = new();
                await answer.CopyToAsync(all);
                Assert.Equal(Size, all.Length);
            });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task ForgetAsync(Web web, bool hasTls)
    {
        SocketsHttpHandler handler = web.Pair.A.CreateHttpHandler();
        handler.SslOptions = Certificates.Client;
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2); // of a connection whose pool still waits for bytes
        HttpClient client = new(handler) { BaseAddress = new Uri(hasTls ? "https://10.0.0.2" : "http://10.0.0.2") };
        Assert.Equal("hi", await client.GetStringAsync("/"));
    }

    private static async Task<string> ReadAsync(NetConnection connection)
    {
        using StreamReader reader = new(connection.AsStream(), leaveOpen: true);
        return await reader.ReadToEndAsync();
    }
}
