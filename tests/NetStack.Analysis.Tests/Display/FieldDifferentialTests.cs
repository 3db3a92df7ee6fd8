using System.Buffers;
using System.Text;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>Every field that the headers alone tell has the values that tshark gives it.</summary>
public sealed class FieldDifferentialTests
{
    // tshark has no value for a protocol but its line of text; names of all protocols above stand in frame.protocols.
    private static readonly DisplayField[] Compared =
        [.. DisplayField.All.Where(f => f.Type != DisplayFieldType.Protocol && !f.NeedsFlows && f.Name != "frame.protocols")];

    [Fact]
    public void Every_field_of_the_sample_captures_is_as_tshark_prints_it() => Assert.Empty(Differences(HeaderTshark.AllSamples));

    [Fact]
    public void The_chain_of_protocols_begins_as_tshark_prints_it()
    {
        string[] theirs = HeaderTshark.Run(HeaderTshark.AllSamples, "-T", "fields", "-e", "frame.protocols");
        string[] ours = Lines(HeaderTshark.AllSamples, [DisplayField.Find("frame.protocols")]);
        Assert.Equal(theirs.Select(l => l.Replace(":data", "", StringComparison.Ordinal)), ours);
    }

    /// <summary>Other link types, tunnels, extension headers: real captures that are not part of the repository.</summary>
    [Fact]
    public void Fields_of_the_collection_of_real_captures_are_as_tshark_prints_them()
    {
        string folder = Path.Combine(RepositoryRoot.Folder, "..", "shared", "captures", "files");
        Assert.SkipUnless(Directory.Exists(folder), $"there is no {folder}");
        Dictionary<string, (int Count, string Example)> differences = [];
        int packets = 0, files = 0;
        foreach (string file in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Where((_, i) => i % (LongTests.Asked ? 4 : 40) == 0))
        {
            if (Environment.GetEnvironmentVariable("NETSTACK_FIELDS_ONLY") is { } only && !file.Contains(only, StringComparison.Ordinal)) continue;
            foreach ((string field, string example) in Differences(file, tolerant: true))
            {
                differences[field] = differences.TryGetValue(field, out var d) ? (d.Count + 1, d.Example) : (1, $"{Path.GetFileName(file)} {example}");
            }
            packets += Lines(file, [DisplayField.Find("frame.number")]).Length;
            files++;
        }
        foreach ((string field, (int count, string example)) in differences.OrderByDescending(d => d.Value.Count)) TestContext.Current.TestOutputHelper?.WriteLine($"{field}: {count}, {example}");
        int values = packets * Compared.Length;
        TestContext.Current.TestOutputHelper?.WriteLine($"{files} files, {packets} packets, {differences.Sum(d => d.Value.Count)} of {values} fields differ");
        Assert.True(differences.Sum(d => d.Value.Count) * 500 < values);
    }

    private static List<(string Field, string Example)> Differences(string path, bool tolerant = false)
    {
        string[] theirs;
        try
        {
            theirs = HeaderTshark.Run(path, ["-T", "fields", "-E", "header=y", .. Compared.SelectMany(f => new[] { "-e", f.Name })]);
        }
        catch (Xunit.Sdk.TrueException) when (tolerant)
        {
            return []; // a damaged file
        }
        string[] ours = Lines(path, Compared);
        Assert.Equal(string.Join('\t', Compared.Select(f => f.Name)), theirs[0]);
        if (!tolerant) Assert.Equal(theirs.Length - 1, ours.Length);
        List<(string, string)> differences = [];
        for (int i = 0; i < Math.Min(ours.Length, theirs.Length - 1); i++)
        {
            string[] a = theirs[i + 1].Split('\t'), b = ours[i].Split('\t');
            for (int f = 0; f < Compared.Length; f++)
            {
                if (tolerant && Compared[f].Name == "frame.interface_id" && a[f].Length == 0) continue; // of a pcap, whose packets are all of interface 0 here
                if (a[f] != b[f]) differences.Add((Compared[f].Name, $"packet {i + 1}: tshark \"{a[f]}\", here \"{b[f]}\""));
            }
        }
        return differences;
    }

    private static string[] Lines(string path, IReadOnlyList<DisplayField> fields)
    {
        ArrayBufferWriter<byte> output = new(1 << 20);
        FieldWriter writer = new(new FieldWriterOptions { Fields = fields });
        using CaptureReader capture = CaptureReader.Open(path);
        while (capture.TryRead(out CaptureRecord record))
        {
            PacketHeaders headers = PacketHeaders.Decode(record);
            writer.Write(output, headers, default);
        }
        return Encoding.UTF8.GetString(output.WrittenSpan).Split('\n')[..^1];
    }
}
