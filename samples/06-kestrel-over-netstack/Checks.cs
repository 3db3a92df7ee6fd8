using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using NetStack.Kestrel;

namespace NetStack.Samples;

/// <summary>What is asked of the application, each with a line that ends in ok.</summary>
internal sealed class Checks(NetStackHost host, WebApp served, KestrelHost app)
{
    private const int Requests = 20;
    private const int Rounds = 200;

    private readonly string _hash = Hash(served.Data);
    private int _failures;

    /// <summary>Runs all.</summary>
    /// <returns>How many failed.</returns>
    internal async Task<int> RunAsync(int mebibytes)
    {
        await CheckAsync("HTTP/1.1", () => GetAsync("http://api.test", HttpVersion.Version11));
        await CheckAsync("HTTP/2", () => GetAsync("http://api.test:8080", HttpVersion.Version20));
        await CheckAsync("HTTP/1.1 over TLS", () => GetAsync("https://api.test", HttpVersion.Version11));
        await CheckAsync("HTTP/2 over TLS", () => GetAsync("https://api.test", HttpVersion.Version20));
        await CheckAsync("WebSocket", () => EchoAsync("ws://api.test/echo"));
        await CheckAsync("WebSocket over TLS", () => EchoAsync("wss://api.test/echo"));
        await CheckAsync("duplex stream", DuplexAsync);
        await CheckAsync("upload", () => UploadAsync(mebibytes));
        await CheckAsync("graceful stop", StopAsync);
        return _failures;
    }

    private async Task CheckAsync(string name, Func<Task<string>> check)
    {
        string outcome;
        try
        {
            outcome = $"{await check()} ok";
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or WebSocketException or InvalidDataException)
        {
            _failures++;
            outcome = $"FAILED: {failure.Message}";
        }
        Console.WriteLine($"{name,-18}  {outcome}");
    }

    /// <summary>Requests one after another, over one connection.</summary>
    private async Task<string> GetAsync(string address, Version version)
    {
        using HttpClient http = Client(address, version);
        HashSet<string> connections = [];
        for (int i = 0; i < Requests; i++) connections.Add(await http.GetStringAsync("/connection"));
        Expect(connections.Count == 1, $"{connections.Count} connections where one would do");
        byte[] data = await http.GetByteArrayAsync("/data");
        Expect(Hash(data) == _hash, "other bytes arrived");
        return $"{Requests} requests on one connection, {data.Length} bytes, sha256 {Short(_hash)}";
    }

    private async Task<string> EchoAsync(string address)
    {
        using HttpMessageInvoker invoker = new(Handler());
        using ClientWebSocket socket = new();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        await socket.ConnectAsync(new Uri(address), invoker, CancellationToken.None);
        Task sent = socket.SendAsync(served.Data, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        byte[] back = new byte[served.Data.Length];
        int total = 0;
        for (bool isWhole = false; !isWhole;)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(back.AsMemory(total), CancellationToken.None);
            total += received.Count;
            isWhole = received.EndOfMessage;
        }
        await sent;
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        Expect(Hash(back.AsSpan(0, total)) == _hash, "other bytes came back");
        return $"one message of {total} bytes there and back, sha256 {Short(_hash)}";
    }

    private async Task<string> DuplexAsync()
    {
        using HttpClient http = Client("http://api.test:8080", HttpVersion.Version20);
        DuplexContent content = new();
        using HttpRequestMessage request = new(HttpMethod.Post, "/duplex") { Content = content, Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Stream there = await content.Opened;
        await using Stream back = await response.Content.ReadAsStreamAsync();
        byte[] ball = new byte[4];
        for (int i = 0; i < Rounds; i++)
        {
            await there.WriteAsync(BitConverter.GetBytes(i));
            await there.FlushAsync();
            await back.ReadExactlyAsync(ball);
            Expect(BitConverter.ToInt32(ball) == i, $"round {i} came back as another");
        }
        content.Close();
        Expect(await back.ReadAsync(ball) == 0, "more came back than went there");
        string rounds = response.TrailingHeaders.GetValues("rounds").Single();
        Expect(rounds == $"{Rounds}", "the trailer says otherwise");
        return $"{rounds} rounds, then a trailer";
    }

    private async Task<string> UploadAsync(int mebibytes)
    {
        using HttpClient http = Client("http://api.test", HttpVersion.Version11);
        UploadContent content = new((long)mebibytes << 20);
        long before = 0, stuck = 0;
        served.OnPause = isPaused => _ = isPaused ? before = content.Written : stuck = content.Written;
        using HttpResponseMessage response = await http.PostAsync("/upload", content);
        string hash = await response.Content.ReadAsStringAsync();
        Expect(hash == content.Hash, "other bytes arrived");
        Expect(before == stuck, "the client went on although nobody read");
        return $"{content.Written} bytes, {stuck} of them sent while the server paused, sha256 {Short(hash)}";
    }

    /// <summary>A request under way ends as it should; a new one finds nobody.</summary>
    private async Task<string> StopAsync()
    {
        using HttpClient http = Client("http://api.test", HttpVersion.Version11);
        using HttpResponseMessage slow = await http.GetAsync("/slow", HttpCompletionOption.ResponseHeadersRead);
        Task stopped = app.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), host.Loop.TimeProvider);
        try
        {
            await http.GetStringAsync("/connection");
            throw new InvalidDataException("a request was answered after the stop");
        }
        catch (HttpRequestException refused) when (refused.HttpRequestError == HttpRequestError.ConnectionError)
        {
            served.SlowMayEnd.SetResult();
        }
        Expect(await slow.Content.ReadAsStringAsync() == "done", "the request under way was cut off");
        await stopped;
        return "the request under way ended, the next was refused";
    }

    private HttpClient Client(string address, Version version) => new(Handler())
    {
        BaseAddress = new Uri(address),
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = Timeout.InfiniteTimeSpan, // it goes by the system's clock
    };

    private SocketsHttpHandler Handler()
    {
        SocketsHttpHandler handler = host.CreateHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == served.Certificate.GetCertHashString();
        return handler;
    }

    private static void Expect(bool isSo, string otherwise)
    {
        if (!isSo) throw new InvalidDataException(otherwise);
    }

    private static string Hash(ReadOnlySpan<byte> data) => Convert.ToHexString(SHA256.HashData(data));

    private static string Short(string hash) => hash[..16];
}
