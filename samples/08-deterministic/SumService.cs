using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NetStack.Kestrel;

namespace NetStack.Samples;

/// <summary>A web server that says the hash of what it is sent, and its client: Kestrel and HttpClient, over HTTP/2.</summary>
internal static class SumService
{
    internal static Task<KestrelHost> StartAsync(NetStackHost host) => host.StartKestrelAsync(
        web => web.MapPost("/sum", async (HttpContext context) =>
        {
            byte[] hash = await SHA256.HashDataAsync(context.Request.Body, context.RequestAborted);
            await context.Response.WriteAsync(Convert.ToHexStringLower(hash), context.RequestAborted);
        }),
        o => o.Protocols = HttpProtocols.Http2);

    /// <summary>Posts one body after the other.</summary>
    /// <returns>How many were summed right.</returns>
    internal static async Task<int> PostAsync(NetStackHost host, int requests, TimeProvider time)
    {
        using HttpClient http = new(host.CreateHttpHandler())
        {
            BaseAddress = new Uri("http://store"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        int right = 0;
        for (int i = 0; i < requests; i++)
        {
            byte[] body = new byte[1000 * i];
            body.AsSpan().Fill((byte)i);
            using HttpResponseMessage answer = await http.PostAsync(new Uri("/sum", UriKind.Relative), new ByteArrayContent(body)).ConfigureAwait(false);
            string text = await answer.Content.ReadAsStringAsync().ConfigureAwait(false);
            if (string.Equals(text, Convert.ToHexStringLower(SHA256.HashData(body)), StringComparison.Ordinal)) right++;
            await Task.Delay(TimeSpan.FromSeconds(1), time).ConfigureAwait(false);
        }
        return right;
    }
}
