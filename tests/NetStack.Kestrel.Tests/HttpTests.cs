using Microsoft.AspNetCore.Builder;
using NetStack.Runtime.Tests;

namespace NetStack.Kestrel.Tests;

public sealed class HttpTests
{
    [Fact]
    public Task A_get_is_answered_in_virtual_time() => HostPair.RunAsync(async pair =>
    {
        await using KestrelHost app = await pair.B.StartKestrelAsync(a => a.MapGet("/", () => "hi"));
        using HttpClient http = new(pair.A.CreateHttpHandler()) { BaseAddress = new Uri("http://10.0.0.2"), Timeout = Timeout.InfiniteTimeSpan };
        Assert.Equal("hi", await http.GetStringAsync("/"));
    });

    [Fact]
    public async Task A_get_is_answered_in_real_time()
    {
        await using RealTimeLoop loop = new();
        await using HostPair pair = await HostPair.StartAsync(loop);
        await using KestrelHost app = await pair.B.StartKestrelAsync(a => a.MapGet("/", () => "hi"));
        using HttpClient http = new(pair.A.CreateHttpHandler()) { BaseAddress = new Uri("http://10.0.0.2") };
        Assert.Equal("hi", await http.GetStringAsync("/"));
    }
}
