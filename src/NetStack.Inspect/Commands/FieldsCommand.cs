using System.CommandLine;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack fields</c>: which fields display filters and field lists may name.</summary>
internal static class FieldsCommand
{
    internal static Command Create()
    {
        Argument<string?> pattern = new("PATTERN") { Description = "A part of a name or description.", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("fields", "The fields that -Y, -T fields and --fields know: name, type, what it is.") { pattern };
        command.SetAction(parsed => List(parsed.GetValue(pattern) ?? ""));
        return command;
    }

    private static int List(string pattern)
    {
        DisplayField[] fields = [.. DisplayField.All.Where(f => Has(f.Name, pattern) || Has(f.Description, pattern))];
        if (fields.Length == 0)
        {
            Console.Error.WriteLine($"netstack: no field has \"{pattern}\" in its name or description");
            return ExitCode.Unusable;
        }
        int width = fields.Max(f => f.Name.Length);
        foreach (DisplayField field in fields) Console.Out.WriteLine($"{field.Name.PadRight(width)}  {field.Type,-10}  {field.Description}");
        return ExitCode.Done;
    }

    private static bool Has(string text, string pattern) => text.Contains(pattern, StringComparison.OrdinalIgnoreCase);
}
