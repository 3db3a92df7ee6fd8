using System.Text.RegularExpressions;

namespace NetStack.Analysis;

/// <summary>Reads a display filter: Wireshark's grammar, of which <c>not</c> binds tightest, then <c>and</c>, then <c>or</c>.</summary>
internal sealed class DisplayParser(string expression)
{
    private const int MaxDepth = 200; // of parentheses and negations: a hostile filter must not exhaust the stack
    private const int MaxLength = 64 * 1024;

    private readonly DisplayTokens _tokens = expression.Length <= MaxLength
        ? new DisplayTokens(DisplayLexer.Read(expression))
        : throw new FilterException(1, $"the filter is longer than {MaxLength} characters");

    private int _depth;
    private int _joined; // operands of and and or: the tree is as deep as there are

    internal bool NeedsFlows { get; private set; }

    internal DisplayNode Parse()
    {
        if (_tokens.Peek.Kind == DisplayTokenKind.End) throw new FilterException(1, "the filter is empty");
        DisplayNode node = Or();
        DisplayToken rest = _tokens.Peek;
        if (rest.Kind == DisplayTokenKind.End) return node;
        if (rest.Text is "xor" or "^^") throw new FilterException(rest.Column, "\"xor\" is not supported");
        throw new FilterException(rest.Column, $"{rest.Name} was not expected here{Misspelled(rest)}");
    }

    private static string Misspelled(DisplayToken token) =>
        token.Kind != DisplayTokenKind.Word ? "" : NearestName.Hint(token.Text, ["and", "or", "eq", "ne", "gt", "lt", "ge", "le", "in", "contains", "matches", "bitwise_and"]);

    private DisplayNode Or()
    {
        DisplayNode node = And();
        while (_tokens.Take("||", "or") is { }) node = new EitherNode(node, Joined(And()));
        return node;
    }

    private DisplayNode And()
    {
        DisplayNode node = Not();
        while (_tokens.Take("&&", "and") is { }) node = new BothNode(node, Joined(Not()));
        return node;
    }

    private DisplayNode Joined(DisplayNode node) => ++_joined <= 2000 ? node : throw new FilterException(_tokens.Peek.Column, "the filter has too many parts");

    private DisplayNode Not()
    {
        DisplayToken first = _tokens.Peek;
        if (++_depth > MaxDepth) throw new FilterException(first.Column, "the filter is nested too deeply");
        DisplayNode node;
        if (_tokens.Take("!", "not") is { })
        {
            node = new InverseNode(Not());
        }
        else if (_tokens.Take("(") is { })
        {
            node = Or();
            _tokens.Expect(")", first);
        }
        else
        {
            node = Test();
        }
        _depth--;
        return node;
    }

    /// <summary>A comparison, a set, a text, or mere presence.</summary>
    private DisplayNode Test()
    {
        DisplayToken? quantifier = _tokens.Take("any", "all");
        bool all = quantifier?.Text == "all";
        FieldOperand left = Operand();
        DisplayToken after = _tokens.Peek;
        if (DisplayOperators.TryRelation(after, out _, out _)) return Chain(left, quantifier is null ? null : all);
        if (_tokens.Take("contains") is { } contains) return Contains(left, contains, all);
        if (_tokens.Take("matches", "~") is { } matches) return Matches(left, matches, all);
        if (_tokens.Take("in") is { }) return In(left, all);
        if (after.Is("not") && _tokens.PeekNext.Is("in"))
        {
            _tokens.Next();
            _tokens.Next();
            return new InverseNode(In(left, all));
        }
        DisplayOperators.Refuse(after);
        if (quantifier is { } q) throw new FilterException(q.Column, $"\"{q.Text}\" needs a comparison");
        return new PresenceNode(left);
    }

    /// <summary><c>a &lt; b &lt; c</c> is <c>a &lt; b and b &lt; c</c>.</summary>
    private DisplayNode Chain(FieldOperand left, bool? all)
    {
        DisplayNode? node = null;
        FieldOperand? present = left;
        while (DisplayOperators.TryRelation(_tokens.Peek, out Relation relation, out bool allByDefault))
        {
            DisplayToken sign = _tokens.Next();
            if (present is null) throw new FilterException(sign.Column, $"the left side of \"{sign.Text}\" must be a field");
            FieldOperand? right = IsField(_tokens.Peek) ? Operand() : null;
            if (right is not null) CheckAlike(present, right, sign);
            FieldConstant? constant = right is null ? FieldLiteral.Read(present, _tokens.Next()) : null;
            DisplayNode comparison = new CompareNode(present, relation, constant, right, all ?? allByDefault);
            node = node is null ? comparison : new BothNode(node, Joined(comparison));
            present = right;
        }
        DisplayOperators.Refuse(_tokens.Peek);
        return node!;
    }

