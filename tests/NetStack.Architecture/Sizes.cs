using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace NetStack.Architecture;

/// <summary>
/// Size guides: a file is about one thing and a function fits a screen. Files that are tables are listed, with a reason, in
/// eng/size-exceptions.txt.
/// </summary>
public sealed class Sizes
{
    private static readonly string[] Exceptions = Repository.List("size-exceptions.txt");

    [Fact]
    public void Files_are_short()
    {
        (string File, int Lines)[] files = [.. Files().Select(f => (Repository.Relative(f), File.ReadLines(f).Count()))];
        Assert.DoesNotContain(files, f => f.Lines > 600);
        Assert.InRange(Percentile90(files.Select(f => f.Lines)), 1, 350);
    }

    [Fact]
    public void Functions_are_short()
    {
        (string Where, int Lines)[] functions = [.. Files().SelectMany(Functions)];
        Assert.DoesNotContain(functions, f => f.Lines > 80);
        Assert.InRange(Percentile90(functions.Select(f => f.Lines)), 1, 30);
    }

    [Fact]
    public void Exceptions_name_files_that_exist()
    {
        Assert.All(Exceptions, e => Assert.True(File.Exists(Path.Combine(Repository.Root, e)), e));
    }

    private static IEnumerable<string> Files() => Repository.SourceFiles("src").Where(f => !Exceptions.Contains(Repository.Relative(f)));

    private static IEnumerable<(string Where, int Lines)> Functions(string file) =>
        Repository.Parse(file).DescendantNodes()
            .Where(n => n is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax)
            .Select(n => (Line: n.GetLocation().GetLineSpan(), Body: (SyntaxNode?)Body(n)))
            .Where(f => f.Body is not null)
            .Select(f => ($"{Repository.Relative(file)}:{f.Line.StartLinePosition.Line + 1}", Span(f.Body!)));

    private static SyntaxNode? Body(SyntaxNode node) => node switch
    {
        BaseMethodDeclarationSyntax m => (SyntaxNode?)m.Body ?? m.ExpressionBody,
        AccessorDeclarationSyntax a => (SyntaxNode?)a.Body ?? a.ExpressionBody,
        LocalFunctionStatementSyntax l => (SyntaxNode?)l.Body ?? l.ExpressionBody,
        _ => null,
    };

    private static int Span(SyntaxNode node)
    {
        FileLinePositionSpan span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static int Percentile90(IEnumerable<int> values)
    {
        int[] sorted = [.. values.Order()];
        return sorted[(int)Math.Ceiling(sorted.Length * 0.9) - 1];
    }
}
