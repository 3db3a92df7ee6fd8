using System.Net;

namespace NetStack.Testing.Tests;

/// <summary>What would make runs differ is an error that says where.</summary>
public sealed class DeterminismTests
{
    private static readonly VirtualNetworkOptions Quiet = new() { Output = _ => { }, RecordedFrames = 0, BlockedLimit = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task A_thread_of_ones_own_may_not_call_in()
    {
        DeterminismException lost = await FailsAsync(async net =>
        {
            (_, NetStackHost b) = net.AddPair("a", "b");
            Thread thread = new(() => CallFromElsewhere(b)) { Name = "mine" };
            thread.Start();
            thread.Join();
            await Task.Delay(TimeSpan.FromHours(1), net.Time);
        });
        Assert.Contains("'mine'", lost.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(CallFromElsewhere), lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thread_that_a_body_waits_for_is_named_though_nothing_else_happens()
    {
        TaskCompletionSource done = new();
        DeterminismException lost = await FailsAsync(async net =>
        {
            (_, NetStackHost b) = net.AddPair("a", "b");
            new Thread(() =>
            {
                Thread.Sleep(50); // the run stands still before it calls
                CallFromElsewhere(b);
                done.SetResult();
            }).Start();
            await done.Task;
        });
        Assert.Contains(nameof(CallFromElsewhere), lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_when_a_run_is_given_up_is_told()
    {
        Task? accepting = null;
        await Assert.ThrowsAsync<InvalidOperationException>(() => VirtualNetwork.RunAsync(
            1,
            async net =>
            {
                (_, NetStackHost b) = net.AddPair("a", "b");
                NetListener listener = b.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                await (accepting = listener.AcceptAsync().AsTask());
            },
            Quiet));
        await Assert.ThrowsAnyAsync<IOException>(() => accepting!.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_delay_by_the_real_clock_is_named_with_who_waits()
    {
        DeterminismException lost = await FailsAsync(async net =>
        {
            net.AddPair("a", "b");
            await SleepByTheRealClockAsync();
        });
        Assert.Contains(nameof(SleepByTheRealClockAsync), lost.Message, StringComparison.Ordinal);
        Assert.EndsWith($".{nameof(A_delay_by_the_real_clock_is_named_with_who_waits)}", lost.Message, StringComparison.Ordinal); // and not who runs the body
    }

    [Fact]
    public async Task A_timer_of_the_real_clock_is_named()
    {
        DeterminismException lost = await FailsAsync(async net =>
        {
            using Timer mine = new(OnMyTimer, null, 10_000, 10_000);
            await Task.Delay(TimeSpan.FromHours(1), net.Time);
        });
        Assert.Contains(nameof(OnMyTimer), lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_short_timeout_by_the_real_clock_is_found() => await FailsAsync(async net =>
    {
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(5));
        await Task.Delay(TimeSpan.FromHours(1), net.Time, timeout.Token);
    });

    [Fact]
    public Task A_timeout_as_every_request_sets_one_is_none_of_ours() => VirtualNetwork.RunAsync(1, async net =>
    {
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(100));
        await Task.Delay(TimeSpan.FromHours(1), net.Time, timeout.Token);
    });

    [Fact]
    public async Task A_blocked_worker_is_named()
    {
        DeterminismException lost = await FailsAsync(net =>
        {
            WaitForATask(Task.Delay(TimeSpan.FromSeconds(1), net.Time));
            return Task.CompletedTask;
        });
        Assert.Contains(nameof(WaitForATask), lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_waits_for_nothing_is_told_so()
    {
        InvalidOperationException stuck = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => VirtualNetwork.RunAsync(
            1, _ => new TaskCompletionSource().Task, Quiet));
        Assert.Contains("Nothing will happen any more", stuck.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_run_that_failed_the_next_one_works()
    {
        await A_blocked_worker_is_named();
        await VirtualNetwork.RunAsync(1, async net =>
        {
            (NetStackHost a, NetStackHost b) = net.AddPair("a", "b");
            Task echo = Programs.EchoOnceAsync(b, 7);
            Assert.Equal("again", await Programs.AskAsync(a, "b", 7, "again"));
            await echo;
        });
    }

    private static Task<DeterminismException> FailsAsync(Func<VirtualNetwork, Task> body) =>
        Assert.ThrowsAsync<DeterminismException>(() => VirtualNetwork.RunAsync(1, body, Quiet));

    private static void CallFromElsewhere(NetStackHost host)
    {
        try
        {
            host.ListenTcp(new IPEndPoint(IPAddress.Any, 7)).Dispose();
        }
        catch (DeterminismException)
        {
            // it is the run that must tell
        }
    }

    private static async Task SleepByTheRealClockAsync()
    {
        await Task.Delay(20_000);
    }

    private static void OnMyTimer(object? state)
    {
    }

    private static void WaitForATask(Task task) => task.Wait();
}
