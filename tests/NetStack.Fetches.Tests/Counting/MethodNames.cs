using System.Globalization;
using System.Text.RegularExpressions;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>Names methods by instruction address, from what the runtime writes with <c>DOTNET_PerfMapEnabled=1</c>.</summary>
internal sealed partial class MethodNames
{
    private readonly List<(nint Start, nint Length, string Name)> _methods = [];

    internal MethodNames()
    {
        string path = Path.Combine(Path.GetTempPath(), $"perf-{Environment.ProcessId}.map");
        if (!File.Exists(path)) return;
        using StreamReader reader = new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            string[] fields = line.Split(' ', 3);
            if (fields.Length == 3 && nint.TryParse(fields[0].AsSpan(fields[0].StartsWith("0x", StringComparison.Ordinal) ? 2 : 0), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out nint start)
                && nint.TryParse(fields[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out nint length))
                _methods.Add((start, length, fields[2]));
        }
    }

    /// <summary><c>Type.Method</c>; an address where nothing is known.</summary>
    internal string this[nint instruction]
    {
        get
        {
            for (int i = _methods.Count - 1; i >= 0; i--) // the newest first
            {
                if (instruction >= _methods[i].Start && instruction < _methods[i].Start + _methods[i].Length) return Short(_methods[i].Name);
            }
            return $"0x{instruction:x}";
        }
    }

    private static string Short(string name) => Signature().Match(name) is { Success: true } m ? $"{m.Groups[1].Value.Split('.', '+')[^1]}.{m.Groups[2].Value}" : name;

    // "int32 [NetStack.Wire] NetStack.Wire.TcpView::Read(...)[Optimized]"
    [GeneratedRegex(@"([\w.`+]+(?:\[[^\]]*\])?)::([\w.<>|]+)")]
    private static partial Regex Signature();
}
