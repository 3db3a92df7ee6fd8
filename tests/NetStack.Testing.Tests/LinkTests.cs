using System.Net;
using System.Net.Sockets;
using NetStack.Nic.Virtual;

namespace NetStack.Testing.Tests;

/// <summary>What links do to frames, as datagrams show it.</summary>
public sealed class LinkTests
{
    [Fact]
    public Task Delay_and_jitter_are_what_was_asked_for() => RunAsync(
        async net =>
        {
            NetworkLink link = net.Link(net["a"], net["b"]);
            link.ChangeFrom(net["a"], i => i with { Delay = TimeSpan.FromMilliseconds(50) });
            Assert.All(await DelaysAsync(net, 20), d => Assert.Equal(TimeSpan.FromMilliseconds(50), d));
            link.ChangeFrom(net["a"], i => i with { Jitter = TimeSpan.FromMilliseconds(10) });
            List<TimeSpan> uniform = await DelaysAsync(net, 400);
            Assert.All(uniform, d => Assert.InRange(d.TotalMilliseconds, 50, 60));
            Assert.InRange(uniform.Average(d => d.TotalMilliseconds), 54.3, 55.7);
            link.ChangeFrom(net["a"], i => i with { Jitter = default, DelayVariation = DelayVariation.Normal(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(4)) });
            List<TimeSpan> normal = await DelaysAsync(net, 1000);
            double mean = normal.Average(d => d.TotalMilliseconds);
            double deviation = Math.Sqrt(normal.Average(d => Math.Pow(d.TotalMilliseconds - mean, 2)));
            Assert.InRange(mean, 69.5, 70.5);
            Assert.InRange(deviation, 3.6, 4.4);
            TimeSpan[] recorded = [TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(7), TimeSpan.FromMilliseconds(3)];
            link.ChangeFrom(net["a"], _ => new Impairment { DelayVariation = DelayVariation.Recorded(recorded) });
            List<TimeSpan> delays = await DelaysAsync(net, 6); // frames before them took some
            int first = Array.IndexOf(recorded, delays[0]);
            Assert.Equal([.. Enumerable.Range(first, 6).Select(i => recorded[i % 3])], delays);
        });

    [Fact]
    public Task A_narrow_link_with_a_deep_queue_bloats() => RunAsync(async net =>
    {
        NetworkLink link = net.Link(net["a"], net["b"]);
        await SendAsync(net, 1, 100); // so that addresses are known
        link.ChangeFrom(net["a"], _ => new Impairment { Rate = 1_000_000, QueueBytes = 100_000 });
        List<(int Index, TimeSpan Took)> arrived = await SendAsync(net, 200, 958, interval: TimeSpan.Zero, limit: TimeSpan.FromSeconds(30)); // 1,000 bytes with headers: 8 ms each
        Assert.InRange(arrived.Count, 100, 102);
        Assert.Equal(TimeSpan.FromMilliseconds(8), arrived[1].Took - arrived[0].Took);
        Assert.InRange(arrived[^1].Took.TotalMilliseconds, 795, 816);
        Assert.InRange(link.CountersFrom(net["a"]).Drops[NetStack.Nic.DropReason.RingFull], 200 - arrived.Count, 201 - arrived.Count); // an ARP probe may be among them
    });

    [Fact]
    public Task Loss_is_one_way_and_can_be_changed() => RunAsync(async net =>
    {
        NetworkLink link = net.Link(net["a"], net["b"]);
        await SendAsync(net, 1, 100);
        link.ChangeFrom(net["a"], i => i with { Loss = 0.3 });
        Assert.InRange((await SendAsync(net, 1000, 100)).Count, 640, 760);
        Assert.Equal(100, (await SendAsync(net, 100, 100, isBack: true)).Count);
        link.Change(i => i with { Loss = 0 });
        Assert.Equal(100, (await SendAsync(net, 100, 100)).Count);
    });

