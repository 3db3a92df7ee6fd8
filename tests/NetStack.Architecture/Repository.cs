using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NetStack.Architecture;

/// <summary>The source tree the tests were built from.</summary>
internal static class Repository
{
    internal static string Root => RepositoryRoot.Folder;

    /// <summary>The hand-written C# files below a folder of the repository.</summary>
    internal static IEnumerable<string> SourceFiles(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !Relative(f).Split('/').Any(p => p is "obj" or "bin"))
            .Order(StringComparer.Ordinal);

    internal static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    internal static CompilationUnitSyntax Parse(string file) =>
        CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetCompilationUnitRoot();

    /// <summary>The lines of a list file in eng/, without comments and blank lines.</summary>
    internal static string[] List(string name) =>
        [.. File.ReadLines(Path.Combine(Root, "eng", name)).Select(l => l.Split('#')[0].Trim()).Where(l => l.Length > 0)];
}