    private static void CheckAlike(FieldOperand left, FieldOperand right, DisplayToken sign)
    {
        if (left.Type is DisplayFieldType.Protocol or DisplayFieldType.None || Class(left.Type) != Class(right.Type))
            throw new FilterException(sign.Column, $"{left.Field.Name} and {right.Field.Name} cannot be compared");
    }

    private static DisplayFieldType Class(DisplayFieldType type) =>
        type is DisplayFieldType.Unsigned8 or DisplayFieldType.Unsigned16 or DisplayFieldType.Unsigned24 ? DisplayFieldType.Unsigned32 : type;

    private DisplayNode Contains(FieldOperand left, DisplayToken word, bool all)
    {
        if (left.Type is DisplayFieldType.Protocol) throw new FilterException(word.Column, $"what {left.Field.Name} carries is not read: \"contains\" works on fields of text or bytes");
        if (left.Type is not (DisplayFieldType.Text or DisplayFieldType.Bytes or DisplayFieldType.Ethernet))
            throw new FilterException(word.Column, $"\"contains\" works on text and bytes, {left.Field.Name} is neither");
        DisplayToken sought = _tokens.Next();
        FieldConstant? constant = sought.Kind is DisplayTokenKind.End or DisplayTokenKind.Symbol ? null
            : left.Type == DisplayFieldType.Text ? FieldLiteral.Read(left, sought) : FieldLiteral.Bytes(sought);
        return new ContainsNode(left, constant?.Bytes ?? throw new FilterException(sought.Column, $"{sought.Name} is nothing that can be contained in {left.Field.Name}"), all);
    }

    private DisplayNode Matches(FieldOperand left, DisplayToken word, bool all)
    {
        if (left.Type != DisplayFieldType.Text) throw new FilterException(word.Column, $"\"{word.Text}\" works on text, {left.Field.Name} is none");
        DisplayToken pattern = _tokens.Next();
        if (pattern.Kind != DisplayTokenKind.Text) throw new FilterException(pattern.Column, $"\"{word.Text}\" needs a regular expression in quotes");
        try
        {
            return new MatchesNode(left, new Regex(pattern.Text, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)), all);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new FilterException(pattern.Column, $"the regular expression cannot be used: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private DisplayNode In(FieldOperand left, bool all)
    {
        if (_tokens.Take("{") is not { } open) throw new FilterException(_tokens.Peek.Column, "\"in\" needs a set in braces, like {80, 8000..8080}");
        List<SetElement> set = [];
        DisplayNode? fields = null;
        do
        {
            if (IsField(_tokens.Peek))
            {
                FieldOperand right = Operand();
                CheckAlike(left, right, open);
                DisplayNode equal = new CompareNode(left, Relation.Equal, null, right, all);
                fields = fields is null ? equal : new EitherNode(fields, Joined(equal));
                continue;
            }
            FieldConstant first = FieldLiteral.Read(left, _tokens.Next());
            set.Add(new SetElement(first, _tokens.Take("..") is { } ? FieldLiteral.Read(left, _tokens.Next()) : null));
        }
        while (_tokens.Take(",") is { });
        _tokens.Expect("}", open);
        DisplayNode node = new InNode(left, [.. set], all);
        return fields is null ? node : set.Count == 0 ? fields : new EitherNode(node, fields);
    }

    private static bool IsField(DisplayToken token) => token.Kind == DisplayTokenKind.Word && DisplayField.TryFind(token.Text, out _);

    private FieldOperand Operand()
    {
        DisplayToken name = _tokens.Next();
        if (name.Kind != DisplayTokenKind.Word)
        {
            if (name.Text == "$" || name.Text == "@") throw new FilterException(name.Column, $"\"{name.Text}\" is not supported");
            throw new FilterException(name.Column, $"a field or protocol was expected, not {name.Name}");
        }
        if (!DisplayField.TryFind(name.Text, out DisplayField? field)) throw DisplayOperators.Unknown(name, _tokens.Peek);
        NeedsFlows |= field.NeedsFlows;
        SliceRange[] slice = _tokens.Peek.Is("[") ? new SliceParser(_tokens, field).Parse() : [];
        FieldOperand operand = new(field, slice, null);
        if (_tokens.Take("&", "bitwise_and") is not { } and) return operand;
        if (operand.Type is DisplayFieldType.Protocol or DisplayFieldType.None or DisplayFieldType.Time or DisplayFieldType.Text)
            throw new FilterException(and.Column, $"{field.Name} has no bits for \"{and.Text}\"");
        if (IsField(_tokens.Peek)) throw new FilterException(_tokens.Peek.Column, $"\"{and.Text}\" with a field on the right is not supported: give a number");
        return operand.And(FieldLiteral.Read(operand, _tokens.Next()));
    }
}
