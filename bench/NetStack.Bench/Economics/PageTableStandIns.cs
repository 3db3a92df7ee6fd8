using System.Diagnostics;

namespace NetStack.Bench.Economics;

/// <summary>
/// What this machine can do instead of an IOMMU's map, unmap and invalidate: the same work on the processor's own page tables, with
/// its TLB flush, from user space. It stands beside copies of the same bytes.
/// </summary>
internal static class PageTableStandIns
{
    private const int Buffers = 16;
    private const int ColdBytes = 64 << 20; // more than the caches hold that belong to one core

    /// <summary>Medians; and the same with the least of all single operations for the stand-ins, which is what favours mapping most.</summary>
    internal static (ResultTable Medians, ResultTable Least) Measure(Effort effort)
    {
        List<Column> columns = [Column.Key("bytes"), Column.Measured(Crossover.CopyCached), Column.Measured(Crossover.CopyFromMemory)];
        if (Libc.IsHere) columns.AddRange([.. Crossover.StandIns.Select(n => Column.Measured($"{n}, ns")), Column.Measured(Crossover.Refill)]);
        ResultTable least = new("stand-ins-least", "Measured: the same, with the least of all single operations for the stand-ins, medians for the copies", [.. columns]);
        ResultTable medians = new("stand-ins", "Measured: a buffer is taken from one side and given to the other. Stand-ins are system calls on the page tables of this process, not an IOMMU; the last column is one read of every page after mprotect, which refills the TLB", [.. columns]);
        byte[] source = GC.AllocateUninitializedArray<byte>(ColdBytes, pinned: true);
        new SeededRandom(1).Fill(source.AsSpan(0, 1 << 20));
        source.AsSpan(1 << 20).Fill(1);
        using OneProcessor pinned = new();
        foreach (int bytes in MapVersusCopy.Sizes)
        {
            List<Way> ways = [new Copy("cached", source, bytes, isCold: false), new Copy("from memory", source, bytes, isCold: true)];
            if (Libc.IsHere) ways.AddRange([new Toggle(bytes), new Move(bytes), new Replace(bytes), new Toggle(bytes) { IsRefill = true }]);
            Timing[] timings = Rounds.Measure(ways, effort);
            medians.Add([$"{bytes}", .. timings.Select(t => (object)t.Nanoseconds)]);
            least.Add([$"{bytes}", .. timings.Select((t, i) => (object)((ways[i] as Mappings)?.Least ?? t.Nanoseconds))]);
            foreach (Way way in ways) way.Dispose();
        }
        return (medians, least);
    }

    /// <summary>Copies into private memory: the same source again and again, or one no cache holds.</summary>
    private sealed class Copy(string name, byte[] source, int bytes, bool isCold) : Way(name)
    {
        private readonly byte[] _to = new byte[bytes];
        private readonly int _stride = Math.Max(2048, (bytes + 2047) & -2048);
        private int _at;

        internal override int Units => Math.Clamp((4 << 20) / bytes, 4, 1024);

        internal override long Round()
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Units; i++)
            {
                source.AsSpan(_at, bytes).CopyTo(_to);
                if (isCold && (_at += _stride) + bytes > source.Length) _at = 0;
            }
            return Stopwatch.GetTimestamp() - start;
        }
    }

    /// <summary>Buffers in mappings of their own, with a gap between, so that no call has to split or join any.</summary>
    private abstract class Mappings : Way
    {
        private readonly nint _start;
        private readonly nint _stride;
        private readonly nint _reserved;
        private int _next;

        protected Mappings(string name, int bytes)
            : base(name)
        {
            Length = (bytes + Environment.SystemPageSize - 1) & -Environment.SystemPageSize;
            _stride = Length + Environment.SystemPageSize;
            _reserved = _stride * (Buffers + 1);
            File = Libc.CreateMemoryFile("copy-or-map", 0);
            Libc.Check(File >= 0 && Libc.Truncate(File, _stride * Buffers) == 0, "memfd_create");
            _start = Libc.Map(0, _reserved, Libc.ProtNone, Libc.MapPrivate | Libc.MapAnonymous, -1, 0);
            Libc.Check(_start != Libc.MapFailed, "mmap");
            for (int i = 0; i < Buffers; i++) MapAt(i);
        }

        // Rounds are short, so that most of them run without being interrupted.
        internal override int Units => Length <= 16 << 10 ? Buffers : Buffers / 4;

        protected int File { get; }

        protected nint Length { get; }

        /// <summary>Where one more buffer would lie.</summary>
        protected nint Spare => AddressOf(Buffers);

        /// <summary>Whether the reads after the calls are measured instead of the calls.</summary>
        internal bool IsRefill { get; init; }

        /// <summary>What the quickest single operation took, in nanoseconds.</summary>
        internal double Least { get; private set; } = double.MaxValue;

        internal override long Round()
        {
            long calls = 0, reads = 0;
            int sum = 0;
            for (int i = 0; i < Units; i++)
            {
                int buffer = _next++ % Buffers;
                long start = Stopwatch.GetTimestamp();
                Change(buffer);
                long changed = Stopwatch.GetTimestamp();
                sum += Libc.TouchPages(AddressOf(buffer), Length);
                long read = Stopwatch.GetTimestamp();
                calls += changed - start;
                reads += read - changed;
                Least = Math.Min(Least, (IsRefill ? read - changed : changed - start) * 1e9 / Stopwatch.Frequency);
            }
            if (sum < 0) throw new InvalidOperationException("A page reads less than nothing.");
            return IsRefill ? reads : calls;
        }

        public override void Dispose()
        {
            Libc.Check(Libc.Unmap(_start, _reserved) == 0 && Libc.Close(File) == 0, "munmap");
            base.Dispose();
        }

        /// <summary>Takes a buffer away and gives it back.</summary>
        protected abstract void Change(int buffer);

        protected nint AddressOf(int buffer) => _start + buffer * _stride;

        protected void MapAt(int buffer)
        {
            nint at = AddressOf(buffer);
            Libc.Check(Libc.Map(at, Length, Libc.ProtRead | Libc.ProtWrite, Libc.MapShared | Libc.MapFixed | Libc.MapPopulate, File, buffer * _stride) == at, "mmap");
        }
    }

    private sealed class Toggle(int bytes) : Mappings(Crossover.StandIns[0], bytes)
    {
        protected override void Change(int buffer)
        {
            nint at = AddressOf(buffer);
            Libc.Check(Libc.Protect(at, Length, Libc.ProtNone) == 0 && Libc.Protect(at, Length, Libc.ProtRead | Libc.ProtWrite) == 0, "mprotect");
        }
    }

    private sealed class Move(int bytes) : Mappings(Crossover.StandIns[1], bytes)
    {
        protected override void Change(int buffer)
        {
            nint at = AddressOf(buffer);
            const int Flags = Libc.MremapMayMove | Libc.MremapFixed;
            Libc.Check(Libc.Remap(at, Length, Length, Flags, Spare) == Spare && Libc.Remap(Spare, Length, Length, Flags, at) == at, "mremap");
        }
    }

    private sealed class Replace(int bytes) : Mappings(Crossover.StandIns[2], bytes)
    {
        protected override void Change(int buffer)
        {
            nint at = AddressOf(buffer);
            Libc.Check(Libc.Unmap(at, Length) == 0, "munmap");
            MapAt(buffer);
        }
    }
}
