using System.Globalization;

namespace NetStack.Bench.Economics;

/// <summary>What follows from the table of the stand-ins.</summary>
internal static class Crossover
{
    internal const string CopyCached = "copy, cached, ns";
    internal const string CopyFromMemory = "copy, from memory, ns";
    internal const string Refill = "pages read after it, ns";

    /// <summary>What stands in for mapping and unmapping.</summary>
    internal static readonly string[] StandIns = ["mprotect off and on", "mremap to and fro", "munmap and mmap"];

    /// <summary>The least size from which on, up to the largest that was tried, a way is cheaper than a copy.</summary>
    internal static ResultTable Of(ResultTable standIns)
    {
        ResultTable table = new("crossover", "The least size, of those tried, from which on the stand-in at its least is cheaper than the median copy; with the pages read after it, and without",
            Column.Key("stand-in"), Column.Key("than a copy, cached"), Column.Key("than a copy from memory"));
        foreach (string standIn in StandIns.Where(n => standIns.Columns.Any(c => c.Name == $"{n}, ns")))
        {
            double Calls(int row) => standIns.Number(row, $"{standIn}, ns");
            double CallsAndReads(int row) => Calls(row) + standIns.Number(row, Refill);
            table.Add(standIn, Least(standIns, Calls, CopyCached), Least(standIns, Calls, CopyFromMemory));
            table.Add($"{standIn}, pages read", Least(standIns, CallsAndReads, CopyCached), Least(standIns, CallsAndReads, CopyFromMemory));
        }
        return table;
    }

    /// <summary>The size whose copy takes as long as a map and unmap of a given cost, whatever that cost is on the reader's machine.</summary>
    internal static ResultTable Affordable(ResultTable standIns)
    {
        ResultTable table = new("break-even", "If mapping, unmapping and invalidating together take so long, copying is cheaper below so many bytes",
            Column.Key("map + unmap, µs"), Column.Measured("bytes, cached"), Column.Measured("bytes, from memory"));
        foreach (double microseconds in (double[])[0.25, 0.5, 1, 2.3, 5, 10, 25, 100])
        {
            table.Add(microseconds.ToString(CultureInfo.InvariantCulture), SizeOf(standIns, CopyCached, microseconds * 1000), SizeOf(standIns, CopyFromMemory, microseconds * 1000));
        }
        return table;
    }

    private static string Least(ResultTable standIns, Func<int, double> cost, string copy)
    {
        int row = standIns.Rows.Count;
        while (row > 0 && cost(row - 1) < standIns.Number(row - 1, copy)) row--;
        return row == standIns.Rows.Count ? $"none up to {Axis.SizeText(MapVersusCopy.Sizes[^1])}" : Axis.SizeText(MapVersusCopy.Sizes[row]);
    }

    /// <summary>Between two measured sizes by their logarithms; past the largest, in proportion.</summary>
    private static double SizeOf(ResultTable standIns, string copy, double nanoseconds)
    {
        int[] sizes = MapVersusCopy.Sizes;
        int row = 0;
        while (row < sizes.Length && standIns.Number(row, copy) < nanoseconds) row++;
        if (row == 0) return sizes[0] * nanoseconds / standIns.Number(0, copy);
        if (row == sizes.Length) return sizes[^1] * nanoseconds / standIns.Number(sizes.Length - 1, copy);
        double below = standIns.Number(row - 1, copy), above = standIns.Number(row, copy);
        double share = Math.Log(nanoseconds / below) / Math.Log(above / below);
        return sizes[row - 1] * Math.Pow((double)sizes[row] / sizes[row - 1], share);
    }
}
