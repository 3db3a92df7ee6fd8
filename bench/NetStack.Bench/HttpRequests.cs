using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NetStack.Kestrel;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.Bench;

/// <summary>
/// One GET after another from HttpClient to Kestrel in one process: over the kernel's loopback, and over two stacks, their NICs and a link
/// that loses nothing and delays nothing. All ways in turn, round by round; medians, and ratios to the kernel in the same round.
/// </summary>
internal static class HttpRequests
{
    private const int Requests = 300;
    private const int Warmup = 5;
    private const int BodyBytes = 16 << 20;

    private static readonly byte[] Piece = new byte[64 * 1024];

    internal static async Task PrintAsync(TextWriter output, int rounds)
    {
        await using Site kernel = await Site.OverSocketsAsync();
        await using Site stack = await Site.OverStackAsync("two stacks, a virtual link");
        await using Site piped = await Site.OverStackAsync("the same, a second pair of pipes under Kestrel", hasPipes: true);
        await using Site inline = await Site.OverStackAsync("two stacks, continuations on the loop's thread", scheduler: PipeScheduler.Inline);
        Site[] sites = [kernel, stack, piped, inline];
        for (int round = -Warmup; round < rounds; round++)
        {
            for (int i = 0; i < sites.Length; i++) await sites[(i + round + Warmup) % sites.Length].MeasureAsync(Requests, isKept: round >= 0);
        }
        output.WriteLine($"{rounds} interleaved rounds of {Requests} GETs, one after another on one connection, and of {BodyBytes >> 20} MiB each way; medians.");
        output.WriteLine();
        output.WriteLine("| way | µs a GET | CPU µs a GET | ÷ kernel, elapsed | ÷ kernel, CPU | allocated bytes a GET | CPU s/GiB, upload | CPU s/GiB, download |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|--:|--:|");
        foreach (Site site in sites)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {site.Name} | {Median(site.Wall):F0} | {Median(site.Cpu):F0} | {Median(Ratios(site.Wall, kernel.Wall)):F2} | {Median(Ratios(site.Cpu, kernel.Cpu)):F2} | {Median(site.Allocated):F0} | {Median(site.Uploads):F2} | {Median(site.Downloads):F2} |"));
        }
    }

    private static IEnumerable<double> Ratios(List<double> these, List<double> those) => these.Zip(those, (a, b) => a / b);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>A server and a client of it.</summary>
    private sealed class Site(string name, HttpClient client, params IAsyncDisposable[] parts) : IAsyncDisposable
    {
        internal string Name => name;

        internal List<double> Wall { get; } = [];

        internal List<double> Cpu { get; } = [];

        internal List<double> Allocated { get; } = [];

        internal List<double> Uploads { get; } = [];

        internal List<double> Downloads { get; } = [];

        internal static async Task<Site> OverSocketsAsync()
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.Services.AddRoutingCore();
            builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
            WebApplication app = builder.Build();
            Map(app);
            await app.StartAsync();
            return new Site("kernel, loopback", new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(app.Urls.Single()) }, app);
        }

        internal static async Task<Site> OverStackAsync(string name, bool hasPipes = false, PipeScheduler? scheduler = null)
        {
            RealTimeLoop loop = new();
            VirtualLink link = new(new Impairment());
            VirtualNic left = new(new VirtualNicOptions { Name = "left", Mac = new MacAddress(0x02_00_00_00_00_01) });
            VirtualNic right = new(new VirtualNicOptions { Name = "right", Mac = new MacAddress(0x02_00_00_00_00_02) });
            link.Connect(left, right);
            loop.Add(link);
            NetStackHost client = await StartAsync(left, "10.0.0.1/24");
            NetStackHost server = await StartAsync(right, "10.0.0.2/24");
            KestrelHost app = await server.StartKestrelAsync(Map, o =>
            {
                o.Transport.Scheduler = scheduler ?? PipeScheduler.ThreadPool;
                o.ConfigureServer = k => k.Listen(IPAddress.IPv6Any, 81, l => l.Use(next => connection => WithPipesAsync(connection, next)));
            });
            return new Site(name, new HttpClient(client.CreateHttpHandler()) { BaseAddress = new Uri(hasPipes ? "http://10.0.0.2:81" : "http://10.0.0.2") }, app, client, server, loop);

            Task<NetStackHost> StartAsync(VirtualNic nic, string address) => NetStackHost.CreateBuilder()
                .UseLoop(loop).Configure(o => o.Scheduler = scheduler ?? PipeScheduler.ThreadPool).AddNic(nic, o => o.Address(address)).StartAsync();
        }

        internal async Task MeasureAsync(int requests, bool isKept)
        {
            long allocated = GC.GetTotalAllocatedBytes();
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            for (int i = 0; i < requests; i++)
            {
                if (await client.GetStringAsync("/") != "hi") throw new InvalidOperationException("Something else was answered.");
            }
            double wall = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            double used = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds;
            long bytes = GC.GetTotalAllocatedBytes() - allocated;
            double upload = await CpuPerGibibyteAsync(() => client.PostAsync("/", new ByteArrayContent(new byte[BodyBytes])));
            double download = await CpuPerGibibyteAsync(() => client.GetAsync("/large"));
            if (!isKept) return;
            Uploads.Add(upload);
            Downloads.Add(download);
            Wall.Add(wall / requests);
            Cpu.Add(used / requests);
            Allocated.Add(bytes / (double)requests);
        }

        private static void Map(WebApplication app)
        {
            app.MapGet("/", () => "hi");
            app.MapPost("/", async (HttpContext context) =>
            {
                while (await context.Request.Body.ReadAsync(Piece) > 0)
                {
                    // what is read is nobody's
                }
            });
            app.MapGet("/large", async (HttpContext context) =>
            {
                for (int i = 0; i < BodyBytes; i += Piece.Length) await context.Response.Body.WriteAsync(Piece);
            });
        }

        private static async Task<double> CpuPerGibibyteAsync(Func<Task<HttpResponseMessage>> transfer)
        {
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            using (HttpResponseMessage response = await transfer()) response.EnsureSuccessStatusCode();
            return (Environment.CpuUsage.TotalTime - cpu).TotalSeconds * (1 << 30) / BodyBytes;
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            foreach (IAsyncDisposable part in parts) await part.DisposeAsync();
        }

        /// <summary>What a transport does that fills pipes of its own.</summary>
        private static async Task WithPipesAsync(ConnectionContext connection, ConnectionDelegate next)
        {
            IDuplexPipe transport = connection.Transport;
            Pipe input = new(new PipeOptions(pauseWriterThreshold: 1 << 20, useSynchronizationContext: false));
            Pipe output = new(new PipeOptions(pauseWriterThreshold: 64 << 10, useSynchronizationContext: false));
            Task filling = FillAsync(transport.Input, input.Writer);
            Task sending = FillAsync(output.Reader, transport.Output);
            connection.Transport = new Duplex(input.Reader, output.Writer);
            await next(connection);
            await input.Reader.CompleteAsync();
            await output.Writer.CompleteAsync();
            transport.Input.CancelPendingRead();
            await Task.WhenAll(filling, sending);
        }

        private static async Task FillAsync(PipeReader from, PipeWriter to)
        {
            while (true)
            {
                ReadResult read = await from.ReadAsync();
                foreach (ReadOnlyMemory<byte> piece in read.Buffer) to.Write(piece.Span);
                from.AdvanceTo(read.Buffer.End);
                FlushResult flushed = await to.FlushAsync();
                if (read.IsCompleted || read.IsCanceled || flushed.IsCompleted) break;
            }
            await to.CompleteAsync();
        }

        private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }
}
