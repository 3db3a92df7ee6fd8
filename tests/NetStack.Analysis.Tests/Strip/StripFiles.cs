using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Strip;

/// <summary>Captures in memory, stripped and described.</summary>
internal static class StripFiles
{
    internal static MemoryStream Strip(CaptureReader capture, CaptureStripper stripper)
    {
        MemoryStream copy = new();
        using (CaptureWriter writer = CaptureWriter.Create(copy, stripper.WriterOptions(capture.Format), leaveOpen: true)) stripper.Copy(capture, writer);
        Assert.Null(capture.Damage);
        copy.Position = 0;
        return copy;
    }

    internal static MemoryStream Write(LinkType linkType, params (byte[] Bytes, int WireLength)[] packets)
    {
        MemoryStream file = new();
        using (CaptureWriter writer = CaptureWriter.Create(file, leaveOpen: true))
        {
            int on = writer.AddInterface(linkType);
            foreach ((byte[] bytes, int wireLength) in packets) writer.Write(bytes, wireLength, new Timestamp(1_700_000_000, 5), on);
        }
        file.Position = 0;
        return file;
    }

    /// <summary>What the JSON says of every packet but how much of it was captured.</summary>
    internal static List<string> Describe(Stream file)
    {
        List<string> lines = [];
        using CaptureReader capture = CaptureReader.Open(file);
        while (capture.TryRead(out CaptureRecord record))
        {
            JsonObject packet = Json(record);
            packet.Remove("caplen");
            if (packet["payload"] is JsonObject payload) payload.Remove("captured");
            lines.Add(packet.ToJsonString());
        }
        return lines;
    }

    /// <summary>The layers of every packet with all their fields, and the kinds of notes.</summary>
    internal static List<string> Layers(MemoryStream file)
    {
        List<string> lines = [];
        using CaptureReader capture = CaptureReader.Open(new MemoryStream(file.ToArray()));
        while (capture.TryRead(out CaptureRecord record))
        {
            JsonObject packet = Json(record);
            // That bytes are missing may now be said in another way: they are. A header of no known version is not kept at all.
            IEnumerable<string> notes = (packet["notes"] as JsonArray ?? []).Select(n => (string)n!["code"]!)
                .Select(c => c is "length_exceeds_packet" or "truncated" or "bad_version" ? "missing" : c).Where(c => c != "unsupported").Distinct().Order(StringComparer.Ordinal);
            lines.Add($"{packet["len"]} {packet["layers"]!.ToJsonString()} {string.Join(',', notes)}");
        }
        return lines;
    }

    private static JsonObject Json(in CaptureRecord record)
    {
        ArrayBufferWriter<byte> output = new();
        PacketJson.Write(output, PacketHeaders.Decode(record));
        return (JsonObject)JsonNode.Parse(Encoding.UTF8.GetString(output.WrittenSpan))!;
    }
}
