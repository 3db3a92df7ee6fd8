using System.Globalization;
using System.Text;

namespace NetStack.Analysis;

internal enum DisplayTokenKind
{
    End,
    Word,
    Text,
    Character,
    Symbol,
}

/// <summary>A token of a display filter.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">A word or symbol as it stands, or the content of a quoted text.</param>
/// <param name="Column">Where it begins, from 1.</param>
internal readonly record struct DisplayToken(DisplayTokenKind Kind, string Text, int Column)
{
    internal bool Is(string text) => Kind is DisplayTokenKind.Word or DisplayTokenKind.Symbol && Text == text;

    /// <summary>How a message names it.</summary>
    internal string Name => Kind == DisplayTokenKind.End ? "the end" : $"\"{Text}\"";
}

/// <summary>Cuts a display filter into tokens.</summary>
internal static class DisplayLexer
{
    private static readonly string[] Symbols =
        ["===", "!==", "==", "!=", "~=", ">=", "<=", "&&", "||", "^^", "..", ">", "<", "!", "&", "~", "(", ")", "{", "}", "[", "]", ",", "#", "+", "*", "%", "=", "|", "^", "$", "@", ";"];

    internal static List<DisplayToken> Read(string text)
    {
        List<DisplayToken> tokens = [];
        int at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
            if (at == text.Length) break;
            tokens.Add(Next(text, ref at));
        }
        tokens.Add(new DisplayToken(DisplayTokenKind.End, "", text.Length + 1));
        return tokens;
    }

    private static DisplayToken Next(string text, ref int at)
    {
        int start = at;
        if (text[at] == '"') return Quoted(text, ref at, start, isRaw: false);
        if (text[at] is 'r' or 'R' && at + 1 < text.Length && text[at + 1] == '"')
        {
            at++;
            return Quoted(text, ref at, start, isRaw: true);
        }
        if (text[at] == '\'') return Quoted(text, ref at, start, isRaw: false) with { Kind = DisplayTokenKind.Character };
        string? symbol = Symbols.FirstOrDefault(s => string.CompareOrdinal(text, start, s, 0, s.Length) == 0);
        if (symbol is not null)
        {
            at += symbol.Length;
            return new DisplayToken(DisplayTokenKind.Symbol, symbol, start + 1);
        }
        while (at < text.Length && IsOfWord(text[at]) && !(text[at] == '.' && at + 1 < text.Length && text[at + 1] == '.')) at++;
        if (at > start) return new DisplayToken(DisplayTokenKind.Word, text[start..at], start + 1);
        throw new FilterException(start + 1, $"the character {Show(text[start])} has no meaning here");
    }

    private static bool IsOfWord(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '/' or '-';

    private static string Show(char c) => c is > ' ' and <= '~' ? $"\"{c}\"" : string.Create(CultureInfo.InvariantCulture, $"U+{(int)c:X4}");

    private static DisplayToken Quoted(string text, ref int at, int start, bool isRaw)
    {
        char quote = text[at++];
        StringBuilder content = new();
        while (at < text.Length && text[at] != quote)
        {
            if (text[at] != '\\') content.Append(text[at++]);
            else if (isRaw) content.Append(text[at++]).Append(at < text.Length ? text[at++] : "");
            else content.Append(Escape(text, ref at));
        }
        if (at == text.Length) throw new FilterException(start + 1, "the quotation mark is not closed");
        at++;
        return new DisplayToken(DisplayTokenKind.Text, content.ToString(), start + 1);
    }

    private static char Escape(string text, ref int at)
    {
        int start = at++;
        char c = at < text.Length ? text[at++] : '\0';
        switch (c)
        {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case 'a': return '\a';
            case 'b': return '\b';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'x': return Digits(text, ref at, start, 16, 1, 2);
            case 'u': return Digits(text, ref at, start, 16, 4, 4);
            case >= '0' and <= '7':
                at--;
                return Digits(text, ref at, start, 8, 1, 3);
            case '\\' or '"' or '\'': return c;
            default: throw new FilterException(start + 1, "a backslash is followed by n, t, r, a, b, f, v, x, u, a digit, a quote or a backslash");
        }
    }

    private static char Digits(string text, ref int at, int start, int numberBase, int least, int most)
    {
        int value = 0, count = 0;
        while (count < most && at < text.Length && char.IsAsciiHexDigit(text[at]) && Convert.ToInt32(text[at].ToString(), 16) < numberBase)
        {
            value = value * numberBase + Convert.ToInt32(text[at++].ToString(), 16);
            count++;
        }
        return count >= least ? (char)value : throw new FilterException(start + 1, "the escape has too few digits");
    }
}
