using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace NetStack.Kestrel.Tests;

/// <summary>Both sides talk at once: duplex streams as gRPC has them, WebSockets.</summary>
public sealed class StreamingTests
{
    [Theory, InlineData(false), InlineData(true)]
    public Task A_duplex_stream_plays_two_hundred_rounds_and_ends_with_trailers(bool hasTls)
    {
        const int Rounds = 200;
        return Web.RunAsync(
            a => a.MapPost("/", async (HttpContext context) =>
            {
                context.Response.DeclareTrailer("rounds");
                await context.Response.BodyWriter.FlushAsync(); // sends the headers; StartAsync alone does not over HTTP/2
                byte[] ball = new byte[4];
                int rounds = 0;
                for (; await context.Request.Body.ReadAtLeastAsync(ball, 4, throwOnEndOfStream: false) == 4; rounds++)
                {
                    ball[0]++;
                    await context.Response.Body.WriteAsync(ball);
                    await context.Response.Body.FlushAsync();
                }
                context.Response.AppendTrailer("rounds", $"{rounds}");
            }),
            async web =>
            {
                TaskCompletionSource<Stream> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
                TaskCompletionSource played = new(TaskCreationOptions.RunContinuationsAsynchronously);
                using HttpRequestMessage request = new(HttpMethod.Post, "/")
                {
                    Version = HttpVersion.Version20,
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                    Content = new PushContent(async s =>
                    {
                        opened.SetResult(s);
                        await played.Task;
                    }),
                };
                using HttpResponseMessage response = await web.Client(HttpVersion.Version20).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                await using Stream there = await opened.Task;
                await using Stream back = await response.Content.ReadAsStreamAsync();
                byte[] ball = new byte[4];
                for (int i = 0; i < Rounds; i++)
                {
                    await there.WriteAsync(new byte[] { (byte)i, 1, 2, 3 });
                    await there.FlushAsync();
                    await back.ReadExactlyAsync(ball);
                    Assert.Equal([(byte)(i + 1), 1, 2, 3], ball);
                }
                played.SetResult();
                Assert.Equal(0, await back.ReadAsync(ball));
                Assert.Equal($"{Rounds}", Assert.Single(response.TrailingHeaders.GetValues("rounds")));
            },
            o =>
            {
                if (hasTls) Web.Tls(o);
                else Web.H2c(o);
            });
    }

    [Theory, InlineData("ws", 1), InlineData("wss", 1), InlineData("ws", 2), InlineData("wss", 2)]
    public Task A_web_socket_carries_text_and_a_large_message_and_closes(string scheme, int version) => Web.RunAsync(
        a => a.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero }).Run(async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            byte[] buffer = new byte[64 * 1024];
            while (true)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), default);
                if (received.MessageType == WebSocketMessageType.Close) break;
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, default);
            }
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", default);
        }),
        async web =>
        {
            using SocketsHttpHandler handler = web.Pair.A.CreateHttpHandler();
            handler.SslOptions = Certificates.Client;
            using HttpMessageInvoker invoker = new(handler);
            using ClientWebSocket socket = new();
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            socket.Options.HttpVersion = version == 2 ? HttpVersion.Version20 : HttpVersion.Version11;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            await socket.ConnectAsync(new Uri($"{scheme}://10.0.0.2/"), invoker, default);

            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);
            byte[] large = new byte[1 << 20];
            ValueWebSocketReceiveResult first = await socket.ReceiveAsync(large.AsMemory(), default);
            Assert.Equal("hello"u8, large.AsSpan(0, first.Count));

            RandomNumberGenerator.Fill(large);
            Task sent = socket.SendAsync(large, WebSocketMessageType.Binary, endOfMessage: true, default);
            byte[] back = new byte[large.Length];
            int total = 0;
            for (bool isWhole = false; !isWhole;)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(back.AsMemory(total), default);
                total += received.Count;
                isWhole = received.EndOfMessage;
            }
            await sent;
            Assert.Equal(large, back);

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", default);
            Assert.Equal((WebSocketState.Closed, "bye"), (socket.State, socket.CloseStatusDescription));
        },
        o =>
        {
            if (scheme == "wss") Web.Tls(o);
            else if (version == 2) Web.H2c(o);
        });
}
