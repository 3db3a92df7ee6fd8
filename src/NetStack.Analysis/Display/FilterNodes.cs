using System.Text;
using System.Text.RegularExpressions;

namespace NetStack.Analysis;

/// <summary>A part of a display filter that is true or false of a packet.</summary>
internal abstract class DisplayNode
{
    internal abstract bool Matches(scoped in FieldScope scope);
}

internal sealed class BothNode(DisplayNode left, DisplayNode right) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope) => left.Matches(scope) && right.Matches(scope);
}

internal sealed class EitherNode(DisplayNode left, DisplayNode right) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope) => left.Matches(scope) || right.Matches(scope);
}

internal sealed class InverseNode(DisplayNode node) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope) => !node.Matches(scope);
}

/// <summary>A bare field or slice: there is a value; of a bitwise and: there is one that is not 0.</summary>
internal sealed class PresenceNode(FieldOperand operand) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope)
    {
        FieldCursor cursor = default;
        while (operand.TryNext(scope, ref cursor, out FieldValue value))
        {
            if (!operand.HasMask || value.Bits != 0 || value.Bytes.ContainsAnyExcept((byte)0)) return true;
        }
        return false;
    }
}

internal enum Relation
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>A comparison with a constant or with another field: of some pair of values, or of all pairs. A field without a value makes it false.</summary>
internal sealed class CompareNode(FieldOperand left, Relation relation, FieldConstant? constant, FieldOperand? right, bool all) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope)
    {
        FieldCursor cursor = default;
        bool any = false;
        while (left.TryNext(scope, ref cursor, out FieldValue value))
        {
            any = true;
            bool isTrue = constant is not null ? Holds(constant.Compare(left.Type, value)) : HoldsForRight(scope, value);
            if (isTrue != all) return isTrue;
        }
        return any && all;
    }

    private bool HoldsForRight(scoped in FieldScope scope, FieldValue value)
    {
        FieldCursor cursor = default;
        bool any = false;
        while (right!.TryNext(scope, ref cursor, out FieldValue other))
        {
            any = true;
            bool isTrue = Holds(FieldValue.Compare(left.Type, value, other));
            if (isTrue != all) return isTrue;
        }
        return any && all;
    }

    private bool Holds(int order) => relation switch
    {
        Relation.Equal => order == 0,
        Relation.NotEqual => order != 0,
        Relation.Less => order < 0,
        Relation.LessOrEqual => order <= 0,
        Relation.Greater => order > 0,
        _ => order >= 0,
    };
}

/// <summary>An element of a set: one value, or all from the first to the last.</summary>
internal readonly record struct SetElement(FieldConstant First, FieldConstant? Last)
{
    internal bool Has(DisplayFieldType type, FieldValue value) =>
        Last is null ? First.Compare(type, value) == 0 : First.Compare(type, value) >= 0 && Last.Compare(type, value) <= 0;
}

/// <summary>Some value, or every value, is in a set.</summary>
internal sealed class InNode(FieldOperand operand, SetElement[] set, bool all) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope)
    {
        FieldCursor cursor = default;
        bool any = false;
        while (operand.TryNext(scope, ref cursor, out FieldValue value))
        {
            any = true;
            bool isIn = Has(value);
            if (isIn != all) return isIn;
        }
        return any && all;
    }

    private bool Has(FieldValue value)
    {
        foreach (SetElement element in set)
        {
            if (element.Has(operand.Type, value)) return true;
        }
        return false;
    }
}

/// <summary>Some value, or every value, holds a sequence of bytes.</summary>
internal sealed class ContainsNode(FieldOperand operand, byte[] sought, bool all) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope)
    {
        Span<byte> room = stackalloc byte[16];
        FieldCursor cursor = default;
        bool any = false;
        while (operand.TryNext(scope, ref cursor, out FieldValue value))
        {
            any = true;
            bool contains = FieldOperand.BytesOf(operand.Type, value, room).IndexOf(sought) >= 0;
            if (contains != all) return contains;
        }
        return any && all;
    }
}

/// <summary>Some text, or every text, matches a regular expression.</summary>
internal sealed class MatchesNode(FieldOperand operand, Regex regex, bool all) : DisplayNode
{
    internal override bool Matches(scoped in FieldScope scope)
    {
        Span<char> text = stackalloc char[2048]; // as much as a computed text can have
        FieldCursor cursor = default;
        bool any = false;
        while (operand.TryNext(scope, ref cursor, out FieldValue value))
        {
            any = true;
            bool matches = Encoding.UTF8.TryGetChars(value.Bytes, text, out int length) && regex.IsMatch(text[..length]);
            if (matches != all) return matches;
        }
        return any && all;
    }
}