    [Fact]
    public Task Loss_comes_in_bursts_where_that_is_asked_for() => RunAsync(async net =>
    {
        await SendAsync(net, 1, 100);
        BurstLoss bursts = new(ToBad: 0.02, ToGood: 0.2);
        net.Link(net["a"], net["b"]).ChangeFrom(net["a"], i => i with { BurstLoss = bursts });
        HashSet<int> arrived = [.. (await SendAsync(net, 5000, 100)).Select(x => x.Index)];
        List<int> lengths = [];
        for (int i = 0, run = 0; i <= 5000; i++)
        {
            if (i < 5000 && !arrived.Contains(i)) run++;
            else if (run > 0)
            {
                lengths.Add(run);
                run = 0;
            }
        }
        Assert.InRange(1 - arrived.Count / 5000.0, bursts.Share - 0.03, bursts.Share + 0.03);
        Assert.InRange(lengths.Average(), 4, 6); // 1 / ToGood
    });

    [Fact]
    public Task Frames_are_doubled_overtaken_corrupted_and_cut() => RunAsync(async net =>
    {
        NetworkLink link = net.Link(net["a"], net["b"]);
        LinkCounters counters = link.CountersFrom(net["a"]);
        await SendAsync(net, 1, 100);
        link.ChangeFrom(net["a"], i => i with { Duplicate = 1 });
        Assert.Equal(20, (await SendAsync(net, 10, 100)).Count);
        link.ChangeFrom(net["a"], i => i with { Duplicate = 0, Reorder = 0.2, ReorderDelay = TimeSpan.FromMilliseconds(25) });
        List<int> order = [.. (await SendAsync(net, 100, 100, interval: TimeSpan.FromMilliseconds(10))).Select(x => x.Index)];
        Assert.Equal(100, order.Count);
        Assert.NotEqual(Enumerable.Range(0, 100), order);
        Assert.True(counters.Reordered > 5);
        link.ChangeFrom(net["a"], i => i with { Reorder = 0, Corrupt = 1 });
        Assert.InRange((await SendAsync(net, 50, 100)).Count, 0, 10); // sums catch it, but for a bit in an address of the link
        Assert.True(counters.Corrupted >= 50);
        link.ChangeFrom(net["a"], i => i with { Corrupt = 0, Truncate = 1 });
        Assert.Empty(await SendAsync(net, 20, 100));
        Assert.True(counters.Truncated >= 20);
    });

    [Fact]
    public Task A_link_may_be_narrower_than_its_ends_believe() => RunAsync(async net =>
    {
        await SendAsync(net, 1, 100);
        net.Link(net["a"], net["b"]).Change(i => i with { MaxFrameLength = 600 });
        Assert.Single(await SendAsync(net, 1, 500));
        Assert.Empty(await SendAsync(net, 1, 1000));
    });

    [Fact]
    public Task A_partition_is_one_way_or_both_and_heals() => RunAsync(async net =>
    {
        NetworkLink link = net.Link(net["a"], net["b"]);
        await SendAsync(net, 1, 100);
        link.PartitionFrom(net["a"]);
        Assert.Empty(await SendAsync(net, 3, 100));
        Assert.Equal(3, (await SendAsync(net, 3, 100, isBack: true)).Count);
        link.Partition();
        Assert.Empty(await SendAsync(net, 3, 100, isBack: true));
        link.Heal();
        Assert.Equal(3, (await SendAsync(net, 3, 100)).Count);
    });

    [Fact]
    public Task A_cable_that_is_pulled_is_noticed() => RunAsync(async net =>
    {
        await SendAsync(net, 1, 100);
        NetworkLink link = net.Link(net["a"], net["b"]);
        link.SetUp(false);
        await Task.Delay(TimeSpan.FromMilliseconds(1), net.Time);
        using NetUdp socket = net["a"].BindUdp(new IPEndPoint(IPAddress.Any, 0));
        SocketException failure = await Assert.ThrowsAsync<SocketException>(() => socket.SendAsync(new byte[1], new IPEndPoint(net.AddressOf(net["b"]), 9)).AsTask());
        Assert.Equal(SocketError.NetworkUnreachable, failure.SocketErrorCode);
        link.SetUp(true);
        await Task.Delay(TimeSpan.FromMilliseconds(1), net.Time);
        Assert.Equal(3, (await SendAsync(net, 3, 100)).Count);
    });

