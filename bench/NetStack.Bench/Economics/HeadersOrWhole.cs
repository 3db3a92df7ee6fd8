namespace NetStack.Bench.Economics;

/// <summary>B2: what a look at every frame of a ring costs in place, from a snapshot of the headers, and from a copy of the whole.</summary>
internal sealed class HeadersOrWhole : Study
{
    private const int HeaderLength = 54;

    private static readonly int[] RingSizes = [256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];
    private static readonly string[] WayNames = ["in place", "headers", "whole frame"];

    internal override string Name => "b2";

    internal override string Title => "In place, headers or whole frame: what must be touched?";

    internal override Findings Run(Effort effort)
    {
        ResultTable counts = Counts();
        if (!effort.IsTimed) return new Findings([counts], []);
        ResultTable times = new("times", $"ns a frame of {HeaderShape.FrameLength} bytes, by the size of the ring it lies in",
            Column.Key("ring"), Column.Measured("in place, ns"), Column.Measured("headers, ns"), Column.Measured("whole frame, ns"),
            Column.Measured("headers ÷ in place"), Column.Measured("whole frame ÷ headers"));
        foreach (int size in RingSizes)
        {
            FrameRing ring = new(new HeaderShape(HeaderLength), size);
            Way[] ways = WaysOver(ring);
            Timing[] all = Rounds.Measure(ways, effort);
            double wholeOverHeaders = all[2].Nanoseconds / all[1].Nanoseconds;
            times.Add(Axis.SizeText(size), all[0].Nanoseconds, all[1].Nanoseconds, all[2].Nanoseconds, all[1].Ratio, wholeOverHeaders);
        }
        Series[] lines = [.. WayNames.Select(w => new Series(w, [.. RingSizes.Select((s, row) => ((double)s, times.Number(row, $"{w}, ns")))]))];
        LineChart chart = new("b2", "Measured: a look at a frame of 1,514 bytes", Axis.Bytes("bytes in the ring", [.. RingSizes.Select(s => (double)s)]),
            Axis.Powers("ns a frame", lines.SelectMany(l => l.Points).Select(p => p.Y)), lines);
        return new Findings([counts, times], [chart]);
    }

    /// <summary>Rounds over the frames of the ring, at least 2,048 looks.</summary>
    private static Way[] WaysOver(FrameRing ring)
    {
        Ways ways = new(ring, HeaderLength);
        int passes = Math.Max(1, 2048 / ring.Bodies.Length);
        ulong expected = ways.InPlace();
        Func<ulong>[] all = [ways.InPlace, ways.Snapshot, ways.WholeCopy];
        return [.. all.Select((way, i) => new SimpleWay(WayNames[i], passes * ring.Bodies.Length, () =>
        {
            for (int pass = 0; pass < passes; pass++)
            {
                if (way() != expected) throw new InvalidOperationException("The ways disagree: one of them parses something else.");
            }
        }))];
    }

    private static ResultTable Counts()
    {
        ResultTable table = new("counts", $"What is fetched from the ring for a frame of {HeaderShape.FrameLength} bytes; in place nobody counts, the parser needs what its headers have",
            Column.Key("header bytes"), Column.Key("way"), Column.Exact("fetches"), Column.Exact("bytes fetched"), Column.Exact("bytes copied"), Column.Exact("cache lines touched"));
        foreach (HeaderShape shape in HeaderShape.All)
        {
            FrameRing ring = new(shape, 256 << 10);
            double frames = ring.Bodies.Length;
            Ways ways = new(ring, shape.HeaderLength);
            table.Add($"{shape.HeaderLength}", "in place", double.NaN, shape.HeaderLength, 0, LinesOf(shape.HeaderLength));
            ways.Snapshot();
            table.Add($"{shape.HeaderLength}", "headers", ways.Meter.HeaderFetches / frames, ways.Meter.HeaderBytesFetched / frames,
                ways.Meter.HeaderBytesFetched / frames, LinesOf(ways.Meter.HeaderBytesFetched / frames));
            ways.WholeCopy();
            table.Add($"{shape.HeaderLength}", "whole frame", 1, ways.Meter.BodyBytesRead / frames, ways.Meter.BodyBytesCopied / frames, LinesOf(ways.Meter.BodyBytesRead / frames));
        }
        return table;
    }

    private static double LinesOf(double bytes) => Math.Ceiling(bytes / 64); // buffers begin at a line
}
