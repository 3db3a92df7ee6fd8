using System.Globalization;

namespace NetStack.Bench.Economics;

/// <summary>
/// Keeps every thread of this process on one processor for a while, so that a flush of the TLB is a local one: the runtime's own
/// threads, which happen to have run elsewhere, would otherwise make it an interrupt to the other core and a wait for it.
/// </summary>
internal sealed class OneProcessor : IDisposable
{
    private readonly ulong _before;

    internal OneProcessor()
    {
        if (!Libc.IsHere) return;
        Libc.Check(Libc.GetAffinity(0, sizeof(ulong), out _before) > 0, "sched_getaffinity");
        Use(_before & (~_before + 1)); // the lowest one
    }

    public void Dispose()
    {
        if (Libc.IsHere) Use(_before);
    }

    private static void Use(ulong processors)
    {
        foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            _ = Libc.SetAffinity(int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture), sizeof(ulong), processors); // it may be gone
        }
    }
}
