using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Gathers fields for the table, header by header.</summary>
internal sealed class FieldList
{
    private readonly List<DisplayField> _fields = [];
    private LayerSet _layers;

    internal IReadOnlyList<DisplayField> Fields => _fields;

    /// <summary>A protocol, and the headers that the fields after it stand in.</summary>
    internal void Protocol(string name, string description, params ReadOnlySpan<LayerKind> kinds) => Protocol(name, description, LayerSet.Of(kinds));

    /// <summary>A protocol, and the headers that the fields after it stand in.</summary>
    internal void Protocol(string name, string description, LayerSet layers)
    {
        _layers = layers;
        Add(new DisplayField(name, DisplayFieldType.Protocol, description, _layers) { Read = Whole });
    }

    /// <summary>The headers that the fields after it stand in.</summary>
    internal void In(params ReadOnlySpan<LayerKind> kinds) => _layers = LayerSet.Of(kinds);

    /// <summary>A number that stands in the header in as many bytes as its type has.</summary>
    internal DisplayField Number(string name, int bytes, string description, int at, ulong mask = 0, bool hex = false, FieldCondition? when = null) =>
        Add(new DisplayField(name, Unsigned(bytes), description, _layers, new FieldSource(at, bytes, mask)) { HexDigits = hex ? bytes * 2 : 0, When = when });

    /// <summary>A bit.</summary>
    internal DisplayField Flag(string name, string description, int at, int bytes, ulong mask, FieldCondition? when = null) =>
        Add(new DisplayField(name, DisplayFieldType.Boolean, description, _layers, new FieldSource(at, bytes, mask)) { When = when });

    internal DisplayField Mac(string name, string description, int at, FieldCondition? when = null) =>
        Add(new DisplayField(name, DisplayFieldType.Ethernet, description, _layers, new FieldSource(at, MacAddress.Size)) { When = when });

    internal DisplayField Ipv4(string name, string description, int at, FieldCondition? when = null) =>
        Add(new DisplayField(name, DisplayFieldType.Ipv4, description, _layers, new FieldSource(at, 4)) { When = when });

    internal DisplayField Ipv6(string name, string description, int at, FieldCondition? when = null) =>
        Add(new DisplayField(name, DisplayFieldType.Ipv6, description, _layers, new FieldSource(at, 16)) { When = when });

    /// <summary>A field whose values are found by code.</summary>
    internal void Computed(string name, DisplayFieldType type, string description, FieldReader read, int hexDigits = 0, FieldCondition? when = null) =>
        Add(new DisplayField(name, type, description, _layers) { Read = read, HexDigits = hexDigits, When = when });

    /// <summary>A field that only a flow table knows.</summary>
    internal void OfFlow(string name, DisplayFieldType type, string description, FieldReader read) =>
        Add(new DisplayField(name, type, description, _layers) { Read = read, NeedsFlows = true });

    private static DisplayFieldType Unsigned(int bytes) => bytes switch
    {
        1 => DisplayFieldType.Unsigned8,
        2 => DisplayFieldType.Unsigned16,
        3 => DisplayFieldType.Unsigned24,
        _ => DisplayFieldType.Unsigned32,
    };

    /// <summary>A protocol's value: its header's bytes, for slices.</summary>
    private static bool Whole(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        value = new FieldValue(header);
        return index == 0;
    }

    private DisplayField Add(DisplayField field)
    {
        _fields.Add(field);
        return field;
    }
}
