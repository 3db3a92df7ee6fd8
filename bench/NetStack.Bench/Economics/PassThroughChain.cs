using System.Diagnostics;
using NetStack.Memory;

namespace NetStack.Bench.Economics;

/// <summary>B4: a frame goes through components that all look at its headers, and the last of which needs its bytes.</summary>
internal sealed class PassThroughChain : Study
{
    private const int HeaderLength = 54;
    private const int MaxComponents = 5;

    internal override string Name => "b4";

    internal override string Title => "Pass through: who in a chain has to copy?";

    internal override Findings Run(Effort effort)
    {
        ResultTable table = new("chain", $"Frames of {HeaderShape.FrameLength} bytes from a ring of 32 MiB through components in batches of {Chain.Batch}; every one looks at the headers, the last takes the bytes",
            Column.Key("components"), Column.Key("way"), Column.Exact("header fetches"), Column.Exact("bytes fetched a frame"), Column.Exact("body bytes copied a frame"),
            Column.Exact("copied per byte received"), Column.Measured("ns a frame"), Column.Measured("÷ by handle"));
        FrameRing ring = new(new HeaderShape(HeaderLength), effort.IsTimed ? 32 << 20 : 1 << 20);
        for (int components = 1; components <= MaxComponents; components++)
        {
            Chain[] ways = [new ByHandle(ring, components, new RingCursor(ring.Bodies.Length, 0, 2)), new ByCopy(ring, components, new RingCursor(ring.Bodies.Length, 1, 2))];
            double[][] counts = [.. ways.Select(w => w.Count())];
            Timing[] times = Rounds.Measure(ways, effort);
            for (int i = 0; i < ways.Length; i++)
            {
                table.Add($"{components}", ways[i].Name, counts[i][0], counts[i][1], counts[i][2], counts[i][2] / HeaderShape.FrameLength, times[i].Nanoseconds, times[i].Ratio);
            }
        }
        if (!effort.IsTimed) return new Findings([table], []);
        Series[] lines = [.. Enumerable.Range(0, 2).Select(w => new Series((string)table.Rows[w][1],
            [.. Enumerable.Range(0, MaxComponents).Select(i => (i + 1.0, table.Number(2 * i + w, "ns a frame")))]))];
        LineChart chart = new("b4", "Measured: a frame through a chain of components", Axis.Values("components", [1, 2, 3, 4, 5]),
            Axis.Linear("ns a frame", lines.SelectMany(l => l.Points).Select(p => p.Y)), lines);
        return new Findings([table], [chart]);
    }

    /// <summary>Components in a row, each with a snapshot of its own for every frame of a batch.</summary>
    private abstract class Chain(string name, FrameRing ring, int components, RingCursor cursor) : Way(name)
    {
        internal const int Batch = 64;

        private readonly byte[] _private = new byte[Batch * HeaderShape.FrameLength];
        private ulong _seen;

        internal override int Units => RingCursor.FramesARound;

        protected int Components => components;

        protected FetchMeter Meter { get; } = new();

        protected HeaderSnapshot[][] Snapshots { get; } =
            [.. Enumerable.Range(0, components).Select(_ => Enumerable.Range(0, Batch).Select(_ => new HeaderSnapshot()).ToArray())];

        internal override long Round()
        {
            long start = Stopwatch.GetTimestamp();
            _seen = 0;
            for (int done = 0; done < Units; done += Batch) Pass(cursor.Next(Batch).First);
            long ticks = Stopwatch.GetTimestamp() - start;
            return _seen != 0 ? ticks : throw new InvalidOperationException("Nobody saw a header.");
        }

        /// <summary>Header fetches, bytes fetched from shared memory, and body bytes copied, of a frame.</summary>
        internal double[] Count()
        {
            Round();
            double frames = Units;
            return [Meter.HeaderFetches / frames, (Meter.HeaderBytesFetched + Meter.BodyBytesRead) / frames, Meter.BodyBytesCopied / frames];
        }

        /// <summary>Sends a batch through, from a frame of the ring on.</summary>
        protected abstract void Pass(int first);

        protected PacketBody Frame(int number) => ring.Bodies[number];

        protected void Look(HeaderSnapshot snapshot) => _seen += HeaderShape.Parse(snapshot.Require(HeaderLength));

        /// <summary>What the last component does with a frame.</summary>
        protected void TakeIn(int number, HeaderSnapshot snapshot) => snapshot.CopyFrameTo(_private.AsSpan(number * HeaderShape.FrameLength, HeaderShape.FrameLength));
    }

    /// <summary>The frame goes on by handle, the snapshot's private bytes with it; the last component copies it.</summary>
    private sealed class ByHandle(FrameRing ring, int components, RingCursor cursor) : Chain("by handle", ring, components, cursor)
    {
        private readonly PacketBody[] _held = new PacketBody[Batch];

        protected override void Pass(int first)
        {
            for (int i = 0; i < Batch; i++)
            {
                _held[i] = Frame(first + i).Share();
                Snapshots[0][i].Begin(_held[i], Meter);
                Look(Snapshots[0][i]);
            }
            for (int component = 1; component < Components; component++)
            {
                for (int i = 0; i < Batch; i++)
                {
                    Snapshots[component][i].BeginFrom(Snapshots[component - 1][i], _held[i], Meter);
                    Look(Snapshots[component][i]);
                }
            }
            for (int i = 0; i < Batch; i++)
            {
                TakeIn(i, Snapshots[Components - 1][i]);
                _held[i].Release();
            }
        }
    }

    /// <summary>Every component copies the frame into memory of its own before it hands it on.</summary>
    private sealed class ByCopy(FrameRing ring, int components, RingCursor cursor) : Chain("each copies", ring, components, cursor)
    {
        private readonly BufferPool[] _pools = [.. Enumerable.Range(1, components).Select(_ => BufferPool.Create(2048, Batch))];
        private readonly PacketBody[] _held = new PacketBody[Batch];

        protected override void Pass(int first)
        {
            for (int component = 0; component < Components; component++)
            {
                for (int i = 0; i < Batch; i++)
                {
                    PacketBody given = component == 0 ? Frame(first + i) : _held[i];
                    HeaderSnapshot snapshot = Snapshots[component][i];
                    snapshot.Begin(given, Meter);
                    Look(snapshot);
                    if (component == Components - 1)
                    {
                        TakeIn(i, snapshot);
                    }
                    else
                    {
                        _pools[component].TryRent(out BufferHandle buffer);
                        _held[i] = new PacketBody(new BodySlice(_pools[component], buffer, 0, HeaderShape.FrameLength));
                        snapshot.CopyFrameTo(_held[i]);
                    }
                    if (component > 0) given.Release();
                }
            }
        }
    }
}
