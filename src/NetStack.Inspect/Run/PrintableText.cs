using System.Globalization;
using System.Text;

namespace NetStack.Inspect;

/// <summary>Text of others, file names and comments, as a terminal may have it: control characters become <c>\x1b</c> and the like.</summary>
internal static class PrintableText
{
    internal static string Of(string text)
    {
        StringBuilder printable = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsPrintable(rune)) printable.Append(rune);
            else printable.Append(rune.Value < 256 ? $"\\x{rune.Value:x2}" : $"\\u{rune.Value:x4}");
        }
        return printable.ToString();
    }

    /// <summary>Marks of direction are none either: they turn a name around.</summary>
    private static bool IsPrintable(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}

/// <summary>Standard error for messages, which name files and quote command lines; line ends are ours.</summary>
internal sealed class PrintableErrors(TextWriter errors) : TextWriter
{
    public override Encoding Encoding => errors.Encoding;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        while (buffer.IndexOfAny('\n', '\r') is >= 0 and int end)
        {
            errors.Write(PrintableText.Of(buffer[..end].ToString()));
            errors.Write(buffer[end]);
            buffer = buffer[(end + 1)..];
        }
        errors.Write(PrintableText.Of(buffer.ToString()));
    }

    public override void Flush() => errors.Flush();
}
