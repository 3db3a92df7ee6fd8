// A bad cable between two TAP devices, for kernels without netem: what one gives out goes into the other, less what is lost.
//
//   impair NAME NAME [--loss P] [--reorder P] [--duplicate P] [--corrupt P] [--delay MS] [--rate MBIT] [--queue KIB] [--seed N]
//
// Shares are from 0 to 1 and hold for each direction, as do the rate and the queue before it. Prints `ready` when frames pass, and what
// it did when it is ended (SIGTERM).

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using NetStack;
using NetStack.Interop;
using NetStack.Memory;
using NetStack.Nic;
using NetStack.Nic.Virtual;

if (args.Length < 2 || args.Length % 2 != 0)
{
    Console.Error.WriteLine("usage: impair NAME NAME [--loss P] [--reorder P] [--duplicate P] [--corrupt P] [--delay MS] [--rate MBIT] [--queue KIB] [--seed N]");
    return 1;
}
Dictionary<string, double> given = args[2..].Chunk(2).ToDictionary(pair => pair[0], pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
double Of(string option, double otherwise = 0) => given.GetValueOrDefault(option, otherwise);
Impairment impairment = new()
{
    Loss = Of("--loss"),
    Reorder = Of("--reorder"),
    Duplicate = Of("--duplicate"),
    Corrupt = Of("--corrupt"),
    Delay = TimeSpan.FromMilliseconds(Of("--delay")),
    Rate = (long)(Of("--rate") * 1_000_000),
    QueueBytes = (int)(Of("--queue", 256) * 1024),
};
VirtualLink link = new(impairment, seed: (ulong)Of("--seed", 1));
using TapNic a = new(args[0]);
using TapNic b = new(args[1]);
TapEnd left = new(a, link.A);
TapEnd right = new(b, link.B);
link.Connect(left, right);
using IWaitSet set = a.CreateWaitSet();
set.TryAdd(a);
set.TryAdd(b);
bool isEnding = false;
using PosixSignalRegistration signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
{
    context.Cancel = true;
    Volatile.Write(ref isEnding, true);
    set.Wake();
});
Console.WriteLine("ready");
long start = Stopwatch.GetTimestamp();
while (!Volatile.Read(ref isEnding))
{
    Instant now = new((long)Stopwatch.GetElapsedTime(start).TotalNanoseconds);
    bool moved = left.Pump(now) | right.Pump(now);
    link.Poll(now);
    TimeSpan rest = moved ? TimeSpan.Zero : link.NextDeadline is not { } next ? Timeout.InfiniteTimeSpan : next > now ? next - now : TimeSpan.Zero;
    set.Wait(rest);
}
foreach ((string way, LinkCounters counters) in new[] { ($"{args[0]} to {args[1]}", link.AToB), ($"{args[1]} to {args[0]}", link.BToA) })
    Console.WriteLine($"{way}: {counters.Sent} sent, {counters.Delivered} delivered, {counters.Duplicated} doubled, {counters.Reordered} held back, {counters.Drops.Total} dropped");
return 0;
