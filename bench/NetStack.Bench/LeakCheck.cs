using System.Diagnostics;
using System.Globalization;
using NetStack.Tests.Kit;

namespace NetStack.Bench;

/// <summary>Opens and closes very many connections and prints what two idle stacks hold afterwards: nothing.</summary>
internal static class LeakCheck
{
    private const int Wave = 20_000; // fewer than there are ephemeral ports: each wave ends in silence, TIME-WAIT over
    private const double Loss = 0.01;
    private const long HeapSlack = 1 << 20; // bytes

    /// <returns>0 when nothing leaked, else 1.</returns>
    internal static int Run(TextWriter output, int connections)
    {
        output.WriteLine($"{connections} connections in waves of {Wave}, six ways to end, {Loss:P0} of the frames lost both ways, seed 1");
        long start = Stopwatch.GetTimestamp();
        ConnectionChurn churn = new(seed: 1, Loss);
        bool isClean = true;
        long first = 0, last = 0;
        for (int wave = 1; churn.Started < connections; wave++)
        {
            churn.Run(Math.Min(Wave, connections - churn.Started));
            isClean &= IsClean(churn, ports: 1);
            last = GC.GetTotalMemory(forceFullCollection: true);
            if (wave == 2) first = last;
            if (wave % 10 == 0) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"after {churn.Started,8}: heap {last / 1024.0 / 1024:F2} MiB, virtual time {churn.Now.Nanoseconds / 1e9:F0} s, {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s, {(isClean ? "nothing held" : "LEAK")}"));
        }
        churn.Stop();
        isClean &= IsClean(churn, ports: 0);
        foreach (HeldState held in churn.Held) output.WriteLine(held);
        bool isStable = first == 0 || last - first < HeapSlack;
        output.WriteLine($"{churn.Started} begun, {churn.Answered} answered; {churn.InFlight} frames in flight, {churn.ReachableConnections()} connections still reachable, the heap grew by {(first == 0 ? 0 : last - first)} bytes since the second wave");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s, {Environment.CpuUsage.TotalTime.TotalSeconds:F1} s of CPU"));
        return isClean && isStable ? 0 : 1;
    }

    private static bool IsClean(ConnectionChurn churn, int ports) =>
        churn.InFlight == 0 && churn.ReachableConnections() == 0 && churn.Held.SequenceEqual([new HeldState("alice"), new HeldState("bob") { Ports = ports }]);
}
