namespace NetStack.Inspect;

/// <summary>Opens the captures of a run, and says what was wrong with them.</summary>
internal static class CaptureFiles
{
    private const int MaxGapsSaid = 10; // of each file

    /// <summary>Opens captures: several are merged by time.</summary>
    /// <returns>Null where one cannot be opened, which was said.</returns>
    internal static CaptureSource? Open(CaptureRequest request, TextWriter errors)
    {
        CaptureReaderOptions options = new() { Recover = request.Recover, BlockSize = CaptureReaderOptions.BlockSizeFor(request.Files.Count) };
        List<CaptureReader> files = [];
        foreach (string file in request.Files)
        {
            try
            {
                files.Add(CaptureReader.Open(file, options));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                errors.WriteLine($"netstack: {file}: {(Directory.Exists(file) ? "is a directory" : CaptureRun.Reason(e))}");
                foreach (CaptureReader open in files) open.Dispose();
                return null;
            }
        }
        return files.Count == 1 ? files[0] : new MergedCapture(files);
    }

    /// <summary>Says of each file what was skipped, and where it ended early.</summary>
    /// <param name="capture">The captures.</param>
    /// <param name="isWholeWanted">Whether it matters how the files end: not where enough packets came before.</param>
    /// <param name="errors">Standard error.</param>
    /// <returns>Whether anything was said.</returns>
    internal static bool SayDamage(CaptureSource capture, bool isWholeWanted, TextWriter errors)
    {
        bool isDamaged = false;
        foreach (CaptureReader file in capture.Files)
        {
            foreach (CaptureGap gap in file.Skipped.Take(MaxGapsSaid)) errors.WriteLine($"netstack: {file.Name}: {gap}");
            if (file.SkippedCount > MaxGapsSaid)
                errors.WriteLine($"netstack: {file.Name}: skipped {file.SkippedBytes} bytes in {file.SkippedCount} places in all");
            if (isWholeWanted && file.Damage is { } damage) errors.WriteLine($"netstack: {file.Name}: {damage}");
            isDamaged |= file.SkippedCount > 0 || (isWholeWanted && file.Damage is not null);
        }
        return isDamaged;
    }
}