    [Fact]
    public Task A_connection_outlives_a_partition_that_heals() => VirtualNetwork.RunAsync(2, async net =>
    {
        (NetStackHost a, NetStackHost b) = net.AddPair("a", "b", loss: 0.01);
        net.Link(a, b).Partition(from: TimeSpan.FromMinutes(5), duration: TimeSpan.FromMinutes(4));
        Task echo = Programs.EchoOnceAsync(b, 7);
        await using NetConnection connection = await a.ConnectTcpAsync(new DnsEndPoint("b", 7));
        byte[] buffer = new byte[1];
        Stream stream = connection.AsStream();
        TimeSpan longest = TimeSpan.Zero;
        for (int i = 0; i < 60; i++)
        {
            TimeSpan asked = net.Elapsed;
            await stream.WriteAsync(new byte[] { (byte)i });
            Assert.Equal(1, await stream.ReadAsync(buffer));
            Assert.Equal(i, buffer[0]);
            longest = net.Elapsed - asked > longest ? net.Elapsed - asked : longest;
            await Task.Delay(TimeSpan.FromSeconds(10), net.Time);
        }
        await connection.Output.CompleteAsync();
        await echo;
        Assert.InRange(longest, TimeSpan.FromMinutes(3.8), TimeSpan.FromMinutes(8));
    });

    private static Task RunAsync(Func<VirtualNetwork, Task> body) => VirtualNetwork.RunAsync(11, net =>
    {
        net.AddPair("a", "b", latency: TimeSpan.Zero);
        return body(net);
    });

    private static async Task<List<TimeSpan>> DelaysAsync(VirtualNetwork net, int count)
    {
        await SendAsync(net, 1, 10);
        return [.. (await SendAsync(net, count, 10)).Select(x => x.Took)];
    }

    /// <summary>Sends numbered datagrams and tells which arrived, in which order, how long after they were sent.</summary>
    private static async Task<List<(int Index, TimeSpan Took)>> SendAsync(VirtualNetwork net, int count, int size, bool isBack = false, TimeSpan? interval = null, TimeSpan? limit = null)
    {
        (NetStackHost from, NetStackHost to) = isBack ? (net["b"], net["a"]) : (net["a"], net["b"]);
        using NetUdp receiver = to.BindUdp(new IPEndPoint(IPAddress.Any, 9));
        using NetUdp sender = from.BindUdp(new IPEndPoint(IPAddress.Any, 0));
        List<(int, TimeSpan)> arrived = [];
        TimeSpan[] sentAt = new TimeSpan[count];
        using CancellationTokenSource over = new();
        Task receiving = Task.Run(async () =>
        {
            byte[] buffer = new byte[2000];
            try
            {
                while (true)
                {
                    await receiver.ReceiveAsync(buffer, over.Token);
                    int index = BitConverter.ToInt32(buffer);
                    arrived.Add((index, net.Elapsed - sentAt[index]));
                }
            }
            catch (OperationCanceledException)
            {
                // enough was waited
            }
        });
        byte[] data = new byte[size];
        for (int i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(data, i);
            sentAt[i] = net.Elapsed;
            await sender.SendAsync(data, new IPEndPoint(net.AddressOf(to), 9));
            TimeSpan pause = interval ?? TimeSpan.FromMilliseconds(100);
            if (pause > TimeSpan.Zero) await Task.Delay(pause, net.Time);
        }
        await Task.Delay(limit ?? TimeSpan.FromSeconds(5), net.Time);
        await over.CancelAsync();
        await receiving;
        return arrived;
    }
}
