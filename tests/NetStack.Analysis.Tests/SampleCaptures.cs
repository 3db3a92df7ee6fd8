namespace NetStack.TestCaptures;

/// <summary>The captures of samples/captures, recorded by tests/interop/record-captures.sh.</summary>
public static class SampleCaptures
{
    private static readonly string Folder = RepositoryRoot.PathOf("samples", "captures");

    /// <summary>The names of all of them, without the ending.</summary>
    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(Folder, "*.pcapng").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    public static string PathOf(string name) => Path.Combine(Folder, name + ".pcapng");
}
