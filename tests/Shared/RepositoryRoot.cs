namespace NetStack;

/// <summary>The folder of the repository a program was built in. Looked for above the program, not where its sources were: a build
/// for CI writes other paths into the assembly.</summary>
internal static class RepositoryRoot
{
    /// <summary>Its path.</summary>
    internal static string Folder { get; } = Find();

    /// <summary>The path of something in it.</summary>
    internal static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Folder, .. parts]);

    private static string Find()
    {
        for (DirectoryInfo? d = new(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "NetStack.sln"))) return d.FullName;
        }
        throw new InvalidOperationException($"NetStack.sln was not found above {AppContext.BaseDirectory}.");
    }
}
