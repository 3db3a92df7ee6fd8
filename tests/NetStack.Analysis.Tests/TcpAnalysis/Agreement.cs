using System.Text;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>Counts how far the analysis and tshark agree, kind by kind and field by field.</summary>
internal sealed class Agreement
{
    private readonly SortedDictionary<string, (int Both, int Ours, int Theirs)> _kinds = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (int Same, int Different)> _fields = new(StringComparer.Ordinal);

    /// <summary>What differed, in words.</summary>
    internal List<string> Differences { get; } = [];

    /// <summary>Segments compared.</summary>
    internal int Segments { get; private set; }

    /// <summary>Differences of a kind or field.</summary>
    internal int Differing(string name) => _kinds.TryGetValue(name, out (int Both, int Ours, int Theirs) k) ? k.Ours + k.Theirs : _fields.GetValueOrDefault(name).Different;

    internal int AllDiffering => _kinds.Values.Sum(k => k.Ours + k.Theirs) + _fields.Values.Sum(f => f.Different);

    internal void Compare(string path)
    {
        Dictionary<long, Tshark.Row> theirs = Tshark.Read(path);
        if (theirs.Count == 0) return;
        FlowTable table = new(100_000);
        using CaptureReader capture = CaptureReader.Open(path);
        while (capture.TryRead(out CaptureRecord record))
        {
            PacketHeaders headers = PacketHeaders.Decode(record);
            FlowPacket ours = table.Add(headers);
            if (ours.Flow?.Protocol == IpProtocol.Tcp && theirs.TryGetValue(record.Number, out Tshark.Row? row)) Compare($"{Path.GetFileName(path)} #{record.Number}", ours, row);
        }
    }

    internal string Table()
    {
        StringBuilder text = new();
        text.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"{Segments} segments");
        foreach ((string name, (int both, int ours, int theirs)) in _kinds) text.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"| {name} | {both} | {ours} | {theirs} |");
        foreach ((string name, (int same, int different)) in _fields) text.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"| {name} | {same} | {different} |");
        return text.ToString();
    }

    private void Compare(string where, in FlowPacket ours, Tshark.Row theirs)
    {
        Segments++;
        foreach ((TcpAnalysis kind, string name) in Tshark.Kinds)
        {
            bool a = (ours.Analysis & kind) != 0;
            bool b = (theirs.Analysis & kind) != 0;
            if (!a && !b) continue;
            (int both, int only, int missing) = _kinds.GetValueOrDefault(name);
            _kinds[name] = (both + (a && b ? 1 : 0), only + (a && !b ? 1 : 0), missing + (b && !a ? 1 : 0));
            if (a != b) Differences.Add($"{where}: {name}: ours {ours.Analysis}, theirs {theirs.Analysis}");
        }
        string[] values = Tshark.Values(ours);
        for (int i = 0; i < values.Length; i++)
        {
            if (theirs.Values[i].Length == 0 && values[i].Length == 0) continue;
            string name = Tshark.ValueFields[i];
            (int same, int different) = _fields.GetValueOrDefault(name);
            bool equal = values[i] == theirs.Values[i];
            _fields[name] = (same + (equal ? 1 : 0), different + (equal ? 0 : 1));
            if (!equal) Differences.Add($"{where}: {name}: ours {values[i]}, theirs {theirs.Values[i]}");
        }
    }
}
