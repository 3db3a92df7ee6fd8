namespace NetStack.Analysis;

/// <content>Comparisons of numbers.</content>
internal sealed partial class FilterParser
{
    private static readonly string[] Levels = ["|", "&", "<< >>", "+ -", "* /"];

    /// <summary>A comparison, where one stands here; else null, and nothing was read.</summary>
    /// <remarks>It takes reading on to tell <c>(tcp[0] + 1) = 2</c> from <c>(tcp or udp)</c>, and <c>tcp[0] = 1</c> from <c>tcp</c>.</remarks>
    private RelationNode? TryRelation()
    {
        int start = _at;
        int depth = _depth;
        int terms = _terms;
        if (!BeginsNumber()) return null;
        NumberNode? left = TryNumber(0);
        if (left is not null && Current is { Kind: TokenKind.Symbol, Text: "=" or "!=" or "<" or "<=" or ">" or ">=" } relation)
        {
            Next();
            return new RelationNode(left.Column, relation.Text, left, TryNumber(0) ?? throw FailNumber());
        }
        if (left is not (null or ConstantNode)) throw Fail($"a comparison is expected behind the number, not {Current}");
        _at = start;
        _depth = depth;
        _terms = terms;
        return null;
    }

    /// <summary>Whether a number may begin here: behind brackets a constant, a field, the length or a sign.</summary>
    private bool BeginsNumber()
    {
        int at = _at;
        while (_tokens[at].Is("(") || _tokens[at].Is("-")) at++;
        FilterToken token = _tokens[at];
        return token.Kind == TokenKind.Number || token.Is("len") || token.Is("length") || (FilterWords.Protocols.Contains(token.Text) && _tokens[at + 1].Is("["));
    }

    private FilterException FailNumber() => Current.Kind == TokenKind.Name
        ? Fail($"unknown word \"{Current.Text}\"{NearestName.Hint(Current.Text, FilterWords.Constants.Keys.Concat(["len", "length"]))}")
        : Fail($"a number is expected, not {Current}");

    /// <summary>A number of operators that bind at least as much as a level; null where none begins here.</summary>
    private NumberNode? TryNumber(int level)
    {
        if (level == Levels.Length) return TryOperand();
        NumberNode? left = TryNumber(level + 1);
        while (left is not null && Current.Kind == TokenKind.Symbol && Levels[level].Split(' ').Contains(Current.Text))
        {
            FilterToken sign = Next();
            left = Combined(sign, left, TryNumber(level + 1) ?? throw FailNumber());
        }
        return left;
    }

    /// <summary>An operand. Behind it <c>%</c> and <c>^</c>, which libpcap gives no precedence, take all that follows.</summary>
    private NumberNode? TryOperand()
    {
        if (++_depth > MaxDepth) throw Fail("brackets and signs are nested too deeply");
        NumberNode? operand = TrySimpleOperand();
        if (operand is not null && (Current.Is("%") || Current.Is("^")))
        {
            FilterToken sign = Next();
            operand = Combined(sign, operand, TryNumber(0) ?? throw FailNumber());
        }
        _depth--;
        return operand;
    }

    private NumberNode? TrySimpleOperand()
    {
        FilterToken token = Current;
        if (token.Kind == TokenKind.Number) return new ConstantNode(Next().Column, token.Value);
        if (token.Is("len") || token.Is("length")) return new WireLengthNode(Next().Column);
        if (Take("-")) return new NegationNode(token.Column, TryOperand() ?? throw FailNumber());
        if (token.Is("("))
        {
            if (!BeginsNumber()) return null;
            Next();
            NumberNode? inner = TryNumber(0);
            return inner is not null && Take(")") ? inner : null;
        }
        return FilterWords.Protocols.Contains(token.Text) && token.Kind == TokenKind.Keyword && _tokens[_at + 1].Is("[") ? Field() : null;
    }

    private FieldNode Field()
    {
        FilterToken protocol = Next();
        Next();
        NumberNode offset = TryNumber(0) ?? throw FailNumber();
        uint size = 1;
        if (Take(":"))
        {
            FilterToken given = Current;
            size = Number("a size", uint.MaxValue);
            if (size is not (1 or 2 or 4)) throw new FilterException(given.Column, $"a field has 1, 2 or 4 bytes, not {given.Text}");
        }
        if (!Take("]")) throw Fail($"\"]\" is expected, not {Current}");
        string name = FilterWords.LinkNames.Contains(protocol.Text) ? "ether" : protocol.Text;
        bool isIndexed = name is "ether" or "radio" or "ip" or "ip6" or "arp" or "rarp" or "tcp" or "udp" or "sctp" or "icmp" or "icmp6" or "igmp" or "igrp" or "pim"
            or "vrrp" or "carp" or "atalk" or "decnet" or "sca" or "lat" or "moprc" or "mopdl";
        if (!isIndexed) throw new FilterException(protocol.Column, $"bytes of \"{protocol.Text}\" cannot be named");
        return new FieldNode(protocol.Column, name, offset, (int)size);
    }

    private ArithmeticNode Combined(FilterToken sign, NumberNode left, NumberNode right)
    {
        if (++_terms > MaxTerms) throw Fail($"there are more than {MaxTerms} terms");
        if (right is ConstantNode constant)
        {
            if (sign.Text is "/" or "%" && constant.Value == 0) throw new FilterException(sign.Column, "division by zero");
            if (sign.Text is "<<" or ">>" && constant.Value > 31) throw new FilterException(sign.Column, $"a shift is of at most 31 bits, not {constant.Value}");
        }
        return new ArithmeticNode(left.Column, sign.Text[0], left, right);
    }
}
