namespace NetStack.Fetches.Tests.Counting;

/// <summary>Finds a counter that works here.</summary>
internal static class CounterChoice
{
    internal static ICounter Choose(out string how)
    {
        StepCounter counter = new();
        how = counter.Name;
        return counter;
    }
}
