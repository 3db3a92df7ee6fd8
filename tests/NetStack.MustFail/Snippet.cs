using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace NetStack.MustFail;

/// <summary>
/// Members of a class, compiled against the libraries as a user would, and emitted: some errors, such as a window that lives
/// across an await, show only there.
/// </summary>
internal static class Snippet
{
    private const string Header = """
        using System;
        using System.Collections.Generic;
        using System.Threading.Tasks;
        using NetStack;
        using NetStack.Memory;
        using NetStack.Nic;

        """;

    private static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name.StartsWith("NetStack.", StringComparison.Ordinal)))
            .Select(p => MetadataReference.CreateFromFile(p)),
    ];

    // A snippet may say unsafe: what stops it must be the types, not a missing compiler switch.
    // Members that are not public are seen, so that one that exists is refused as inaccessible and not as unknown.
    private static readonly CSharpCompilationOptions Options = new(
        OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable, metadataImportOptions: MetadataImportOptions.All);

    private static readonly CSharpParseOptions Language = new(LanguageVersion.CSharp14);

    /// <summary>The errors of a snippet, each id once, in order; empty when it compiles.</summary>
    internal static string[] Errors(string members)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText($"{Header}\nstatic class Program\n{{\n{members}\n}}\n", Language);
        CSharpCompilation compilation = CSharpCompilation.Create("Snippet", [tree], References, Options);
        using MemoryStream image = new();
        return [.. compilation.Emit(image).Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.Id).Distinct().Order(StringComparer.Ordinal)];
    }
}
