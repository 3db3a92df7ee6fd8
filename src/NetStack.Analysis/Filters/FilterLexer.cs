using System.Globalization;
using System.Net;
using System.Net.Sockets;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Cuts a packet filter into pieces as libpcap's scanner does: the longest piece wins, and of equal ones the address.</summary>
internal static class FilterLexer
{
    /// <summary>Longer expressions are refused.</summary>
    internal const int MaxLength = 64 * 1024;

    private const string Symbols = "+-*/%:[]!<>()&|^=";

    private static readonly string[] LongSymbols = [">=", "<=", "!=", "==", "<<", ">>", "&&", "||"];

    /// <summary>All pieces, the last of them the end.</summary>
    /// <exception cref="FilterException">A character that begins no piece, or a number or address that is none.</exception>
    internal static List<FilterToken> Read(string text)
    {
        if (text.Length > MaxLength) throw new FilterException($"a filter has at most {MaxLength} characters, not {text.Length}");
        List<FilterToken> tokens = [];
        for (int at = 0; at < text.Length;)
        {
            if (text[at] is ' ' or '\t' or '\r' or '\n')
            {
                at++;
                continue;
            }
            FilterToken token = ReadOne(text, at, out int length);
            tokens.Add(token);
            at += length;
        }
        tokens.Add(new FilterToken(TokenKind.End, "", text.Length + 1));
        return tokens;
    }

    private static FilterToken ReadOne(string text, int at, out int length)
    {
        if (ReadAddress(text, at, out length) is { } address) return address;
        if (char.IsAsciiLetterOrDigit(text[at])) return ReadWord(text, at, out length);
        if (text[at] == '\\') return ReadEscaped(text, at, out length);
        foreach (string symbol in LongSymbols)
        {
            length = 2;
            if (string.CompareOrdinal(text, at, symbol, 0, 2) == 0) return new FilterToken(TokenKind.Symbol, symbol == "==" ? "=" : symbol, at + 1);
        }
        length = 1;
        if (Symbols.Contains(text[at], StringComparison.Ordinal)) return new FilterToken(TokenKind.Symbol, text[at].ToString(), at + 1);
        throw new FilterException(at + 1, $"{Printable(text[at])} is not expected here");
    }

    /// <summary>A MAC or IPv6 address, where one begins that is longer than a word would be.</summary>
    private static FilterToken? ReadAddress(string text, int at, out int length)
    {
        length = 0;
        int end = at;
        while (end < text.Length && end - at < 64 && (char.IsAsciiHexDigit(text[end]) || text[end] is ':' or '.' or '-')) end++;
        int word = WordLength(text, at);
        for (length = end - at; length >= Math.Max(2, word); length--)
        {
            string part = text.Substring(at, length);
            if (IsMac(part)) return new FilterToken(TokenKind.Mac, part, at + 1);
            if (part.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(part, out IPAddress? ip) && ip.AddressFamily == AddressFamily.InterNetworkV6)
                return new FilterToken(TokenKind.Ipv6, part, at + 1);
        }
        string[] groups = text[at..end].Split(':');
        if (groups.Length > 2 && groups[0].Length is 1 or 2 && groups[1].Length is 1 or 2)
            throw new FilterException(at + 1, $"\"{text[at..end]}\" is neither a MAC nor an IPv6 address");
        return null;
    }

    private static FilterToken ReadWord(string text, int at, out int length)
    {
        length = WordLength(text, at);
        string word = text.Substring(at, length);
        if (FilterWords.Spellings.TryGetValue(word, out string? symbol)) return new FilterToken(TokenKind.Symbol, symbol, at + 1);
        if (FilterWords.Keywords.Contains(word)) return new FilterToken(TokenKind.Keyword, word, at + 1);
        if (FilterWords.Constants.TryGetValue(word, out uint constant)) return new FilterToken(TokenKind.Number, word, at + 1, constant);
        if (char.IsAsciiDigit(word[0]))
        {
            if (TryNumber(word, at, out uint value)) return new FilterToken(TokenKind.Number, word, at + 1, value);
            if (word.Split('.') is { Length: > 1 and < 5 } parts && parts.All(p => p.Length > 0 && p.All(char.IsAsciiDigit))) return new FilterToken(TokenKind.Ipv4, word, at + 1);
        }
        return new FilterToken(TokenKind.Name, word, at + 1);
    }

    /// <summary>A word of the language as a name: <c>ether proto \ip</c>.</summary>
    private static FilterToken ReadEscaped(string text, int at, out int length)
    {
        int end = at + 1;
        while (end < text.Length && text[end] is > ' ' and <= '~' and not ('!' or '(' or ')')) end++;
        length = end - at;
        if (length == 1) throw new FilterException(at + 1, "a name is missing behind the backslash");
        return new FilterToken(TokenKind.Name, text[(at + 1)..end], at + 1);
    }

    /// <summary>Letters, digits, and <c>-</c>, <c>_</c>, <c>.</c> between them; the last may be a dot.</summary>
    private static int WordLength(string text, int at)
    {
        int end = at;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || (end > at && text[end] is '-' or '_' or '.'))) end++;
        while (end > at && text[end - 1] is '-' or '_') end--;
        return end - at;
    }

    /// <summary>Decimal, 0x and hexadecimal, or 0 and octal, as C has it.</summary>
    private static bool TryNumber(string word, int at, out uint value)
    {
        value = 0;
        bool isHex = word.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && word.Length > 2;
        ReadOnlySpan<char> digits = isHex ? word.AsSpan(2) : word;
        foreach (char c in digits)
        {
            if (!(isHex ? char.IsAsciiHexDigit(c) : char.IsAsciiDigit(c))) return false;
        }
        uint scale = isHex ? 16U : word[0] == '0' ? 8U : 10U;
        foreach (char c in digits)
        {
            uint digit = uint.Parse([c], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (digit >= scale) throw new FilterException(at + 1, $"\"{word}\" begins with 0 and so is octal, which has no digit {c}");
            ulong next = ((ulong)value * scale) + digit;
            if (next > uint.MaxValue) throw new FilterException(at + 1, $"\"{word}\" is more than 32 bits hold");
            value = (uint)next;
        }
        return true;
    }

    /// <summary>Six bytes with colons, hyphens or dots, three words with dots, or twelve digits.</summary>
    private static bool IsMac(string text)
    {
        if (text.Length == 12 && text.All(char.IsAsciiHexDigit)) return true;
        foreach (char separator in ":-.")
        {
            string[] parts = text.Split(separator);
            if (!parts.All(p => p.Length > 0 && p.All(char.IsAsciiHexDigit))) continue;
            if (parts.Length == MacAddress.Size && parts.All(p => p.Length <= 2)) return true;
            if (separator == '.' && parts.Length == 3 && parts.All(p => p.Length == 4)) return true;
        }
        return false;
    }

    private static string Printable(char c) => c is > ' ' and <= '~' ? $"'{c}'" : $"character U+{(int)c:X4}";
}
