using System.Buffers;
using System.Text;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>Makes filters from what a capture holds, so that they match now and then.</summary>
internal static class FilterMaker
{
    private static readonly string[] Relations = ["==", "!=", "<", ">", "<=", ">=", "~=", "===", "eq", "ne", "gt", "lt", "ge", "le"];

    internal static IEnumerable<string> Tests(string path, Random random, int count)
    {
        DisplayField[] fields = [.. DisplayField.All.Where(f => !f.NeedsFlows && f.Name is not ("frame.protocols" or "frame"))];
        List<string[]> packets = Values(path, fields);
        for (int i = 0; i < count; i++)
        {
            string[] packet = packets[random.Next(packets.Count)];
            int at = random.Next(fields.Length);
            for (int tries = 0; packet[at].Length == 0 && tries < fields.Length; tries++) at = (at + 1) % fields.Length;
            yield return Test(fields[at], packet[at].Split(',')[0], random);
        }
    }

    internal static string Join(List<string> tests, Random random, int depth)
    {
        if (depth == 0 || random.Next(4) == 0) return tests[random.Next(tests.Count)];
        string left = Join(tests, random, depth - 1);
        return random.Next(5) switch
        {
            0 => $"!({left})",
            1 => $"not ({left})",
            2 => $"({left}) && {Join(tests, random, depth - 1)}",
            3 => $"{left} or {Join(tests, random, depth - 1)}",
            _ => $"{left} and {Join(tests, random, depth - 1)}",
        };
    }

    private static string Test(DisplayField field, string value, Random random)
    {
        if (field.Type is DisplayFieldType.Protocol or DisplayFieldType.None || value.Length == 0 || random.Next(6) == 0) return field.Name;
        if (field.Type is DisplayFieldType.Bytes) value = string.Join(':', Enumerable.Range(0, value.Length / 2).Select(i => value.Substring(i * 2, 2)));
        if (field.Type is DisplayFieldType.Text) return random.Next(2) == 0 ? $"{field.Name} == \"{value}\"" : $"{field.Name} contains \"{value[..(value.Length / 2)]}\"";
        string quantifier = random.Next(8) switch { 0 => "any ", 1 => "all ", _ => "" };
        return random.Next(6) switch
        {
            0 when field.Type is DisplayFieldType.Ipv4 => $"{quantifier}{field.Name} == {value}/{random.Next(33)}",
            0 when field.Type is DisplayFieldType.Ipv6 => $"{quantifier}{field.Name} == {value}/{random.Next(129)}",
            1 => $"{quantifier}{field.Name} in {{{value}}}",
            _ => $"{quantifier}{field.Name} {Relations[random.Next(Relations.Length)]} {value}",
        };
    }

    private static List<string[]> Values(string path, DisplayField[] fields)
    {
        ArrayBufferWriter<byte> output = new(1 << 20);
        FieldWriter writer = new(new FieldWriterOptions { Fields = fields });
        using CaptureReader capture = CaptureReader.Open(path);
        while (capture.TryRead(out CaptureRecord record))
        {
            PacketHeaders headers = PacketHeaders.Decode(record);
            writer.Write(output, headers, default);
        }
        return [.. Encoding.UTF8.GetString(output.WrittenSpan).Split('\n')[..^1].Select(l => l.Split('\t'))];
    }
}
