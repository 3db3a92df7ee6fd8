using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>What a host logs, with its stable event ids.</summary>
public sealed class LogTests
{
    private static readonly IPEndPoint Service = new(HostPair.AddressB, 7);

    [Fact]
    public async Task A_life_of_two_hosts_is_logged_in_order_and_never_under_the_gate()
    {
        LogRecorder a = new(), b = new();
        await RunAsync(a, b, async pair =>
        {
            a.Loop = b.Loop = pair.Loop;
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
            await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
            await using NetConnection server = await listener.AcceptAsync();
            await client.AsStream().WriteAsync(new byte[10]);
            await server.AsStream().ReadExactlyAsync(new byte[10]);
            await client.DisposeAsync();
            await server.DisposeAsync();
            await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        });
        Assert.Equal([100, 113, 110, 120, 211, 213, 101], Without(a, 123));
        Assert.Equal([100, 113, 110, 120, 200, 210, 213, 201, 101], Without(b, 123));
        Assert.Equal("Interface a0 has address 10.0.0.1/24 (Static).", a.TextOf(120));
        string placement = TestDevice.Copy is null ? "own" : "copied";
        Assert.Equal($"Interface a0 uses a0: copy={TestDevice.Copy ?? CopyStrategy.CopyHeaders} trust=none placement={placement}.", a.TextOf(113));
        Assert.Equal("Listening on 0.0.0.0:7.", b.TextOf(200));
        Assert.Matches("^Connected 10\\.0\\.0\\.1:\\d+ to 10\\.0\\.0\\.2:7\\.$", a.TextOf(211));
        Assert.Matches("closed: 10 bytes acknowledged, 0 received", a.TextOf(213));
        Assert.Matches("closed: 0 bytes acknowledged, 10 received", b.TextOf(213));
        Assert.All(a.Entries.Concat(b.Entries), e => Assert.Equal(e.Id < 200 ? "NetStack.Host" : "NetStack.Tcp", e.Category));
        Assert.All(a.Entries.Concat(b.Entries), e => Assert.Equal(e.Id is > 201 or 123 ? LogLevel.Debug : LogLevel.Information, e.Level));
        Assert.False(a.WasUnderGate || b.WasUnderGate);
    }

