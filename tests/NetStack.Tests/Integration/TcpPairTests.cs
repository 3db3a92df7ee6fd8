using NetStack.Tcp;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Integration;

/// <summary>TCP between two whole stacks: a byte stream is whole, in order and once, whatever the wire does; both ends close.</summary>
public sealed class TcpPairTests
{
    public static TheoryData<bool, ulong, Impairment> Wires
    {
        get
        {
            TheoryData<bool, ulong, Impairment> data = [];
            foreach (bool isV6 in new[] { false, true })
            {
                data.Add(isV6, 1, new Impairment());
                data.Add(isV6, 2, new Impairment { Loss = 0.05 });
                data.Add(isV6, 3, new Impairment { Reorder = 0.2 });
                data.Add(isV6, 4, new Impairment { Duplicate = 0.2 });
                data.Add(isV6, 5, new Impairment { Corrupt = 0.03 });
                data.Add(isV6, 6, new Impairment { Loss = 0.05, Reorder = 0.1, Duplicate = 0.1, Corrupt = 0.02, Delay = TimeSpan.FromMilliseconds(20) });
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(Wires))]
    public void Both_directions_arrive_whole_and_in_order_and_both_ends_close(bool isV6, ulong seed, Impairment impairment)
    {
        StackPair pair = new(seed, impairment);
        TcpTransfer transfer = new(pair.World, pair.Alice, pair.Bob, isV6 ? StackPair.BobV6 : StackPair.BobV4, 200_000, seed);
        transfer.Run(TimeSpan.FromMinutes(10));
        pair.World.Run(TimeSpan.FromMinutes(5)); // TIME-WAIT
        Assert.Equal(0, pair.Alice.Stack.Tcp.ConnectionCount + pair.Alice.Stack.Tcp.TimeWaitCount);
        Assert.Equal(0, pair.Bob.Stack.Tcp.ConnectionCount + pair.Bob.Stack.Tcp.TimeWaitCount);
        pair.World.AssertNoLeaks();
    }

    [Theory, InlineData("127.0.0.1"), InlineData("::1"), InlineData("10.0.0.1"), InlineData("fd00::1")]
    public void A_stack_talks_to_itself(string to)
    {
        StackPair pair = new(configureInterface: o => o.Ipv6.AcceptRouterAdvertisements = false); // which would be asked for
        pair.World.Run(TimeSpan.FromSeconds(10));
        pair.Hub.Log.Clear();
        TcpTransfer transfer = new(pair.World, pair.Alice, pair.Alice, IpAddress.Parse(to), 1_000_000, 3);
        transfer.Run(TimeSpan.FromMinutes(1));
        Assert.Empty(pair.Hub.Log);
        pair.World.Run(TimeSpan.FromMinutes(5));
        pair.World.AssertNoLeaks();
    }

    [Theory, Rfc(9293, "3.1", "MUST-2"), InlineData(false), InlineData(true)]
    public void A_device_that_fills_in_checksums_is_left_to_do_it(bool isV6)
    {
        TestDevice.NeedsPlainRing();
        StackPair pair = new(configureInterface: o => o.TransmitChecksum = true);
        new TcpTransfer(pair.World, pair.Alice, pair.Bob, isV6 ? StackPair.BobV6 : StackPair.BobV4, 50_000, 3).Run(TimeSpan.FromMinutes(1));
        long received = pair.Hub.Log.Where(f => f.From.StartsWith("bob", StringComparison.Ordinal)).Sum(f => (long)f.Bytes.Length);
        Assert.InRange(pair.Alice.Meter.HeaderBytesFetched + pair.Alice.Meter.BodyBytesRead, 50_000, received); // no byte was read twice
        pair.World.Run(TimeSpan.FromMinutes(5));
        pair.World.AssertNoLeaks();
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_run_is_repeated_by_its_seed(ulong seed)
    {
        string[] runs = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            StackPair pair = new(seed, new Impairment { Loss = 0.05, Reorder = 0.1, Duplicate = 0.05 });
            new TcpTransfer(pair.World, pair.Alice, pair.Bob, StackPair.BobV4, 30_000, seed).Run(TimeSpan.FromMinutes(5));
            return string.Join('\n', pair.Hub.Log.Select(f => $"{f.At} {f.From} {Convert.ToHexString(f.Bytes)}"));
        })];
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void A_port_nobody_listens_at_resets()
    {
        StackPair pair = new();
        Assert.Equal(TcpError.None, pair.Alice.Stack.Tcp.Connect(new TcpConnectOptions(new TcpEndpoint(StackPair.BobV4, 81)), pair.World.Now, out TcpConnection? connection));
        pair.World.RunUntil(() => connection!.State == TcpState.Closed, TimeSpan.FromSeconds(5), "the reset");
        Assert.Equal(TcpError.ConnectionRefused, connection!.Error);
        pair.World.AssertNoLeaks();
    }

    [Fact]
    public void A_connection_ends_with_its_address()
    {
        StackPair pair = new();
        pair.Bob.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(new TcpEndpoint(StackPair.BobV4, 80))), out _);
        pair.Alice.Stack.Tcp.Connect(new TcpConnectOptions(new TcpEndpoint(StackPair.BobV4, 80)), pair.World.Now, out TcpConnection? connection);
        pair.World.RunUntil(() => connection!.State == TcpState.Established, TimeSpan.FromSeconds(5), "the connection");
        pair.Alice.Nic.RemoveAddress(StackPair.AliceV4, pair.World.Now);
        Assert.Equal(TcpState.Closed, connection!.State);
    }
}
