using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NetStack.Architecture;

/// <summary>Only the files of eng/unsafe-files.txt may leave the type system.</summary>
public sealed class UnsafeFiles
{
    [Fact]
    public void Exactly_the_listed_files_are_unsafe()
    {
        string[] found = [.. Repository.SourceFiles("src").Where(IsUnsafe).Select(Repository.Relative)];
        Assert.Equal(Repository.List("unsafe-files.txt").Order(StringComparer.Ordinal), found);
    }

    /// <summary>The unsafe keyword, and the library types that do the same without saying so.</summary>
    private static bool IsUnsafe(string file) =>
        Repository.Parse(file).DescendantTokens().Any(t =>
            t.IsKind(SyntaxKind.UnsafeKeyword)
            || (t.IsKind(SyntaxKind.IdentifierToken) && t.ValueText is "Unsafe" or "MemoryMarshal" or "NativeMemory" or "LibraryImport" or "DllImport"));
}