    [Fact]
    public async Task A_refused_connect_a_reset_and_a_time_out_say_what_they_are()
    {
        LogRecorder a = new(), b = new();
        await RunAsync(a, b, async pair =>
        {
            await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 9)));
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
            NetConnection client = await pair.A.ConnectTcpAsync(Service);
            (await listener.AcceptAsync()).Abort();
            await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
            client.Dispose();
        });
        Assert.EndsWith("to 10.0.0.2:9 failed: ConnectionRefused.", a.TextOf(212), StringComparison.Ordinal);
        Assert.Contains(214, a.Ids);
        Assert.EndsWith("ended: ConnectionAborted.", b.TextOf(215), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_cost_no_log_entry_below_the_level_of_debug()
    {
        LogRecorder a = new() { Least = LogLevel.Information }, b = new() { Least = LogLevel.Information };
        await RunAsync(a, b, async pair =>
        {
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
            await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
        });
        Assert.DoesNotContain(a.Ids.Concat(b.Ids), id => id is > 201 or 123);
        Assert.Equal([200, 201], b.Ids.Where(id => id >= 200));
    }

    [Fact]
    public async Task An_address_that_another_host_has_is_a_warning_and_its_end_is_told()
    {
        LogRecorder a = new(), b = new();
        await RunAsync(a, b, async pair =>
        {
            pair.B.Loop.Run(now => pair.B.Stack.Interfaces[1].AddAddress(IpAddress.Parse("10.0.0.1"), 24, now, detectDuplicates: true));
            await Task.Delay(TimeSpan.FromSeconds(30), pair.Loop.TimeProvider);
            pair.B.Loop.Run(now => pair.B.Stack.Interfaces[1].AddAddress(IpAddress.Parse("10.0.0.3"), 24, now));
            pair.B.Loop.Run(now => pair.B.Stack.Interfaces[1].RemoveAddress(IpAddress.Parse("10.0.0.3"), now));
        });
        Assert.Equal("Address 10.0.0.1 of interface b0 is not used: another host has it.", b.TextOf(122));
        Assert.Equal(LogLevel.Warning, b.Entries.First(e => e.Id == 122).Level);
        Assert.Equal("Interface b0 has no address 10.0.0.3 any more.", b.TextOf(121));
        Assert.Equal(
            ["10.0.0.2/24 (Static)", "10.0.0.3/24 (Static)"],
            b.Entries.Where(e => e.Id == 120 && e.Text.Contains("10.0.0.", StringComparison.Ordinal)).Select(e => e.Text.Split("address ")[1].TrimEnd('.')));
    }

    [Fact]
    public async Task A_link_that_goes_down_and_up_is_told()
    {
        TestDevice.NeedsPlainRing();
        LogRecorder a = new(), b = new();
        List<VirtualNic> nics = [];
        await RunAsync(
            a,
            b,
            async pair =>
            {
                pair.Loop.Run(_ => nics[0].SetLink(false));
                await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
                pair.Loop.Run(_ => nics[0].SetLink(true));
                await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
            },
            nic =>
            {
                nics.Add((VirtualNic)nic);
                return nic;
            });
        Assert.Equal([110, 111, 110], a.Ids.Where(id => id is 110 or 111));
        Assert.DoesNotContain(111, b.Ids);
    }

    [Fact]
    public async Task A_logger_that_throws_harms_nobody()
    {
        LogRecorder a = new() { IsBroken = true }, b = new() { IsBroken = true };
        await RunAsync(a, b, async pair =>
        {
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
            await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
            await using NetConnection server = await listener.AcceptAsync();
            await client.AsStream().WriteAsync(new byte[10]);
            await server.AsStream().ReadExactlyAsync(new byte[10]);
        });
        Assert.Contains(211, a.Ids);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task A_nic_that_throws_is_put_out_of_use_and_the_others_go_on(int where)
    {
        LogRecorder a = new(), b = new();
        List<Faulty> nics = [];
        await RunAsync(
            a,
            b,
            async pair =>
            {
                await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                await using NetListener own = pair.A.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
                nics[0].ThrowAt = where;
                await client.AsStream().WriteAsync(new byte[10]);
                await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
                Assert.False(pair.A.Stack.Interfaces[1].IsUp);
                await using NetConnection local = await pair.A.ConnectTcpAsync(new IPEndPoint(IPAddress.Loopback, 7));
                await using NetConnection other = await pair.B.ConnectTcpAsync(new IPEndPoint(IPAddress.Loopback, 7));
            },
            nic =>
            {
                nics.Add(new Faulty(nic));
                return nics[^1];
            });
        Assert.Equal((112, LogLevel.Error), a.Entries.Where(e => e.Level == LogLevel.Error).Select(e => (e.Id, e.Level)).Single());
        Assert.IsType<InvalidDataException>(await a.Errors.Task);
        Assert.DoesNotContain(112, b.Ids);
    }

    [Fact]
    public async Task A_part_that_throws_ends_the_loop_and_everything_that_waits_and_its_hosts_log_that()
    {
        LogRecorder log = new();
        NetStackHost host = await NetStackHost.CreateBuilder().Configure(o => (o.LoggerFactory, o.StopTimeout) = (log, TimeSpan.Zero)).StartAsync();
        using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.Loopback, 7));
        Task<NetConnection> accepted = listener.AcceptAsync().AsTask();
        using NetConnection client = await host.ConnectTcpAsync(new IPEndPoint(IPAddress.Loopback, 7));
        using NetConnection server = await accepted;
        Task[] waiting = [client.AsStream().ReadAsync(new byte[1]).AsTask(), server.Input.ReadAsync().AsTask(), listener.AcceptAsync().AsTask()];
        host.Loop.Add(new Bomb());
        Exception? failure = await log.Errors.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.Contains(190, log.Ids);
        Assert.Same(failure, host.Loop.Failure);
        foreach (Task task in waiting) Assert.Same(failure, (await Assert.ThrowsAsync<IOException>(() => task.WaitAsync(TimeSpan.FromSeconds(30)))).InnerException);
        await Assert.ThrowsAsync<IOException>(async () => await listener.AcceptAsync()); // nor does anybody wait from now on
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_part_that_throws_ends_a_run_in_virtual_time()
    {
        VirtualTimeLoop loop = new();
        await Assert.ThrowsAsync<InvalidDataException>(() => loop.RunAsync(async () =>
        {
            loop.Add(new Bomb());
            await Task.Delay(TimeSpan.FromHours(1), loop.TimeProvider);
        }));
        Assert.IsType<InvalidDataException>(loop.Failure);
    }

    private static Task RunAsync(LogRecorder a, LogRecorder b, Func<HostPair, Task> program, Func<INic, INic>? decorate = null) => HostPair.RunAsync(
        program,
        configure: o => o.LoggerFactory = o.Seed == 1 ? a : b,
        decorate: decorate);

    private static int[] Without(LogRecorder log, int id) => [.. log.Ids.Where(i => i != id)];

    private sealed class Bomb : IPollable
    {
        public Instant? NextDeadline => Instant.Zero;

        public void Poll(Instant now) => throw new InvalidDataException("a part that is broken");
    }
}
