using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace NetStack.Analysis;

/// <summary>All fields by name.</summary>
internal static class FieldTable
{
    private static readonly DisplayField[] Fields = Make();
    private static readonly FrozenDictionary<string, DisplayField> ByName = Fields.ToFrozenDictionary(f => f.Name, StringComparer.Ordinal);

    internal static IReadOnlyList<DisplayField> All => Fields;

    internal static bool TryFind(string name, [NotNullWhen(true)] out DisplayField? field) => ByName.TryGetValue(name, out field);

    /// <summary><c>; did you mean "x"?</c>, or nothing.</summary>
    internal static string Hint(string name) => NearestName.Hint(name, Fields.Select(f => f.Name));

    private static DisplayField[] Make()
    {
        FieldList list = new();
        FrameFields.Add(list);
        LinkFields.Add(list);
        NetworkFields.Add(list);
        Ipv6Fields.Add(list);
        TcpFields.Add(list);
        TcpFlowFields.Add(list);
        TransportFields.Add(list);
        TunnelFields.Add(list);
        return [.. list.Fields.OrderBy(f => f.Name, StringComparer.Ordinal)];
    }
}
