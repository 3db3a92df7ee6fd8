namespace NetStack.TestCaptures;

/// <summary>The captures of samples/captures, recorded by tests/interop/record-captures.sh.</summary>
public static class SampleCaptures
{
    private static readonly string Folder = Path.Combine(FindRoot(), "samples", "captures");

    /// <summary>The names of all of them, without the ending.</summary>
    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(Folder, "*.pcapng").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    public static string Root => FindRoot();

    public static string PathOf(string name) => Path.Combine(Folder, name + ".pcapng");

    private static string FindRoot()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "NetStack.sln"))) return d.FullName;
        }
        throw new InvalidOperationException("NetStack.sln was not found above the test assembly.");
    }
}
