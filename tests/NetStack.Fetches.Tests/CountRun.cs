using NetStack.Fetches.Tests.Cases;
using NetStack.Fetches.Tests.Counting;

namespace NetStack.Fetches.Tests;

/// <summary>Counts all cases, prints a table, and says whether it is as it has to be.</summary>
internal static class CountRun
{
    /// <summary>The exit code when nothing was counted, because nothing can be here.</summary>
    internal const int Skipped = 77;

    private const int WarmUps = 8;

    /// <summary>Counts on a thread of its own.</summary>
    /// <param name="by">The counter; null for the first that works.</param>
    /// <param name="filter">Part of a case's name; empty for all.</param>
    internal static int Count(string? by, string filter)
    {
        int result = 1;
        Thread thread = new(() => result = Run(by, filter));
        thread.Start();
        thread.Join();
        return result;
    }

    private static int Run(string? by, string filter)
    {
        ICounter counter;
        try
        {
            counter = CounterChoice.Choose(by);
        }
        catch (CounterRefusedException e)
        {
            Console.WriteLine($"skipped: {e.Message}");
            return Skipped;
        }
        using (counter)
        {
            Console.WriteLine($"{JitMode}, counted by {counter.Name}");
            return CountAll(counter, filter) ? 0 : 1;
        }
    }

    private static string JitMode => Environment.GetEnvironmentVariable("DOTNET_JITMinOpts") == "1" ? "minimal optimisation"
        : Environment.GetEnvironmentVariable("DOTNET_TieredCompilation") == "0" ? "full optimisation" : "tiered compilation";

    private static bool CountAll(ICounter counter, string filter)
    {
        using MethodNames names = new();
        List<Verdict> verdicts = [];
        Console.WriteLine(Verdict.Heading);
        foreach (FetchCase one in AllCases.Where(c => $"{c.Group}: {c.Name}".Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            using (one)
            {
                Verdict verdict = Judge(counter, one);
                verdicts.Add(verdict);
                Console.WriteLine(verdict);
            }
        }
        foreach (Verdict verdict in verdicts) verdict.Explain(names, Console.Out);
        int wrong = verdicts.Count(v => !v.IsRight);
        Console.WriteLine($"{verdicts.Count} rows, {wrong} wrong; {counter.Cost}");
        return wrong == 0 && verdicts.Count > 0;
    }

    private static Verdict Judge(ICounter counter, FetchCase one)
    {
        for (int i = 0; i < WarmUps; i++) // all code is compiled then, and every lazy thing done
        {
            one.Prepare();
            one.Run();
        }
        return new Verdict(one, counter.Count(one));
    }

    private static IEnumerable<FetchCase> AllCases =>
        new FetchCase[] { new NaiveParserControl(), new LibraryCopyControl() }.Concat(ParserCase.All()).Concat(WayCases.All());
}
