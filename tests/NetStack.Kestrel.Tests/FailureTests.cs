using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using NetStack.Runtime.Tests;

namespace NetStack.Kestrel.Tests;

/// <summary>Failures are the exceptions that programs know from sockets.</summary>
public sealed class FailureTests
{
    [Fact]
    public Task A_connect_that_is_refused() => Web.RunAsync(a => a.MapGet("/", () => "hi"), async web =>
    {
        HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(() => web.Http.GetStringAsync("http://10.0.0.2:81/"));
        Assert.Equal(HttpRequestError.ConnectionError, failure.HttpRequestError);
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    });

    [Fact]
    public Task A_name_that_nobody_has() => Web.RunAsync(a => a.MapGet("/", () => "hi"), async web =>
    {
        HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(() => web.Http.GetStringAsync("http://nowhere.invalid/"));
        Assert.Equal(HttpRequestError.NameResolutionError, failure.HttpRequestError);
        Assert.Equal(SocketError.HostNotFound, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    });

    [Fact]
    public Task A_connect_that_is_given_up() => Web.RunAsync(a => a.MapGet("/", () => "hi"), async web =>
    {
        web.Pair.Link.SetUp(false);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(2), web.Pair.Loop.TimeProvider);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => web.Http.GetStringAsync("/", limit.Token));
        web.Pair.Link.SetUp(true);
        Assert.Equal("hi", await web.Http.GetStringAsync("/"));
    });

    [Fact]
    public Task A_reset_while_an_answer_is_waited_for_is_what_a_network_stream_gives() => HostPair.RunAsync(async pair =>
    {
        using NetListener listener = pair.B.ListenTcp(Web.Server);
        Task served = ServeAsync();
        using HttpClient http = new(pair.A.CreateHttpHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync("http://10.0.0.2/"));
        Assert.Equal(HttpRequestError.Unknown, failure.HttpRequestError);
        SocketException cause = Assert.IsType<SocketException>(Assert.IsType<IOException>(failure.InnerException).InnerException);
        Assert.Equal(SocketError.ConnectionReset, cause.SocketErrorCode);
        await served;

        async Task ServeAsync()
        {
            await using NetConnection connection = await listener.AcceptAsync();
            await connection.Input.ReadAsync();
            connection.Abort();
        }
    });

    [Theory, InlineData(true), InlineData(false)]
    public Task A_body_that_breaks_off_is_a_reset_or_a_bad_request(bool isReset)
    {
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<Exception?> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return Web.RunAsync(
            a => a.MapPost("/", async (HttpContext context) =>
            {
                try
                {
                    await context.Request.Body.ReadExactlyAsync(new byte[10]);
                    begun.SetResult();
                    await context.Request.Body.CopyToAsync(Stream.Null);
                    seen.SetResult(null);
                }
                catch (Exception failure)
                {
                    seen.SetResult(failure);
                    throw;
                }
            }),
            async web =>
            {
                NetConnection client = await web.Pair.A.ConnectTcpAsync(Web.Server);
                await client.Output.WriteAsync(Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n0123456789"));
                await begun.Task;
                if (isReset) client.Abort();
                else await client.DisposeAsync();
                Exception? failure = await seen.Task;
                if (isReset)
                {
                    ConnectionResetException reset = Assert.IsType<ConnectionResetException>(failure);
                    Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(reset.InnerException).SocketErrorCode);
                }
                else Assert.IsAssignableFrom<BadHttpRequestException>(failure);
                await web.UntilAsync(() => Web.ConnectionsOf(web.Pair.B) == 0);
            });
    }

    [Fact]
    public Task An_aborted_request_resets_the_connection_of_http_1() => Web.RunAsync(
        a => a.MapGet("/", (HttpContext context) => context.Abort()),
        async web =>
        {
            HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(() => web.Http.GetStringAsync("/"));
            SocketException cause = Assert.IsType<SocketException>(Assert.IsType<IOException>(failure.InnerException).InnerException);
            Assert.Equal(SocketError.ConnectionReset, cause.SocketErrorCode);
        });

    [Fact]
    public Task An_aborted_request_resets_its_stream_of_http_2_and_no_other() => Web.RunAsync(
        a =>
        {
            a.MapGet("/", () => "hi");
            a.MapGet("/abort", (HttpContext context) => context.Abort());
        },
        async web =>
        {
            HttpClient client = web.Client(HttpVersion.Version20);
            Assert.Equal("hi", await client.GetStringAsync("/"));
            HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("/abort"));
            Assert.Equal(2, Assert.IsType<HttpProtocolException>(failure.InnerException).ErrorCode); // INTERNAL_ERROR
            Assert.Equal("hi", await client.GetStringAsync("/"));
            Assert.Equal(1, Web.ConnectionsOf(web.Pair.B));
        },
        Web.H2c);

    [Fact]
    public Task A_port_in_use_is_told_and_is_free_again_after_a_stop() => Web.RunAsync(a => a.MapGet("/", () => "one"), async web =>
    {
        IOException failure = await Assert.ThrowsAsync<IOException>(() => web.Pair.B.StartKestrelAsync(a => a.MapGet("/", () => "two")));
        Assert.IsType<AddressInUseException>(failure.InnerException);
        Assert.Equal("one", await web.Http.GetStringAsync("/"));
        await web.App.StopAsync();
        await using KestrelHost second = await web.Pair.B.StartKestrelAsync(a => a.MapGet("/", () => "two"));
        Assert.Equal("two", await web.Client().GetStringAsync("/"));
    });

    [Fact]
    public Task Port_0_takes_a_free_one_and_says_which() => Web.RunAsync(
        a => a.MapGet("/", (HttpContext context) => $"{context.Connection.LocalPort}"),
        async web =>
        {
            Uri address = new(Assert.Single(web.App.Addresses));
            Assert.NotEqual(0, address.Port);
            Assert.Equal($"{address.Port}", await web.Http.GetStringAsync(address));
        },
        o =>
        {
            o.Address = HostPair.AddressB;
            o.Port = 0;
        });
}
