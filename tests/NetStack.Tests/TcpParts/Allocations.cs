namespace NetStack.Tests.TcpParts;

/// <summary>Counts allocations.</summary>
internal static class Allocations
{
    /// <summary>
    /// Bytes that some work allocates on this thread: the least of a few runs. A few kilobytes were seen once in many runs that
    /// are not the work's, presumably tables of the runtime that grew on the thread at hand; what the work allocates shows in
    /// every run.
    /// </summary>
    internal static long Of(Action work)
    {
        work(); // warm
        long least = long.MaxValue;
        for (int run = 0; run < 5 && least > 0; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
