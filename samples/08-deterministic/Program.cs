// The same seed, the same run: three hosts at a switch, with faults, and programs that use everything that usually makes runs differ;
// Kestrel and HttpClient are among them.
//
//   dotnet run -c Release --project samples/08-deterministic -- --seed 7 [--trace DIRECTORY]
//
// It prints the SHA-256 of every frame on every link: when it set out, its bytes, whether it was lost. Two runs with one seed print the
// same line, on any number of processors and under any load; two seeds print two.

using System.CommandLine;
using System.Globalization;
using NetStack;
using NetStack.Kestrel;
using NetStack.Nic.Virtual;
using NetStack.Samples;

Option<long> seed = new("--seed") { Description = "Decides everything that is left to chance.", DefaultValueFactory = _ => 7 };
Option<string?> trace = new("--trace") { Description = "A directory for a capture of each link." };
RootCommand command = new("Three hosts and faults, the same run each time.") { seed, trace };
command.SetAction(parsed => VirtualNetwork.RunAsync(parsed.GetValue(seed), async net =>
{
    NetworkSegment lan = net.AddSwitch("lan");
    NetStackHost store = net.AddHost("store", lan, new Impairment { Delay = TimeSpan.FromMilliseconds(4), Jitter = TimeSpan.FromMilliseconds(2), Loss = 0.01 });
    NetStackHost left = net.AddHost("left", lan, new Impairment { Delay = TimeSpan.FromMilliseconds(9), BurstLoss = new BurstLoss(0.01, 0.3) });
    NetStackHost right = net.AddHost("right", lan, new Impairment { Rate = 2_000_000, Delay = TimeSpan.FromMilliseconds(1), Reorder = 0.01, ReorderDelay = TimeSpan.FromMilliseconds(7) });
    if (parsed.GetValue(trace) is { } directory)
    {
        foreach (NetworkLink link in net.Links) link.CaptureTo(Path.Combine(directory, $"{link.Name}.pcapng"));
    }

    // Faults at exact moments, on flows: each writer loses a connection, a SYN, and for a while the store.
    net.Flow(left, store, KeyValueStore.Port).ResetAfter(responseBytes: 500).DropNext(SegmentKind.Syn);
    net.Flow(right, store, KeyValueStore.Port).StallFor(TimeSpan.FromSeconds(2), responseBytes: 100);
    net.Link(store).Partition(from: TimeSpan.FromSeconds(20), duration: TimeSpan.FromSeconds(15));

    KeyValueStore server = new(store, net.Time);
    Task serving = Task.Run(() => server.RunAsync(net.Stopping));
    await using KestrelHost web = await SumService.StartAsync(store);
    Task<int> posting = Task.Run(() => SumService.PostAsync(left, requests: 40, net.Time));
    Writer[] writers = [new Writer(left, net.Time, "left"), new Writer(right, net.Time, "right")];
    await Task.WhenAll(writers.Select(w => Task.Run(() => w.RunAsync(TimeSpan.FromMinutes(1)))));

    int summed = await posting;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"web: {summed} of 40 bodies summed right, over HTTP/2"));
    foreach (Writer writer in writers)
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{writer.Name}: {writer.Written} written, {writer.Failures} connections lost, the slowest took {writer.Slowest.TotalSeconds:F3} s"));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"store: {server.Count} keys, sum {server.Sum()}"));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{net.Elapsed.TotalSeconds:F3} virtual seconds, {net.Flow(left, store).Connections.Count + net.Flow(right, store).Connections.Count} connections"));
    Console.WriteLine($"sha256 {net.GetTraceHash()}");
}));
return await command.Parse(args).InvokeAsync();
