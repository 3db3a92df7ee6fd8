namespace NetStack.Fetches.Tests.Counting;

/// <summary>Memory that is watched: a frame's bytes, or a completion entry.</summary>
/// <param name="Name">What it is, in the table.</param>
/// <param name="Address">Where it lies in this process; pinned.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct Watched(string Name, nint Address, int Length);

/// <summary>
/// One thing to measure, again and again: each <see cref="Prepare"/> brings a new frame, of the same bytes or at least the same length,
/// and <see cref="Run"/> is what is counted. Both are called on one thread.
/// </summary>
internal interface IMeasured
{
    /// <summary>Lets the device write a frame.</summary>
    /// <returns>Where it lies, and its completions; the same names and lengths each time.</returns>
    Watched[] Prepare();

    /// <summary>The consumer's way with the frame.</summary>
    void Run();
}

/// <summary>How often each byte of one watched range was read, and by whom.</summary>
internal sealed class Tally(string name, int length)
{
    internal string Name => name;

    internal int[] Reads { get; } = new int[length];

    /// <summary>Who read: instructions, each with the places it was called from, as far as the counter knows; in the order they came.</summary>
    internal List<(int Offset, int Length, nint[] Calls)> Readers { get; } = [];

    internal void Read(int offset, int size, nint[] calls)
    {
        int end = Math.Min(offset + size, Reads.Length);
        int start = Math.Max(offset, 0);
        for (int i = start; i < end; i++) Reads[i]++;
        if (end > start) Readers.Add((start, end - start, calls));
    }
}

/// <summary>Counts memory reads of one thread, byte by byte, as the processor does them.</summary>
internal interface ICounter : IDisposable
{
    /// <summary>How it counts.</summary>
    string Name { get; }

    /// <summary>What it took, in numbers.</summary>
    string Cost { get; }

    /// <summary>Counts the reads of what <see cref="IMeasured.Prepare"/> names, during <see cref="IMeasured.Run"/>.</summary>
    Tally[] Count(IMeasured measured);
}

/// <summary>A counter does not work here, and why.</summary>
internal sealed class CounterRefusedException(string reason) : Exception(reason);
