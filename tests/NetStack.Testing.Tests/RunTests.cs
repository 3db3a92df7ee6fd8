using System.Net;
using System.Net.Sockets;
using NetStack.Nic.Virtual;

namespace NetStack.Testing.Tests;

/// <summary>Bodies, names, time.</summary>
public sealed class RunTests
{
    [Fact]
    public Task Two_hosts_find_each_other_by_name_and_talk() => VirtualNetwork.RunAsync(seed: 7, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "api.test", latency: TimeSpan.FromMilliseconds(200));
        Task echo = Programs.EchoOnceAsync(server, 7);
        Assert.Equal("hello", await Programs.AskAsync(client, "api.test", 7, "hello"));
        await echo;
        Assert.InRange(net.Elapsed, TimeSpan.FromMilliseconds(800), TimeSpan.FromMilliseconds(2500)); // ARP, handshake, question
    });

    [Fact]
    public Task A_name_that_nobody_has_does_not_exist() => VirtualNetwork.RunAsync(1, async net =>
    {
        (NetStackHost a, _) = net.AddPair("a", "b");
        SocketException failure = await Assert.ThrowsAsync<SocketException>(() => a.ResolveAsync("nowhere.test").AsTask());
        Assert.Equal(SocketError.HostNotFound, failure.SocketErrorCode);
        net.AddName("nowhere.test", net["b"]);
        Assert.Equal([net.AddressOf(net["b"])], await a.ResolveAsync("nowhere.test"));
    });

    [Fact]
    public async Task A_virtual_day_takes_seconds()
    {
        long before = TimeProvider.System.GetTimestamp();
        await VirtualNetwork.RunAsync(1, async net =>
        {
            (NetStackHost a, NetStackHost b) = net.AddPair("a", "b");
            using NetUdp server = b.BindUdp(new IPEndPoint(IPAddress.Any, 9));
            using NetUdp client = a.BindUdp(new IPEndPoint(IPAddress.Any, 0));
            byte[] buffer = new byte[16];
            for (int hour = 1; hour <= 23; hour++)
            {
                await Task.Delay(TimeSpan.FromHours(1), net.Time);
                await client.SendAsync(new byte[] { (byte)hour }, new IPEndPoint(net.AddressOf(b), 9));
                Assert.Equal(1, (await server.ReceiveAsync(buffer)).Length);
                Assert.Equal(hour, buffer[0]);
            }
            Assert.Equal(23, (int)net.Elapsed.TotalHours);
        });
        Assert.InRange(TimeProvider.System.GetElapsedTime(before), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_seed_gives_the_same_run_each_time(int seed)
    {
        string[] hashes = new string[5];
        for (int i = 0; i < hashes.Length; i++)
        {
            await VirtualNetwork.RunAsync(seed, async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b", loss: 0.05);
                Task[] echoes = [.. Enumerable.Range(0, 4).Select(k => Programs.EchoOnceAsync(b, 100 + k))];
                string[] answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(k => Task.Run(() => Programs.AskAsync(a, "b", 100 + k, new string((char)('a' + k), 20_000)))));
                Assert.All(answers, x => Assert.Equal(20_000, x.Length));
                await Task.WhenAll(echoes);
                hashes[i] = net.GetTraceHash();
            });
        }
        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public async Task Another_seed_gives_another_run()
    {
        HashSet<string> hashes = [];
        for (int seed = 1; seed <= 4; seed++)
        {
            await VirtualNetwork.RunAsync(seed, async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b", loss: 0.05);
                Task echo = Programs.EchoOnceAsync(b, 7);
                await Programs.AskAsync(a, "b", 7, "hello");
                await echo;
                hashes.Add(net.GetTraceHash());
            });
        }
        Assert.Equal(4, hashes.Count);
    }

    [Fact]
    public async Task The_pool_has_its_limits_back_afterwards()
    {
        ThreadPool.GetMinThreads(out int least, out _);
        ThreadPool.GetMaxThreads(out int most, out _);
        int inside = 0;
        await VirtualNetwork.RunAsync(1, net =>
        {
            ThreadPool.GetMaxThreads(out inside, out _);
            return Task.CompletedTask;
        });
        ThreadPool.GetMinThreads(out int leastAfter, out _);
        ThreadPool.GetMaxThreads(out int mostAfter, out _);
        Assert.Equal((1, least, most), (inside, leastAfter, mostAfter));
    }

    [Fact]
    public async Task Runs_that_begin_together_go_one_after_another()
    {
        int running = 0;
        await Task.WhenAll(Enumerable.Range(1, 5).Select(seed => VirtualNetwork.RunAsync(seed, async net =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            await Task.Delay(TimeSpan.FromMinutes(1), net.Time);
            Interlocked.Decrement(ref running);
        })));
    }

    [Fact]
    public Task Stopping_ends_what_the_body_left_running() => VirtualNetwork.RunAsync(1, net =>
    {
        (_, NetStackHost b) = net.AddPair("a", "b");
        _ = Task.Run(async () =>
        {
            await using NetListener listener = b.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
            await foreach (NetConnection connection in listener.AcceptAllAsync(net.Stopping)) connection.Abort();
        });
        return Task.Delay(TimeSpan.FromSeconds(1), net.Time);
    });

    [Fact]
    public Task Things_happen_when_they_are_due() => VirtualNetwork.RunAsync(1, async net =>
    {
        List<TimeSpan> at = [];
        net.At(TimeSpan.FromSeconds(30), () => at.Add(net.Elapsed));
        net.At(TimeSpan.FromSeconds(10), () => at.Add(net.Elapsed));
        net.At(TimeSpan.Zero, () => at.Add(net.Elapsed));
        await Task.Delay(TimeSpan.FromMinutes(1), net.Time);
        Assert.Equal([TimeSpan.Zero, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)], at);
    });

    [Fact]
    public async Task A_body_that_takes_too_long_is_ended()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => VirtualNetwork.RunAsync(
            1, net => Task.Delay(TimeSpan.FromDays(3), net.Time), Quiet with { TimeLimit = TimeSpan.FromDays(2) }));
    }

    [Theory]
    [InlineData(NetworkTime.Real, 1)]
    [InlineData(NetworkTime.Paced, 20)]
    public Task The_real_clock_works_too(NetworkTime time, double pace) => VirtualNetwork.RunAsync(
        3,
        async net =>
        {
            (NetStackHost client, NetStackHost server) = net.AddPair("client", "server", latency: TimeSpan.FromMilliseconds(10));
            Task echo = Programs.EchoOnceAsync(server, 7);
            Assert.Equal("hello", await Programs.AskAsync(client, "server", 7, "hello"));
            await echo;
            await Task.Delay(TimeSpan.FromSeconds(pace / 10), net.Time);
            Assert.True(net.Elapsed >= TimeSpan.FromSeconds(pace / 10));
        },
        new VirtualNetworkOptions { Time = time, Pace = pace });

    private static VirtualNetworkOptions Quiet { get; } = new() { Output = _ => { } };
}
