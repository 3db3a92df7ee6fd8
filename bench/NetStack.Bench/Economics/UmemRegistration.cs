using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NetStack.Bench.Economics;

/// <summary>What it costs to register an area with AF_XDP: real pages pinned by the real call, once for the life of a ring.</summary>
internal static class UmemRegistration
{
    private static readonly int[] Mebibytes = [1, 4, 16, 64];

    /// <summary>Where the kernel refuses, the table is empty and the remark says why.</summary>
    internal static ResultTable Measure(Effort effort, ResultTable standIns, List<string> remarks)
    {
        ResultTable table = new("umem", "AF_XDP: setsockopt(XDP_UMEM_REG) over memory that is there already, chunks of 2,048 bytes",
            Column.Key("MiB"), Column.Measured("register, µs"), Column.Measured("at least, µs"), Column.Measured("ns a page, at least"), Column.Measured("close, µs"), Column.Measured("frames of 1,514 B whose copy from memory takes as long as the least"));
        double copy = standIns.Number(Array.IndexOf(MapVersusCopy.Sizes, 1514), Crossover.CopyFromMemory);
        try
        {
            if (!Libc.IsHere) throw new PlatformNotSupportedException("AF_XDP needs Linux on x86-64 here");
            foreach (int mebibytes in Mebibytes)
            {
                using Registration registration = new(mebibytes << 20);
                double micros = Rounds.Measure([registration], effort)[0].Nanoseconds / 1000;
                double least = registration.LeastMicroseconds;
                table.Add($"{mebibytes}", micros, least, least * 1000 / (mebibytes * 256), registration.MedianClose, least * 1000 / copy);
            }
        }
        catch (Exception e) when (e is InvalidOperationException or PlatformNotSupportedException)
        {
            remarks.Add($"AF_XDP was not measured: {e.Message}.");
        }
        return table;
    }

    private sealed class Registration : Way
    {
        private readonly int _length;
        private readonly nint _memory;
        private readonly List<double> _closes = [];

        internal Registration(int length)
            : base("XDP_UMEM_REG")
        {
            _length = length;
            _memory = Libc.Map(0, length, Libc.ProtRead | Libc.ProtWrite, Libc.MapPrivate | Libc.MapAnonymous | Libc.MapPopulate, -1, 0);
            Libc.Check(_memory != Libc.MapFailed, "mmap");
        }

        internal override int Units => 1;

        internal double LeastMicroseconds { get; private set; } = double.MaxValue;

        internal double MedianClose => _closes.Order().ElementAt(_closes.Count / 2);

        internal override long Round()
        {
            int socket = Libc.Socket(Libc.AfXdp, Libc.SockRaw, 0);
            Libc.Check(socket >= 0, "socket(AF_XDP)");
            try
            {
                UmemRegistrationRequest request = new((ulong)_memory, (ulong)_length, 2048);
                long start = Stopwatch.GetTimestamp();
                int result = Libc.SetUmem(socket, Libc.SolXdp, Libc.XdpUmemReg, request, (uint)Marshal.SizeOf<UmemRegistrationRequest>());
                long ticks = Stopwatch.GetTimestamp() - start;
                Libc.Check(result == 0, "setsockopt(XDP_UMEM_REG)");
                LeastMicroseconds = Math.Min(LeastMicroseconds, Stopwatch.GetElapsedTime(0, ticks).TotalMicroseconds);
                return ticks;
            }
            finally
            {
                long start = Stopwatch.GetTimestamp();
                _ = Libc.Close(socket);
                _closes.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
        }

        public override void Dispose()
        {
            Libc.Check(Libc.Unmap(_memory, _length) == 0, "munmap");
            base.Dispose();
        }
    }
}
