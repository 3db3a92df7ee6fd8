using System.Runtime.InteropServices;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>
/// Counts by the processor's debug registers (<c>perf_event_open</c> with <c>PERF_TYPE_BREAKPOINT</c>): at full speed, but four bytes
/// at a time, so that the frame has to come again for each four; reads and writes are not told apart; and only a second look,
/// sampled, names the reader. Some hypervisors do not lend their guests these registers: then nothing is ever counted.
/// </summary>
internal sealed unsafe class WatchpointCounter : ICounter
{
    private const int AtATime = 4;
    private const uint TypeBreakpoint = 5;
    private const uint ReadOrWrite = 3;
    private const ulong Disabled = 1 << 0;
    private const ulong ExcludeKernel = 1 << 5;
    private const ulong ExcludeHypervisor = 1 << 6;
    private const nint IoctlEnable = 0x2400;
    private const nint IoctlDisable = 0x2401;
    private const ulong SampleInstruction = 1;
    private const int RecordSample = 9;
    private const int DataHead = 1024; // in the first page of a sampling buffer

    private long _runs;

    internal WatchpointCounter()
    {
        if (!Native.IsSupported) throw new CounterRefusedException("hardware watchpoints are opened on Linux on x86-64 only");
    }

    public string Name => "hardware watchpoints (perf_event_open)";

    public string Cost => $"{_runs} runs";

    public Tally[] Count(IMeasured measured)
    {
        Watched[] watched = measured.Prepare();
        measured.Run();
        Tally[] tallies = [.. watched.Select(w => new Tally(w.Name, w.Length))];
        (int Range, int Offset)[] bytes = [.. watched.SelectMany((w, range) => Enumerable.Range(0, w.Length).Select(offset => (range, offset)))];
        foreach ((int Range, int Offset)[] group in bytes.Chunk(AtATime))
        {
            long[] counts = CountGroup(measured, group);
            for (int i = 0; i < group.Length; i++) tallies[group[i].Range].Reads[group[i].Offset] = (int)counts[i];
        }
        for (int range = 0; range < tallies.Length; range++)
        {
            int first = Array.FindIndex(tallies[range].Reads, n => n > 1);
            if (first < 0) continue;
            foreach (nint instruction in Sample(measured, range, first)) tallies[range].Readers.Add((first, 1, [instruction]));
        }
        return tallies;
    }

    public void Dispose()
    {
    }

    private long[] CountGroup(IMeasured measured, (int Range, int Offset)[] group)
    {
        Watched[] watched = measured.Prepare();
        int[] descriptors = [.. group.Select(b => Open(watched[b.Range].Address + b.Offset, sampled: false))];
        Run(measured, descriptors);
        long[] counts = new long[group.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            fixed (long* count = &counts[i])
            {
                if (Native.Read(descriptors[i], count, sizeof(long)) != sizeof(long)) throw new CounterRefusedException($"read of a counter: {Native.LastError}");
            }
            _ = Native.Close(descriptors[i]);
        }
        return counts;
    }

    /// <summary>Runs once more, for the instructions that touch one byte. The processor stops behind each.</summary>
    private List<nint> Sample(IMeasured measured, int range, int offset)
    {
        int page = Environment.SystemPageSize;
        int descriptor = Open(measured.Prepare()[range].Address + offset, sampled: true);
        nint buffer = Native.MapMemory(0, 2 * page, protection: 3, flags: 1, descriptor, 0);
        if (buffer == -1) throw new CounterRefusedException($"mmap of a sampling buffer: {Native.LastError}");
        Run(measured, [descriptor]);
        List<nint> instructions = [];
        long end = Volatile.Read(ref *(long*)(buffer + DataHead));
        for (long at = 0; at + 16 <= Math.Min(end, page);)
        {
            byte* record = (byte*)(buffer + page + at);
            if (*(int*)record == RecordSample) instructions.Add(*(nint*)(record + 8) - 1); // inside the instruction, not behind it
            int size = *(ushort*)(record + 6);
            if (size == 0) break;
            at += size;
        }
        _ = Native.UnmapMemory(buffer, 2 * page);
        _ = Native.Close(descriptor);
        return instructions;
    }

    private void Run(IMeasured measured, int[] descriptors)
    {
        foreach (int descriptor in descriptors) Control(descriptor, IoctlEnable);
        measured.Run();
        foreach (int descriptor in descriptors) Control(descriptor, IoctlDisable);
        _runs++;
    }

    private static void Control(int descriptor, nint request)
    {
        if (Native.Ioctl(descriptor, request, 0) != 0) throw new CounterRefusedException($"ioctl of a watchpoint: {Native.LastError}");
    }

    private static int Open(nint address, bool sampled)
    {
        Native.PerfEventAttributes attributes = new()
        {
            Type = TypeBreakpoint,
            Size = (uint)sizeof(Native.PerfEventAttributes),
            SamplePeriod = sampled ? 1UL : 0,
            SampleType = sampled ? SampleInstruction : 0,
            Flags = Disabled | ExcludeKernel | ExcludeHypervisor,
            BreakpointType = ReadOrWrite,
            BreakpointAddress = (ulong)address,
            BreakpointLength = 1,
        };
        nint descriptor = Native.PerfEventOpen(attributes);
        return descriptor >= 0 ? (int)descriptor : throw new CounterRefusedException($"perf_event_open is refused ({Native.LastError})");
    }
}
