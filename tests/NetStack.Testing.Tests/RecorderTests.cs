using System.Net;
using NetStack.Nic.Virtual;

namespace NetStack.Testing.Tests;

/// <summary>What is left behind by runs that fail, and captures.</summary>
public sealed class RecorderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("netstack-testing").FullName;
    private string _printed = "";

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_failed_run_leaves_its_last_frames_with_what_became_of_them()
    {
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => VirtualNetwork.RunAsync(
            42,
            async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b");
                net.Flow(a, b, 7).DropNext(SegmentKind.SynAck);
                Task echo = Programs.EchoOnceAsync(b, 7);
                await Programs.AskAsync(a, "b", 7, "hello");
                await echo;
                net.Link(a, b).Change(i => i with { Loss = 1 });
                using NetUdp udp = a.BindUdp(new IPEndPoint(IPAddress.Any, 0));
                await udp.SendAsync(new byte[900], new IPEndPoint(net.AddressOf(b), 9));
                await Task.Delay(TimeSpan.FromSeconds(1), net.Time);
                throw new InvalidTimeZoneException("mine");
            },
            Options));
        string path = Assert.Single(Directory.GetFiles(_directory));
        Assert.Equal($"{nameof(A_failed_run_leaves_its_last_frames_with_what_became_of_them)}-seed42.pcapng", Path.GetFileName(path));
        Assert.Contains(path, _printed, StringComparison.Ordinal);
        Assert.Contains("NETSTACK_SEED=42 dotnet test", _printed, StringComparison.Ordinal);
        Assert.Contains("InvalidTimeZoneException: mine", _printed, StringComparison.Ordinal);
        List<(int Length, string Comment)> frames = Read(path);
        Assert.Contains(frames, f => f.Comment.StartsWith("dropped: the fault on SynAck", StringComparison.Ordinal));
        Assert.Contains(frames, f => f.Comment.Contains("Established", StringComparison.Ordinal));
        Assert.Contains(frames, f => f.Comment == "dropped: LinkLoss" && f.Length == 256);
    }

    [Fact]
    public async Task A_flow_keeps_its_last_frames_only()
    {
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => VirtualNetwork.RunAsync(
            42,
            async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b");
                Task echo = Programs.EchoOnceAsync(b, 7);
                await Programs.AskAsync(a, "b", 7, new string('x', 200_000));
                await echo;
                throw new InvalidTimeZoneException();
            },
            Options with { RecordedFrames = 10 }));
        List<(int Length, string Comment)> frames = Read(Assert.Single(Directory.GetFiles(_directory)));
        Assert.InRange(frames.Count, 10, 14); // ARP is a flow of its own
        Assert.Contains(frames, f => f.Comment.Contains("TimeWait", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_good_run_leaves_nothing()
    {
        await VirtualNetwork.RunAsync(1, net => Task.CompletedTask, Options);
        Assert.Empty(Directory.GetFiles(_directory));
        Assert.Equal("", _printed);
    }

    [Fact]
    public async Task A_link_can_be_captured_whole()
    {
        string path = Path.Combine(_directory, "link.pcapng");
        await VirtualNetwork.RunAsync(
            3,
            async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b", link: new Impairment { Duplicate = 0.1 });
                net.Link(a, b).CaptureTo(path);
                Task echo = Programs.EchoOnceAsync(b, 7);
                await Programs.AskAsync(a, "b", 7, new string('x', 200_000));
                await echo;
            },
            Options);
        List<(int Length, string Comment)> frames = Read(path);
        Assert.True(frames.Count > 300);
        Assert.Contains(frames, f => f.Length == 1514);
        Assert.Contains(frames, f => f.Comment.StartsWith("duplicate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_environment_overrides_the_seed()
    {
        long seed = 0;
        Environment.SetEnvironmentVariable(VirtualNetworkOptions.SeedVariable, "-99");
        try
        {
            await VirtualNetwork.RunAsync(1, net => Task.FromResult(seed = net.Seed), Options);
        }
        finally
        {
            Environment.SetEnvironmentVariable(VirtualNetworkOptions.SeedVariable, null);
        }
        Assert.Equal(-99, seed);
    }

    [Fact]
    public async Task A_connection_that_nobody_closed_is_a_leak()
    {
        LeakException leak = await Assert.ThrowsAsync<LeakException>(() => VirtualNetwork.RunAsync(
            1,
            async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b");
                await using NetListener listener = b.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                _ = await a.ConnectTcpAsync(new DnsEndPoint("b", 7));
                (await listener.AcceptAsync()).Dispose();
            },
            Options));
        Assert.Contains("a: connection 10.0.1.1", leak.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("b: ", leak.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_and_a_socket_that_nobody_closed_are_leaks()
    {
        LeakException leak = await Assert.ThrowsAsync<LeakException>(() => VirtualNetwork.RunAsync(
            1,
            net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b");
                b.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                a.BindUdp(new IPEndPoint(IPAddress.Any, 9));
                return Task.CompletedTask;
            },
            Options));
        Assert.Contains("b: listener at", leak.Message, StringComparison.Ordinal);
        Assert.Contains("a: UDP socket at", leak.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_by_handle_that_is_kept_is_a_leak()
    {
        LeakException leak = await Assert.ThrowsAsync<LeakException>(() => VirtualNetwork.RunAsync(
            1,
            async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b");
                net.Loop.Run(_ => Assert.True(a.Stack.TransmitBuffers.TryRent(out NetStack.Memory.BufferHandle first) && a.Stack.TransmitBuffers.TryRent(out NetStack.Memory.BufferHandle second)));
                await Task.Delay(TimeSpan.FromSeconds(1), net.Time);
            },
            Options));
        Assert.Contains("a: 1 transmit buffers did not come home", leak.Message, StringComparison.Ordinal);
    }

    private VirtualNetworkOptions Options => new() { TraceDirectory = _directory, Output = text => _printed += text };

    private static List<(int Length, string Comment)> Read(string path)
    {
        List<(int, string)> frames = [];
        using CaptureReader reader = CaptureReader.Open(path);
        while (reader.TryRead(out CaptureRecord record)) frames.Add((record.CapturedLength, record.Comment ?? ""));
        Assert.Null(reader.Damage);
        return frames;
    }
}
