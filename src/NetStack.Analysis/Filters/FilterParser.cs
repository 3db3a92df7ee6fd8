using System.Diagnostics.CodeAnalysis;

namespace NetStack.Analysis;

/// <summary>
/// Reads a packet filter: libpcap's grammar by recursive descent. <c>and</c> and <c>or</c> bind alike and from the left, and a
/// bare value behind them inherits what qualified the value before: <c>tcp port 80 or 443</c>. Whatever does not depend on the
/// link type is checked here, so that an error has a column.
/// </summary>
internal sealed partial class FilterParser
{
    /// <summary>Brackets and negations deeper than this are refused, so that no text exhausts the stack.</summary>
    private const int MaxDepth = 64;

    /// <summary>As many terms as a script may sensibly write; the tree is walked by recursion.</summary>
    private const int MaxTerms = 1024;

    private readonly string _text;
    private readonly List<FilterToken> _tokens;
    private int _at;
    private int _depth;
    private int _terms;
    private Qualifiers? _inherited;

    private FilterParser(string text)
    {
        _text = text;
        _tokens = FilterLexer.Read(text);
    }

    private FilterToken Current => _tokens[_at];

    /// <summary>Reads an expression; null where it is empty, which every packet matches.</summary>
    /// <exception cref="FilterException">It cannot be read.</exception>
    internal static FilterNode? Parse(string text)
    {
        FilterParser parser = new(text);
        if (parser.Current.Kind == TokenKind.End) return null;
        FilterNode filter = parser.Expression();
        if (parser.Current.Kind != TokenKind.End) parser.FailAfterTerm();
        return filter;
    }

    private FilterNode Expression()
    {
        FilterNode left = Term(mayInherit: false);
        while (true)
        {
            if (Take("&&")) left = new AndNode(left, Term(mayInherit: true));
            else if (Take("||")) left = new OrNode(left, Term(mayInherit: true));
            else return left;
        }
    }

    private FilterNode Term(bool mayInherit)
    {
        if (++_depth > MaxDepth) throw Fail("brackets and negations are nested too deeply");
        if (++_terms > MaxTerms) throw Fail($"there are more than {MaxTerms} terms");
        FilterToken first = Current;
        FilterNode term;
        if (Take("!")) term = new NotNode(first.Column, Term(mayInherit));
        else if (TryRelation() is { } relation) term = Bare(relation);
        else if (first.Is("(")) term = Bracket(mayInherit);
        else if (IsValue(first)) term = mayInherit && _inherited is { } q ? Value(q) : throw FailBareValue(first);
        else term = Primitive();
        _depth--;
        return term;
    }

    /// <summary>A filter in brackets, or values that share what was inherited: <c>port (80 or 443)</c>.</summary>
    private FilterNode Bracket(bool mayInherit)
    {
        Qualifiers? outside = _inherited;
        FilterToken open = Next();
        FilterNode result = mayInherit && outside is { } q && HoldsValues() ? ValueList(q) : Expression();
        if (!Take(")")) throw Fail(Current.Kind == TokenKind.End ? $"the bracket of column {open.Column} is not closed" : $"\")\" is expected, not {Current}");
        _inherited = outside;
        return result;
    }

    private FilterNode ValueList(Qualifiers qualifiers)
    {
        FilterNode left = ValueOrList(qualifiers);
        while (true)
        {
            if (Take("&&")) left = new AndNode(left, ValueOrList(qualifiers));
            else if (Take("||")) left = new OrNode(left, ValueOrList(qualifiers));
            else return left;
        }
    }

    private FilterNode ValueOrList(Qualifiers qualifiers)
    {
        if (++_depth > MaxDepth) throw Fail("brackets and negations are nested too deeply");
        if (++_terms > MaxTerms) throw Fail($"there are more than {MaxTerms} terms");
        FilterToken first = Current;
        FilterNode result;
        if (Take("!"))
        {
            result = new NotNode(first.Column, ValueOrList(qualifiers));
        }
        else if (Take("("))
        {
            result = ValueList(qualifiers);
            if (!Take(")")) throw Fail(Current.Kind == TokenKind.End ? $"the bracket of column {first.Column} is not closed" : $"\")\" is expected, not {Current}");
        }
        else
        {
            result = Value(qualifiers);
        }
        _depth--;
        return result;
    }

    /// <summary>A term that qualifies nothing: no bare value may follow it.</summary>
    private FilterNode Bare(FilterNode term)
    {
        _inherited = null;
        return term;
    }

    /// <summary>Whether what stands in the bracket begins with a value, and not with a number that is compared.</summary>
    private bool HoldsValues()
    {
        int start = _at;
        while (Current.Is("(") || Current.Is("!")) _at++;
        bool holdsValues = IsValue(Current) && TryRelation() is null;
        _at = start;
        return holdsValues;
    }

    private static bool IsValue(FilterToken token) => token.Kind is TokenKind.Name or TokenKind.Number or TokenKind.Ipv4 or TokenKind.Ipv6 or TokenKind.Mac;

    private FilterToken Next()
    {
        FilterToken token = Current;
        if (token.Kind != TokenKind.End) _at++;
        return token;
    }

    private bool Take(string word)
    {
        if (!Current.Is(word)) return false;
        _at++;
        return true;
    }

    private FilterException Fail(string problem) => new(Current.Column, problem);

    private FilterException FailBareValue(FilterToken token)
    {
        if (token.Kind == TokenKind.Name)
            return Fail($"unknown word \"{token.Text}\"{NearestName.Hint(token.Text, FilterWords.Keywords.Concat(FilterWords.Spellings.Keys))}");
        string example = token.Kind switch
        {
            TokenKind.Number => "port",
            TokenKind.Mac => "ether host",
            _ => "host",
        };
        return Fail($"what {token} is of is missing: write \"{example} {token.Text}\", say");
    }

    [DoesNotReturn]
    private void FailAfterTerm()
    {
        FilterToken token = Current;
        if (token.Is(")")) throw Fail("this bracket was not opened");
        if (token.Kind == TokenKind.Name)
            throw Fail($"unknown word \"{token.Text}\"{NearestName.Hint(token.Text, FilterWords.Keywords.Concat(FilterWords.Spellings.Keys))}");
        throw Fail($"{token} is not expected here; \"and\" or \"or\" is missing");
    }
}

/// <summary>What qualifies a value.</summary>
/// <param name="Protocol">The protocol's word, or null.</param>
/// <param name="Side">Whose.</param>
/// <param name="Type">host, net, port, portrange or proto, or null.</param>
internal readonly record struct Qualifiers(string? Protocol, FilterSide Side, string? Type);
