using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>Activities around connects and lookups.</summary>
public sealed class TraceTests
{
    [Fact]
    public async Task A_connect_is_an_activity_with_peer_and_local_address()
    {
        using Activities activities = new(7301);
        await HostPair.RunAsync(async pair =>
        {
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7301));
            await using NetConnection client = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7301));
            Activity done = Assert.Single(activities.Ended);
            Assert.Equal(("tcp connect", ActivityKind.Client, ActivityStatusCode.Unset), (done.OperationName, done.Kind, done.Status));
            Assert.Equal(("tcp", "ipv4", "10.0.0.2", 7301), (Tag(done, "network.transport"), Tag(done, "network.type"), Tag(done, "network.peer.address"), Tag(done, "network.peer.port")));
            Assert.Equal(("10.0.0.1", client.LocalEndPoint.Port, null), (Tag(done, "network.local.address"), Tag(done, "network.local.port"), Tag(done, "error.type")));
        });
    }

    [Fact]
    public async Task A_connect_that_fails_says_why_and_a_cancelled_one_that_it_was()
    {
        using Activities activities = new(7302);
        await HostPair.RunAsync(async pair =>
        {
            await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7302)));
            await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 7302)));
            using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(1), pair.Loop.TimeProvider);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7302), soon.Token));
        });
        Assert.Equal(["connection_refused", "network_unreachable", "operation_canceled"], activities.Ended.Select(a => Tag(a, "error.type")));
        Assert.All(activities.Ended, a => Assert.Equal(ActivityStatusCode.Error, a.Status));
    }

    [Fact]
    public async Task A_connect_is_a_child_of_what_the_program_does()
    {
        using Activities activities = new(7303);
        using Activity mine = new Activity("mine").Start();
        await HostPair.RunAsync(async pair =>
        {
            using Activity inner = new Activity("inner").Start();
            await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7303)));
            Assert.Equal(inner.SpanId, Assert.Single(activities.Ended).ParentSpanId);
            Assert.Same(inner, Activity.Current);
        });
    }

    [Fact]
    public async Task A_lookup_is_an_activity_with_its_question_and_answers()
    {
        using Activities activities = new(0);
        await HostPair.RunAsync(async pair =>
        {
            HostDiagnostics diagnostics = pair.A.Driver.Diagnostics;
            IPAddress[] found = await Tracing.LookupAsync(pair.Loop, diagnostics, "trace.test", () => new ValueTask<IPAddress[]>([HostPair.AddressB]));
            Assert.Equal([HostPair.AddressB], found);
            await Assert.ThrowsAsync<SocketException>(async () => await Tracing.LookupAsync(
                pair.Loop, diagnostics, "trace.test", () => throw new SocketException((int)SocketError.HostNotFound)));
        });
        Activity[] lookups = [.. activities.Ended.Where(a => Equals(Tag(a, "dns.question.name"), "trace.test"))];
        Assert.Equal(["dns lookup", "dns lookup"], lookups.Select(a => a.OperationName));
        Assert.Equal(["10.0.0.2"], (string[])Tag(lookups[0], "dns.answers")!);
        Assert.Equal((null, "host_not_found"), (Tag(lookups[0], "error.type"), Tag(lookups[1], "error.type")));
    }

    [Fact]
    public async Task A_host_traces_its_lookups_but_not_addresses_in_text()
    {
        using Activities activities = new(0);
        await HostPair.RunAsync(async pair =>
        {
            await pair.A.ResolveAsync("10.0.0.2");
            SocketException failure = await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ResolveAsync("trace2.test"));
            Activity lookup = activities.Ended.Single(a => Equals(Tag(a, "dns.question.name"), "trace2.test"));
            Assert.Equal((CounterReadings.ToSnakeCase(failure.SocketErrorCode.ToString()), ActivityStatusCode.Error), (Tag(lookup, "error.type"), lookup.Status));
        });
        Assert.DoesNotContain(activities.Ended, a => Equals(Tag(a, "dns.question.name"), "10.0.0.2"));
    }

    private static object? Tag(Activity activity, string key) => activity.GetTagItem(key);

    /// <summary>Activities that ended, of connects to one port; others of the process are not listened to.</summary>
    private sealed class Activities : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;

        internal Activities(int port)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == NetStackTelemetry.ActivitySourceName,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    if (port == 0 || Equals(activity.GetTagItem("network.peer.port"), port)) _ended.Enqueue(activity);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        internal Activity[] Ended => [.. _ended];

        public void Dispose() => _listener.Dispose();
    }
}
