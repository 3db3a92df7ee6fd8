using System.Diagnostics;

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

    private static Way[] WaysOver(FrameRing ring)
    {
        Ways[] ways = [new(ring, HeaderLength), new(ring, HeaderLength), new(ring, HeaderLength)];
        Func<ulong>[] looks = [ways[0].InPlace, ways[1].Snapshot, ways[2].WholeCopy];
        if (looks.Select(l => l()).Distinct().Count() > 1) throw new InvalidOperationException("The ways disagree: one of them parses something else.");
        return [.. looks.Select((look, i) => new LookAround(WayNames[i], ways[i], look, new RingCursor(ring.Bodies.Length, i, looks.Length)))];
    }

    /// <summary>Looks at the frames of a ring, some in each round.</summary>
    private sealed class LookAround(string name, Ways ways, Func<ulong> look, RingCursor cursor) : Way(name)
    {
        private ulong _seen;

        internal override int Units => RingCursor.FramesARound;

        internal override long Round()
        {
            long start = Stopwatch.GetTimestamp();
            for (int done = 0; done < Units; done += ways.Count)
            {
                (ways.First, ways.Count) = cursor.Next(Units - done);
                _seen += look();
            }
            long ticks = Stopwatch.GetTimestamp() - start;
            return _seen != 0 ? ticks : throw new InvalidOperationException("Nobody saw a header.");
        }
    }

    private static ResultTable Counts()
    {
        ResultTable table = new("counts", $"What is fetched from the ring for a frame of {HeaderShape.FrameLength} bytes; in place nobody counts, the parser needs what its headers have",
            Column.Key("header bytes"), Column.Key("way"), Column.Exact("header fetches"), Column.Exact("bytes fetched"), Column.Exact("bytes copied"), Column.Exact("cache lines touched"));
        foreach (HeaderShape shape in HeaderShape.All)
        {
            FrameRing ring = new(shape, 256 << 10);
            table.Add($"{shape.HeaderLength}", WayNames[0], double.NaN, shape.HeaderLength, 0, LinesOf(shape.HeaderLength));
            AddCounted(table, shape, WayNames[1], ring, static ways => ways.Snapshot());
            AddCounted(table, shape, WayNames[2], ring, static ways => ways.WholeCopy());
        }
        return table;
    }

    private static void AddCounted(ResultTable table, HeaderShape shape, string name, FrameRing ring, Func<Ways, ulong> look)
    {
        Ways ways = new(ring, shape.HeaderLength);
        look(ways);
        double frames = ring.Bodies.Length;
        double fetched = (ways.Meter.HeaderBytesFetched + ways.Meter.BodyBytesRead) / frames;
        double copied = (ways.Meter.HeaderBytesFetched + ways.Meter.BodyBytesCopied) / frames;
        table.Add($"{shape.HeaderLength}", name, ways.Meter.HeaderFetches / frames, fetched, copied, LinesOf(fetched));
    }

    private static double LinesOf(double bytes) => Math.Ceiling(bytes / 64); // buffers begin at a line
}
