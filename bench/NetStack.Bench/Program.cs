// dotnet run -c Release --project bench/NetStack.Bench -- ratios        the ratio tables of docs/performance.md
// dotnet run -c Release --project bench/NetStack.Bench -- stack         its table of stack to stack
// dotnet run -c Release --project bench/NetStack.Bench -- leaks 1000000 opens and closes a million connections; 1 if something leaked
// dotnet run -c Release --project bench/NetStack.Bench -- all --quick   the tables and figures of docs/copy-or-map.md; b1 … b8 for one study
// dotnet run -c Release --project bench/NetStack.Bench -- http          GETs from HttpClient to Kestrel, beside the kernel's loopback
// dotnet run -c Release --project bench/NetStack.Bench -- --filter '*'  BenchmarkDotNet, with allocated bytes
using BenchmarkDotNet.Running;
using NetStack.Bench;
using NetStack.Bench.Economics;

if (CopyEconomics.TryRun(args, Console.Out, Console.Error) is { } exit) return exit;
switch (args)
{
    case ["ratios", ..]:
        SnapshotRatios.Print(Console.Out, rounds: args.Length > 1 ? int.Parse(args[1], null) : 31);
        return 0;
    case ["stack", ..]:
        StackThroughput.Print(Console.Out, rounds: args.Length > 1 ? int.Parse(args[1], null) : 15);
        Console.Out.WriteLine();
        IdleMemory.Print(Console.Out);
        return 0;
    case ["leaks", ..]:
        return LeakCheck.Run(Console.Out, connections: args.Length > 1 ? int.Parse(args[1], null) : 1_000_000);
    case ["http", ..]:
        await HttpRequests.PrintAsync(Console.Out, rounds: args.Length > 1 ? int.Parse(args[1], null) : 31);
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
}
