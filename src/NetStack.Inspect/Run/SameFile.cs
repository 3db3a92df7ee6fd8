namespace NetStack.Inspect;

/// <summary>Keeps an output from emptying the capture that is being read.</summary>
internal static class SameFile
{
    /// <summary>Whether two names are of one file: by their paths, links followed, or by what a file's other names (hard links, linked folders) share.</summary>
    internal static bool Is(string one, string other) =>
        one != "-" && other != "-" && (Target(one) == Target(other) || IsAlike(new FileInfo(Target(one)), new FileInfo(Target(other))));

    /// <summary>Refuses an output that is one of the captures.</summary>
    internal static void Refuse(IEnumerable<string> captures, string output)
    {
        if (captures.Any(capture => Is(capture, output))) throw new IOException("it is being read");
    }

    // Times to the nanosecond: a copy that keeps its time of change has another time of birth.
    private static bool IsAlike(FileInfo one, FileInfo other) =>
        one.Exists && other.Exists && one.Length == other.Length && one.Length > 0 && one.LastWriteTimeUtc == other.LastWriteTimeUtc && one.CreationTimeUtc == other.CreationTimeUtc;

    private static string Target(string path) =>
        (File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(path);
}
