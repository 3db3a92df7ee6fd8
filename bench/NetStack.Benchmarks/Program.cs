// dotnet run -c Release --project bench/NetStack.Benchmarks -- ratios        the ratio tables of docs/performance.md
// dotnet run -c Release --project bench/NetStack.Benchmarks -- --filter '*'  BenchmarkDotNet, with allocated bytes
using BenchmarkDotNet.Running;
using NetStack.Benchmarks;

if (args is ["ratios", ..])
{
    SnapshotRatios.Print(Console.Out, rounds: args.Length > 1 ? int.Parse(args[1], null) : 31);
    return;
}
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
