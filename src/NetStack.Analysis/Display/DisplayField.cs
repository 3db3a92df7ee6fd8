using System.Diagnostics.CodeAnalysis;
using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>A field that a display filter may name and a field writer may print, under Wireshark's name. A packet has none, one or
/// several values of it: outermost header first.</summary>
public sealed class DisplayField
{
    private FieldSource[] _sources;

    internal DisplayField(string name, DisplayFieldType type, string description, LayerSet layers, params FieldSource[] sources)
    {
        Name = name;
        Type = type;
        Description = description;
        Layers = layers;
        _sources = sources;
    }

    /// <summary>Its name, as Wireshark's: <c>tcp.srcport</c>.</summary>
    public string Name { get; }

    /// <summary>What its values are.</summary>
    public DisplayFieldType Type { get; }

    /// <summary>What it is, in a few words.</summary>
    public string Description { get; }

    /// <summary>Whether only a flow table knows it.</summary>
    public bool NeedsFlows { get; internal init; }

    /// <summary>Every field there is, by name.</summary>
    public static IReadOnlyList<DisplayField> All => FieldTable.All;

    /// <summary>Finds a field by its exact name.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out DisplayField? field) => FieldTable.TryFind(name, out field);

    /// <summary>Finds a field by its exact name.</summary>
    /// <exception cref="ArgumentException">There is none; the message says which is near.</exception>
    public static DisplayField Find(string name) =>
        TryFind(name, out DisplayField? field) ? field : throw new ArgumentException($"there is no field \"{name}\"{FieldTable.Hint(name)}");

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The headers it is read from; none for what is known of the packet as a whole.</summary>
    internal LayerSet Layers { get; }

    /// <summary>Digits of its hexadecimal form; 0 for decimal.</summary>
    internal int HexDigits { get; init; }

    /// <summary>Which headers have it, of the kinds in <see cref="Layers"/>; null for all.</summary>
    internal FieldCondition? When { get; init; }

    /// <summary>How its values are found where they do not simply stand in the header.</summary>
    internal FieldReader? Read { get; init; }

    internal ReadOnlySpan<FieldSource> Sources => _sources;

    /// <summary>Bits of a number.</summary>
    internal int Bits => Type switch
    {
        DisplayFieldType.Boolean or DisplayFieldType.Unsigned8 => 8,
        DisplayFieldType.Unsigned16 => 16,
        DisplayFieldType.Unsigned24 => 24,
        _ => 32,
    };

    /// <summary>Adds a second place of the same form in the same header: the other port, the other address.</summary>
    internal DisplayField And(int offset)
    {
        _sources = [.. _sources, _sources[0] with { Offset = offset }];
        return this;
    }
}
