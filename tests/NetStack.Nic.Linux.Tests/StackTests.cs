using System.Diagnostics;
using NetStack.Samples;

namespace NetStack.Nic.Linux.Tests;

/// <summary>A whole stack on a TAP device, with the kernel's own ping as its client.</summary>
public sealed class StackTests
{
    [Theory, InlineData("-c 100 -i 0.01", 100), InlineData("-c 3 -i 0.1 -s 60000", 3), InlineData("-c 200 -f", 200)]
    public async Task Ping_finds_a_stack_without_loss(string options, int count)
    {
        using Lab lab = new();
        using IWaitSet set = lab.Nic.CreateWaitSet();
        set.TryAdd(lab.Nic);
        long start = Stopwatch.GetTimestamp();
        NetworkStack stack = new(new StackOptions { Seed = 1 });
        StackDriver driver = new(stack, lab.Nic, Now(), o => o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false);
        driver.Interface.AddAddress(NetStack.Wire.IpAddress.Parse(Lab.OurAddress), 24, Now());
        using CancellationTokenSource stop = new();
        Thread pump = new(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                driver.Poll(Now());
                TimeSpan rest = driver.NextDeadline is { } next ? next - Now() : Timeout.InfiniteTimeSpan;
                set.Wait(rest < TimeSpan.Zero && rest != Timeout.InfiniteTimeSpan ? TimeSpan.Zero : rest);
            }
        });
        pump.Start();
        lab.In($"ping -c 1 -W 5 {Lab.OurAddress}"); // now the stack knows the kernel's MAC address: fewer frames wait for one than a long reply has
        string output = lab.In($"ping -q {options} -W 5 {Lab.OurAddress}", mayFail: true);
        await stop.CancelAsync();
        set.Wake();
        pump.Join();
        TestContext.Current.SendDiagnosticMessage(output);
        Assert.True(output.Contains($"{count} packets transmitted, {count} received, 0% packet loss", StringComparison.Ordinal), output);
        await driver.StopAsync();
        Assert.Equal(0, driver.BuffersOut);

        Instant Now() => new((long)Stopwatch.GetElapsedTime(start).TotalNanoseconds);
    }
}
