namespace NetStack.Analysis;

/// <summary>What a piece of a packet filter is.</summary>
internal enum TokenKind
{
    End,

    /// <summary>A word of the language.</summary>
    Keyword,

    /// <summary>Any other word: a name.</summary>
    Name,

    /// <summary>A number, or a word that stands for one.</summary>
    Number,

    /// <summary>Two to four numbers with dots.</summary>
    Ipv4,

    Ipv6,
    Mac,

    /// <summary>An operator or bracket; <c>and</c>, <c>or</c> and <c>not</c> are these too, as <c>&amp;&amp;</c>, <c>||</c> and <c>!</c>.</summary>
    Symbol,
}

/// <summary>A piece of a packet filter.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; a symbol's in its short form, an escaped name's without the backslash.</param>
/// <param name="Column">Where it begins, in characters from 1.</param>
/// <param name="Value">A number's value.</param>
internal readonly record struct FilterToken(TokenKind Kind, string Text, int Column, uint Value = 0)
{
    internal bool Is(string text) => Kind is TokenKind.Keyword or TokenKind.Symbol && Text == text;

    /// <summary>For a message.</summary>
    public override string ToString() => Kind == TokenKind.End ? "the end" : $"\"{Text}\"";
}
