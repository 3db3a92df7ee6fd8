using System.Diagnostics;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Bench.Economics;

/// <summary>B3: a capture that looks at the headers of every frame and keeps some: what is touched of those it discards.</summary>
internal sealed class CaptureDiscard : Study
{
    private const int HeaderLength = 54;

    private static readonly int[] KeepPercents = [0, 1, 10, 100];

    internal override string Name => "b3";

    internal override string Title => "Capture and discard: what do frames cost that nobody keeps?";

    internal override Findings Run(Effort effort)
    {
        ResultTable table = new("capture", $"Frames of {HeaderShape.FrameLength} bytes in a ring of 32 MiB; a decision on ports, what is kept is copied into a capture buffer",
            Column.Key("kept, %"), Column.Key("way"), Column.Exact("bytes fetched a frame"), Column.Exact("bytes copied a frame"), Column.Exact("copied per byte received"),
            Column.Measured("ns a frame"), Column.Measured("÷ headers first"));
        FrameRing ring = new(new HeaderShape(HeaderLength), effort.IsTimed ? 32 << 20 : 1 << 20);
        foreach (int keep in KeepPercents)
        {
            Capture[] ways = [new HeadersFirst(ring, keep, new RingCursor(ring.Bodies.Length, 0, 2)), new CopyFirst(ring, keep, new RingCursor(ring.Bodies.Length, 1, 2))];
            double[][] counts = [.. ways.Select(w => w.Count())];
            Timing[] times = Rounds.Measure(ways, effort);
            for (int i = 0; i < ways.Length; i++) table.Add($"{keep}", ways[i].Name, counts[i][0], counts[i][1], counts[i][1] / HeaderShape.FrameLength, times[i].Nanoseconds, times[i].Ratio);
        }
        if (!effort.IsTimed) return new Findings([table], []);
        Series[] lines = [.. Enumerable.Range(0, 2).Select(w => new Series((string)table.Rows[w][1], [.. KeepPercents.Select((k, i) => ((double)k, table.Number(2 * i + w, "ns a frame")))]))];
        LineChart chart = new("b3", "Measured: a frame of a capture, by how many are kept", new Axis("frames kept, %", false, [0, 10, 25, 50, 75, 100], v => $"{v}"),
            Axis.Linear("ns a frame", lines.SelectMany(l => l.Points).Select(p => p.Y)), lines);
        return new Findings([table], [chart]);
    }

    /// <summary>A capture over all frames of a ring. Of every hundred frames, told apart by a port, so many are kept.</summary>
    private abstract class Capture(string name, FrameRing ring, int keep, RingCursor cursor) : Way(name)
    {
        private const int BufferBytes = 256 << 10;

        private readonly byte[] _kept = new byte[BufferBytes];
        private int _at;

        internal override int Units => RingCursor.FramesARound;

        protected FetchMeter Meter { get; } = new();

        internal override long Round()
        {
            long start = Stopwatch.GetTimestamp();
            for (int done = 0; done < Units;)
            {
                (int first, int count) = cursor.Next(Units - done);
                for (int i = first; i < first + count; i++) See(ring.Bodies[i]);
                done += count;
            }
            return Stopwatch.GetTimestamp() - start;
        }

        /// <summary>Bytes fetched and copied for a frame, over whole hundreds of frames.</summary>
        internal double[] Count()
        {
            int frames = ring.Bodies.Length / 100 * 100;
            int kept = 0;
            for (int i = 0; i < frames; i++) kept += See(ring.Bodies[i]) ? 1 : 0;
            if (kept * 100 != frames * keep) throw new InvalidOperationException($"{kept} frames of {frames} were kept, not {keep} %.");
            double fetched = Meter.HeaderBytesFetched + Meter.BodyBytesRead;
            double copied = CopiedOfHeaders + Meter.BodyBytesCopied;
            return [fetched / frames, copied / frames];
        }

        /// <summary>Header bytes that went into private memory to be looked at.</summary>
        protected abstract long CopiedOfHeaders { get; }

        protected abstract bool See(in PacketBody body);

        protected bool Wants(ReadOnlySpan<byte> headers) =>
            TcpView.TryRead(headers[34..], out TcpView tcp) && IsKept(tcp.DestinationPort - 1024);

        /// <summary>Where the next frame is kept.</summary>
        protected Span<byte> Next => _kept.AsSpan(_at, HeaderShape.FrameLength);

        protected void Keep()
        {
            _at += HeaderShape.FrameLength;
            if (_at + HeaderShape.FrameLength > BufferBytes) _at = 0;
        }

        private bool IsKept(int number) => number % 100 < keep;
    }

    /// <summary>Fetches the headers, decides, and copies what is kept, no byte read twice.</summary>
    private sealed class HeadersFirst(FrameRing ring, int keep, RingCursor cursor) : Capture("headers first", ring, keep, cursor)
    {
        private readonly HeaderSnapshot _snapshot = new();

        protected override long CopiedOfHeaders => Meter.HeaderBytesFetched;

        protected override bool See(in PacketBody body)
        {
            _snapshot.Begin(body, Meter);
            if (!Wants(_snapshot.Require(HeaderLength))) return false;
            _snapshot.CopyFrameTo(Next);
            Keep();
            return true;
        }
    }

    /// <summary>Copies every frame to where it would be kept, as a capture that is given copies only, and decides on the copy.</summary>
    private sealed class CopyFirst(FrameRing ring, int keep, RingCursor cursor) : Capture("copy first", ring, keep, cursor)
    {
        protected override long CopiedOfHeaders => 0;

        protected override bool See(in PacketBody body)
        {
            body.CopyTo(0, Next, Meter);
            if (!Wants(Next)) return false;
            Keep();
            return true;
        }
    }
}
