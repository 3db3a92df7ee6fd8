using System.Globalization;

namespace NetStack.Analysis;

/// <summary>The tokens of a display filter, one after the other.</summary>
internal sealed class DisplayTokens(List<DisplayToken> tokens)
{
    private int _at;

    internal DisplayToken Peek => tokens[_at];

    internal DisplayToken PeekNext => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    /// <summary>Takes the next token; the end stays.</summary>
    internal DisplayToken Next() => tokens[_at < tokens.Count - 1 ? _at++ : _at];

    /// <summary>Takes the next token if it is one of these.</summary>
    internal DisplayToken? Take(params ReadOnlySpan<string> texts)
    {
        foreach (string text in texts)
        {
            if (Peek.Is(text)) return Next();
        }
        return null;
    }

    /// <summary>Takes what closes an opening token.</summary>
    internal void Expect(string close, DisplayToken open)
    {
        if (Take(close) is null) throw new FilterException(Peek.Column, $"\"{close}\" was expected, not {Peek.Name}, for the \"{open.Text}\" at column {open.Column}");
    }
}

/// <summary>Operators of display filters, and those that are not supported.</summary>
internal static class DisplayOperators
{
    private static readonly string[] Functions = ["len", "count", "upper", "lower", "string", "max", "min", "abs"];

    /// <summary>What a token compares, and whether that must hold for all values where nothing else is said.</summary>
    internal static bool TryRelation(DisplayToken token, out Relation relation, out bool all)
    {
        all = token.Text is "!=" or "ne" or "all_ne" or "===" or "all_eq";
        (bool isRelation, relation) = token.Kind is DisplayTokenKind.Word or DisplayTokenKind.Symbol ? token.Text switch
        {
            "==" or "eq" or "any_eq" or "===" or "all_eq" => (true, Relation.Equal),
            "!=" or "ne" or "all_ne" or "~=" or "any_ne" or "!==" => (true, Relation.NotEqual),
            ">" or "gt" => (true, Relation.Greater),
            ">=" or "ge" => (true, Relation.GreaterOrEqual),
            "<" or "lt" => (true, Relation.Less),
            "<=" or "le" => (true, Relation.LessOrEqual),
            _ => (false, default),
        } : default;
        return isRelation;
    }

    /// <summary>Says of what Wireshark has behind a field and we have not, that it is not supported.</summary>
    internal static void Refuse(DisplayToken token)
    {
        if (token.Kind == DisplayTokenKind.Symbol && token.Text is "+" or "*" or "%" || token.Text.StartsWith('-') || token.Text.StartsWith('/'))
            throw new FilterException(token.Column, "arithmetic is not supported");
        if (token.Is("#")) throw new FilterException(token.Column, "the layer operator \"#\" is not supported");
        if (token.Is("=")) throw new FilterException(token.Column, "\"=\" is no comparison; did you mean \"==\"?");
    }

    internal static FilterException Unknown(DisplayToken name, DisplayToken after)
    {
        if (after.Is("(") && Functions.Contains(name.Text)) return new FilterException(name.Column, $"the function {name.Text}() is not supported");
        if (name.Text[0] == '-' || (char.IsAsciiDigit(name.Text[0]) && !name.Text.Contains('.')))
            return new FilterException(name.Column, $"\"{name.Text}\" is no field; the left side of a comparison must be one");
        return new FilterException(name.Column, $"there is no field \"{name.Text}\"{FieldTable.Hint(name.Text)}");
    }
}

/// <summary>Reads a slice: <c>[offset:length]</c>, <c>[first-last]</c>, <c>[offset]</c>, <c>[:length]</c>, <c>[offset:]</c>, several by commas.</summary>
internal sealed class SliceParser(DisplayTokens tokens, DisplayField field)
{
    internal SliceRange[] Parse()
    {
        DisplayToken open = tokens.Next();
        if (field.Type is not (DisplayFieldType.Bytes or DisplayFieldType.Text or DisplayFieldType.Ethernet or DisplayFieldType.Ipv4 or DisplayFieldType.Ipv6 or DisplayFieldType.Protocol))
            throw new FilterException(open.Column, $"{field.Name} has no bytes to take a slice of");
        List<SliceRange> ranges = [];
        do ranges.Add(Range());
        while (tokens.Take(",") is { });
        tokens.Expect("]", open);
        return [.. ranges];
    }

    private SliceRange Range()
    {
        DisplayToken token = tokens.Next();
        if (token.Kind != DisplayTokenKind.Word) throw new FilterException(token.Column, $"a slice like [0:3] was expected, not {token.Name}");
        SliceRange range = Read(token);
        if (field.Type == DisplayFieldType.Protocol) CheckFixed(token, range);
        return range;
    }

    private static SliceRange Read(DisplayToken token)
    {
        string text = token.Text;
        int colon = text.IndexOf(':');
        if (colon >= 0) return new SliceRange(colon == 0 ? 0 : Number(token, text[..colon]), colon == text.Length - 1 ? int.MaxValue : Length(token, text[(colon + 1)..]));
        int dash = text.IndexOf('-', 1);
        if (dash < 0) return new SliceRange(Number(token, text), 1);
        int first = Number(token, text[..dash]), last = Number(token, text[(dash + 1)..]);
        return last >= first && first >= 0 ? new SliceRange(first, last - first + 1) : throw Bad(token);
    }

    private static int Length(DisplayToken token, string text) => Number(token, text) is > 0 and var length ? length : throw Bad(token);

    private static int Number(DisplayToken token, string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && Math.Abs((long)number) <= 65535 ? number : throw Bad(token);

    private static FilterException Bad(DisplayToken token) => new(token.Column, $"\"{token.Text}\" is no slice");

    /// <summary>Of a protocol only the bytes that each of its headers has are sure to be read.</summary>
    private void CheckFixed(DisplayToken token, SliceRange range)
    {
        int size = field.Name switch
        {
            "eth" => 14,
            "vlan" or "ieee8021ad" or "mpls" => 4,
            "arp" or "udp" or "ipv6.fraghdr" or "vxlan" or "geneve" or "igmp" => 8,
            "ip" or "tcp" => 20,
            "ipv6" => 40,
            "icmp" or "icmpv6" or "gre" => 4,
            _ => 0,
        };
        if (size == 0) throw new FilterException(token.Column, $"slices of {field.Name} are not supported");
        if (range.Offset < 0 || range.Length > size - range.Offset) throw new FilterException(token.Column, $"only the first {size} bytes of {field.Name} are read");
    }
}
