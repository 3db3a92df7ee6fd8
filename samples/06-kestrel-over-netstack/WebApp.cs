using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NetStack.Kestrel;

namespace NetStack.Samples;

/// <summary>What is served: an ordinary web application. Port 80 speaks HTTP/1.1, 8080 HTTP/2 without TLS, 443 both with TLS.</summary>
internal sealed class WebApp
{
    private const int PauseAfter = 1 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;

    internal WebApp(ulong seed, TimeProvider time)
    {
        _time = time;
        new Random((int)seed).NextBytes(Data);
    }

    /// <summary>A mebibyte that is served.</summary>
    internal byte[] Data { get; } = new byte[1 << 20];

    internal X509Certificate2 Certificate { get; } = CreateCertificate();

    /// <summary>Told when the upload is not being read for a while, and when it is again.</summary>
    internal Action<bool>? OnPause { get; set; }

    /// <summary>Ends the slow request.</summary>
    internal TaskCompletionSource SlowMayEnd { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<KestrelHost> StartAsync(NetStackHost host) => host.StartKestrelAsync(Map, o => o.ConfigureServer = server =>
    {
        server.Limits.MaxRequestBodySize = null;
        server.Listen(IPAddress.IPv6Any, 8080, listen => listen.Protocols = HttpProtocols.Http2);
        server.Listen(IPAddress.IPv6Any, 443, listen => listen.UseHttps(Certificate));
    });

    private void Map(WebApplication app)
    {
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero }); // its timer goes by the system's clock
        app.MapGet("/data", (HttpContext context) => context.Response.Body.WriteAsync(Data).AsTask());
        app.MapGet("/connection", (HttpContext context) => $"{context.Request.Protocol} {context.Connection.Id}");
        app.MapPost("/upload", UploadAsync);
        app.MapPost("/duplex", DuplexAsync);
        app.Map("/echo", EchoAsync);
        app.MapGet("/slow", async (HttpContext context) =>
        {
            await context.Response.StartAsync();
            await context.Response.BodyWriter.FlushAsync();
            await SlowMayEnd.Task;
            await context.Response.WriteAsync("done");
        });
    }

    /// <summary>Says the hash of what it got. Once it does not read for ten seconds, and the client has to wait.</summary>
    private async Task UploadAsync(HttpContext context)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[64 * 1024];
        long total = 0;
        bool hasPaused = false;
        for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0; total += count)
        {
            hash.AppendData(buffer, 0, count);
            if (hasPaused || total < PauseAfter) continue;
            hasPaused = true;
            await Task.Delay(Pause, _time); // what fits the buffers on the way gets there meanwhile
            OnPause?.Invoke(true);
            await Task.Delay(Pause, _time);
            OnPause?.Invoke(false);
        }
        await context.Response.WriteAsync(Convert.ToHexString(hash.GetHashAndReset()));
    }

    /// <summary>Answers each piece when it comes, as a gRPC method with two streams does.</summary>
    private static async Task DuplexAsync(HttpContext context)
    {
        context.Response.DeclareTrailer("rounds");
        await context.Response.BodyWriter.FlushAsync(); // sends the headers; StartAsync alone does not over HTTP/2
        byte[] ball = new byte[4];
        int rounds = 0;
        for (; await context.Request.Body.ReadAtLeastAsync(ball, ball.Length, throwOnEndOfStream: false) == ball.Length; rounds++)
        {
            await context.Response.Body.WriteAsync(ball);
            await context.Response.Body.FlushAsync();
        }
        context.Response.AppendTrailer("rounds", $"{rounds}");
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (received.MessageType == WebSocketMessageType.Close) break;
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
        }
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    private static X509Certificate2 CreateCertificate()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=api.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("api.test");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
