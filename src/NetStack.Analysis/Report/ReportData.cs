using System.Buffers;
using System.Text;
using System.Text.Json;

namespace NetStack.Analysis;

/// <summary>The numbers of a report's charts as JSON. The encoder escapes all that could end a script element.</summary>
internal static class ReportData
{
    internal static string Write(ReportBuilder report)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("width", report.Series.Width / 1e9);
            Column(json, "forward", report, b => b.Forward);
            Column(json, "reverse", report, b => b.Reverse);
            Column(json, "other", report, b => b.Other);
            Column(json, "packets", report, b => b.Packets);
            Column(json, "retransmissions", report, b => b.Retransmissions);
            json.WriteStartArray("rtt"); // milliseconds; null where none was measured
            for (int i = 0; i < report.Series.Count; i++)
            {
                ref readonly TimeBucket bucket = ref report.Series[i];
                if (bucket.RoundTrips == 0) json.WriteNullValue();
                else json.WriteNumberValue(Math.Round(bucket.RoundTripMicroseconds / 1000.0 / bucket.RoundTrips, 3));
            }
            json.WriteEndArray();
            Histogram(json, "handshakes", report.Handshakes);
            Histogram(json, "roundtrips", report.RoundTrips);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Column(Utf8JsonWriter json, string name, ReportBuilder report, Func<TimeBucket, long> value)
    {
        json.WriteStartArray(name);
        for (int i = 0; i < report.Series.Count; i++) json.WriteNumberValue(value(report.Series[i]));
        json.WriteEndArray();
    }

    /// <summary>The steps from the first that has any to the last.</summary>
    private static void Histogram(Utf8JsonWriter json, string name, DurationHistogram histogram)
    {
        int last = DurationHistogram.Limits.Length - 1;
        while (last > 0 && histogram[last] == 0) last--;
        int first = 0;
        while (first < last && histogram[first] == 0) first++;
        json.WriteStartArray(name);
        for (int i = first; i <= last && histogram.Total > 0; i++)
        {
            json.WriteStartObject();
            json.WriteString("step", Step(i));
            json.WriteNumber("count", histogram[i]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string Step(int step)
    {
        long limit = DurationHistogram.Limits[step];
        return limit == long.MaxValue ? "longer" : "< " + ReportText.Duration(limit * 1000);
    }
}
