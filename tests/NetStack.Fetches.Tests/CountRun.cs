using NetStack.Fetches.Tests.Cases;
using NetStack.Fetches.Tests.Counting;

namespace NetStack.Fetches.Tests;

/// <summary>Counts all cases, prints a table, and says whether it is as it has to be.</summary>
internal static class CountRun
{
    /// <summary>Nothing was counted, because nothing can be here.</summary>
    internal const int Skipped = 77;

    private const int WarmUps = 8;

    internal static int Count(string filter)
    {
        int result = Skipped;
        Thread thread = new(() => result = Run(filter), 16 * 1024 * 1024);
        thread.Start();
        thread.Join();
        return result;
    }

    private static int Run(string filter)
    {
        ICounter counter;
        try
        {
            counter = CounterChoice.Choose(out string how);
            Console.WriteLine($"counted by {how}; {JitMode}");
        }
        catch (CounterRefusedException e)
        {
            Console.WriteLine($"skipped: {e.Message}");
            return Skipped;
        }
        using (counter) return CountAll(counter, filter) ? 0 : 1;
    }

    private static string JitMode => Environment.GetEnvironmentVariable("DOTNET_JITMinOpts") == "1" ? "code as the JIT makes it without optimising"
        : Environment.GetEnvironmentVariable("DOTNET_TieredCompilation") == "0" ? "code as the JIT makes it, fully optimised" : "code of whatever tier it is at";

    private static bool CountAll(ICounter counter, string filter)
    {
        List<Verdict> verdicts = [];
        Console.WriteLine(Verdict.Heading);
        foreach (FetchCase one in AllCases.Where(c => $"{c.Group} {c.Name}".Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            using (one)
            {
                for (int i = 0; i < WarmUps; i++)
                {
                    one.Prepare();
                    one.Run();
                }
                Verdict verdict = new(one, counter.Count(one));
                verdicts.Add(verdict);
                Console.WriteLine(verdict);
            }
        }
        MethodNames names = new();
        foreach (Verdict verdict in verdicts) verdict.Explain(names, Console.Out);
        int wrong = verdicts.Count(v => !v.IsRight);
        Console.WriteLine($"{verdicts.Count} rows, {wrong} wrong");
        return wrong == 0 && verdicts.Count > 0;
    }

    private static IEnumerable<FetchCase> AllCases => [new NaiveParserControl(), new LibraryCopyControl(), .. ParserCase.All(), .. WayCases.All()];
}
