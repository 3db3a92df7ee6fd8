using System.Globalization;
using NetStack.Memory;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Tests.Kit;

namespace NetStack.Benchmarks;

/// <summary>
/// A byte stream from stack to stack, through both NICs' rings and the link between, on one thread; beside it the least that anybody
/// must do for the same bytes: copy and sum them once. All ways run in turn, round by round, in one process; medians are printed.
/// </summary>
internal static class StackThroughput
{
    private const int RoundBytes = 64 << 20;
    private const int Warmup = 3;

    internal static void Print(TextWriter output, int rounds)
    {
        Way[] ways =
        [
            new CopyAndSum(),
            new Stream("MTU 1500, the stacks cut and sum", new VirtualNicOptions { TransmitOffload = false }),
            new Stream("super-segments of 64 KiB, the device sums for the sender", new VirtualNicOptions { KeepSegments = true }),
        ];
        for (int round = -Warmup; round < rounds; round++)
        {
            for (int i = 0; i < ways.Length; i++) ways[(i + round + Warmup) % ways.Length].Measure(isKept: round >= 0);
        }
        output.WriteLine($"Rounds of {RoundBytes >> 20} MiB, {rounds} of them interleaved, one thread, medians.");
        output.WriteLine();
        output.WriteLine("| way | Gbit/s | CPU s/GiB | ÷ copy and sum | segments a round | allocated bytes/segment |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|");
        foreach (Way way in ways)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {way.Name} | {way.GigabitsPerSecond:F2} | {way.CpuPerGibibyte:F3} | {way.CpuPerGibibyte / ways[0].CpuPerGibibyte:F1} | {way.Segments} | {way.AllocatedPerSegment:F2} |"));
        }
    }

    private abstract class Way(string name)
    {
        private readonly List<double> _cpu = [];
        private readonly List<double> _wall = [];
        private readonly List<double> _allocated = [];

        internal string Name => name;

        internal long Segments { get; private set; }

        internal double GigabitsPerSecond => RoundBytes * 8L / Median(_wall) / 1e9;

        internal double CpuPerGibibyte => Median(_cpu) * (1 << 30) / RoundBytes;

        internal double AllocatedPerSegment => Median(_allocated);

        internal void Measure(bool isKept)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            Segments = Round();
            double wall = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
            double used = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
            double bytes = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (!isKept) return;
            _wall.Add(wall);
            _cpu.Add(used);
            _allocated.Add(bytes / Segments);
        }

        /// <summary>Moves the bytes of one round.</summary>
        /// <returns>How many segments it took.</returns>
        protected abstract long Round();

        private static double Median(List<double> values)
        {
            double[] sorted = [.. values.Order()];
            return sorted[sorted.Length / 2];
        }
    }

    /// <summary>Copies every segment once and sums the copy.</summary>
    private sealed class CopyAndSum() : Way("copy and sum, 1448 bytes at a time")
    {
        private const int Segment = 1448;

        private readonly byte[] _from = new byte[256 * 1024];
        private readonly byte[] _to = new byte[256 * 1024];

        protected override long Round()
        {
            int sum = 0;
            long segments = 0;
            for (int at = 0, done = 0; done < RoundBytes; done += Segment, at += Segment, segments++)
            {
                if (at + Segment > _from.Length) at = 0;
                Span<byte> copy = _to.AsSpan(at, Segment);
                _from.AsSpan(at, Segment).CopyTo(copy);
                sum += InternetChecksum.Compute(copy);
            }
            return sum == 0 ? throw new InvalidOperationException("The sum of zeros is not 0.") : segments;
        }
    }

    /// <summary>One connection that stays open over all rounds.</summary>
    private sealed class Stream : Way
    {
        private readonly DrivenPair _pair;
        private readonly byte[] _chunk = new byte[64 * 1024];
        private long _written;
        private long _read;
        private long _target;

        internal Stream(string name, VirtualNicOptions nic) : base(name)
        {
            _pair = new DrivenPair(new VirtualLink(new Impairment { Delay = TimeSpan.FromMicroseconds(50) }), nic: nic);
            TcpEndpoint server = new(_pair.Bob.Address, 80);
            // A window that the receive ring takes in one burst, and the cache holds.
            TcpConnectionOptions options = new() { SendBuffer = 256 * 1024, MaxSendBuffer = 256 * 1024, ReceiveBuffer = 512 * 1024 };
            _pair.Bob.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(server)) { Connection = options }, out TcpListener? listener);
            _pair.Alice.Stack.Tcp.Connect(new TcpConnectOptions(server) { Connection = options }, default, out TcpConnection? sender);
            _pair.Alice.Driver.Program = _ => Write(sender!);
            _pair.Bob.Driver.Program = _ => Read(listener!);
        }

        protected override long Round()
        {
            _target += RoundBytes;
            long before = _pair.Alice.Stack.Tcp.Counters.SegmentsSent;
            while (_read < _target)
            {
                if (!_pair.Clock.Step()) throw new InvalidOperationException($"The stream stands still at {_read}.");
            }
            if (_pair.Alice.Stack.Tcp.Counters.Retransmitted > 0) throw new InvalidOperationException("A perfect link lost something.");
            return _pair.Alice.Stack.Tcp.Counters.SegmentsSent - before;
        }

        private void Write(TcpConnection sender)
        {
            while (_pair.Alice.Stack.Tcp.TryReadEvent(out _)) { }
            while (_written < _target)
            {
                int count = sender.Write(_chunk.AsSpan(0, (int)Math.Min(_chunk.Length, _target - _written)));
                if (count == 0) return;
                _written += count;
            }
        }

        private void Read(TcpListener listener)
        {
            while (_pair.Bob.Stack.Tcp.TryReadEvent(out TcpEvent happened))
            {
                if (happened.Listener is not null) listener.TryAccept(out _);
                if (happened.Connection is not { ReadableBytes: > 0 and int count } receiver) continue;
                receiver.Consume(count);
                _read += count;
            }
        }
    }
}
