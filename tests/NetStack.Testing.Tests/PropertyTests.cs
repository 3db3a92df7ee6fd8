using System.Net;
using System.Security.Cryptography;
using NetStack.Nic.Virtual;

namespace NetStack.Testing.Tests;

/// <summary>What holds in any network, by seeds. A failed one prints its seed.</summary>
public sealed class PropertyTests
{
    [Fact]
    public async Task Whatever_links_do_every_byte_arrives_once_and_in_order_and_a_run_repeats()
    {
        for (int seed = 1; seed <= 12; seed++)
        {
            string first = await TransferAsync(seed);
            if (seed % 4 == 0) Assert.Equal(first, await TransferAsync(seed));
        }
    }

    [Fact]
    public async Task A_reset_falls_after_exactly_the_byte_it_was_asked_for()
    {
        for (int seed = 1; seed <= 25; seed++)
        {
            await VirtualNetwork.RunAsync(seed, async net =>
            {
                int after = net.Random.Next(0, 40_000);
                Impairment link = RandomImpairment(net.Random);
                (NetStackHost client, NetStackHost server) = net.AddPair("client", "server", link: link);
                NetworkFlow flow = net.Flow(client, server, 7).ResetAfter(responseBytes: after);
                Task serving = Task.Run(async () =>
                {
                    await using NetListener listener = server.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                    await using NetConnection connection = await listener.AcceptAsync();
                    await Assert.ThrowsAsync<IOException>(async () =>
                    {
                        while (true) await connection.Output.WriteAsync(new byte[5000]);
                    });
                });
                await using NetConnection asking = await client.ConnectTcpAsync(new DnsEndPoint("server", 7));
                int got = 0;
                await Assert.ThrowsAsync<IOException>(async () =>
                {
                    byte[] buffer = new byte[3000];
                    while (await asking.AsStream().ReadAsync(buffer) is > 0 and int count) got += count;
                });
                Assert.Equal(after, got);
                await serving;
                flow.Should(connections: 1, closedBy: Side.Server, by: Close.Reset);
            });
        }
    }

    private static async Task<string> TransferAsync(int seed)
    {
        string hash = "";
        await VirtualNetwork.RunAsync(seed, async net =>
        {
            Random random = net.Random;
            NetworkSegment left = net.AddSwitch("left");
            NetworkSegment right = random.Next(2) == 0 ? left : net.AddSwitch("right");
            NetStackHost a = net.AddHost("a", left, RandomImpairment(random));
            NetStackHost b = net.AddHost("b", right, RandomImpairment(random));
            if (left != right && random.Next(2) == 0) net.AddRouter("router", left, right);
            else if (left != right) net.AddNat("nat", inside: left, outside: right);
            byte[] data = new byte[random.Next(1, 200_000)];
            random.NextBytes(data);
            Task<byte[]> receiving = Task.Run(async () =>
            {
                await using NetListener listener = b.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                await using NetConnection connection = await listener.AcceptAsync();
                return await SHA256.HashDataAsync(connection.AsStream());
            });
            await using (NetConnection connection = await a.ConnectTcpAsync(new DnsEndPoint("b", 7)))
            {
                for (int at = 0, size; at < data.Length; at += size)
                {
                    size = Math.Min(data.Length - at, random.Next(1, 30_000));
                    await connection.Output.WriteAsync(data.AsMemory(at, size));
                }
            }
            Assert.Equal(SHA256.HashData(data), await receiving);
            net.Flow(a, b, 7).Should(connections: 1, requestBytes: data.Length, responseBytes: 0);
            hash = net.GetTraceHash();
        });
        return hash;
    }

    private static Impairment RandomImpairment(Random random) => new()
    {
        Loss = random.Next(3) * 0.02,
        BurstLoss = random.Next(3) == 0 ? new BurstLoss(0.01, 0.3) : null,
        Duplicate = random.Next(2) * 0.05,
        Corrupt = random.Next(2) * 0.02,
        Truncate = random.Next(2) * 0.01,
        Reorder = random.Next(2) * 0.1,
        ReorderDelay = TimeSpan.FromMilliseconds(random.Next(1, 20)),
        Delay = TimeSpan.FromMilliseconds(random.Next(0, 50)),
        Jitter = TimeSpan.FromMilliseconds(random.Next(0, 10)),
        DelayVariation = random.Next(3) == 0 ? DelayVariation.Normal(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(2)) : null,
        Rate = random.Next(3) * 5_000_000,
    };
}
