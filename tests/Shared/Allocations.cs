namespace NetStack;

/// <summary>Measures what work allocates on this thread.</summary>
internal static class Allocations
{
    private const int Runs = 5;

    /// <summary>
    /// Bytes that some work allocates on this thread: the least of a few runs. A few kilobytes were seen once in many runs that
    /// are not the work's, presumably tables of the runtime that grew on the thread at hand; what the work allocates shows in
    /// every run.
    /// </summary>
    internal static long Of(Action work)
    {
        work(); // warm
        return OfFresh(() => work);
    }

    /// <summary>As <see cref="Of"/>, each run being made anew, up to where it is to be measured: for work that might allocate only now and then,
    /// as what grows without a bound does.</summary>
    internal static long OfFresh(Func<Action> prepare)
    {
        long least = long.MaxValue;
        for (int run = 0; run < Runs && least > 0; run++)
        {
            Action work = prepare();
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
