using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>
/// A process that steps a thread of its parent, instruction by instruction, between two marks, and says what was read of the watched
/// memory. It is told on standard input, a line for each measurement, and answers on standard output.
/// </summary>
internal sealed unsafe class Tracer
{
    private const int Continue = 7;
    private const int SingleStep = 9;
    private const int SignalSuspend = 34; // how the runtime stops a thread for a collection
    private const int GetRegisters = 12;
    private const int Detach = 17;
    private const int Seize = 0x4206;
    private const int AllThreads = 0x4000_0000; // __WALL
    private const int MostCalls = 12;
    private const int TopWords = 5;
    private const long MostSteps = 4_000_000;

    private readonly int _thread;
    private readonly Instructions _instructions;
    private readonly List<(int Watched, long Offset, int Size, string Calls)> _pending = [];
    private readonly StringBuilder _answer = new();
    private (ulong Start, ulong End)[] _watched = [];
    private long _steps;
    private int _kept; // a signal for later

    private Tracer(int thread)
    {
        _thread = thread;
        _instructions = new Instructions(ReadCode);
    }

    internal static int Serve(int thread)
    {
        Tracer tracer = new(thread);
        while (Console.In.ReadLine() is { } line)
        {
            try
            {
                tracer.Trace(line);
            }
            catch (Exception e) when (e is CounterRefusedException or NotSupportedException)
            {
                Console.Out.WriteLine($"refused {e.Message}");
                return 1;
            }
        }
        return 0;
    }

    private void Trace(string line)
    {
        string[] fields = line.Split(' ');
        Native.StayOn(int.Parse(fields[0], CultureInfo.InvariantCulture));
        _watched = [.. fields[1..].Chunk(2).Select(f => (Start: ulong.Parse(f[0], CultureInfo.InvariantCulture), Length: ulong.Parse(f[1], CultureInfo.InvariantCulture))).Select(f => (f.Start, f.Start + f.Length))];
        (_steps, _kept) = (0, 0);
        _answer.Clear();
        Do(Seize, 0, "PTRACE_SEIZE");
        Console.Out.WriteLine("ready");
        int signal = WaitForMark();
        while (signal != Native.SignalMark && _steps < MostSteps) signal = Step(signal);
        Do(Detach, _kept, "PTRACE_DETACH");
        if (signal != Native.SignalMark) throw new CounterRefusedException($"nothing had ended after {_steps} instructions");
        Console.Out.Write(_answer);
        Console.Out.WriteLine($"end {_steps}");
    }

    /// <summary>Lets the thread run until the first mark; returns no signal to pass on.</summary>
    private int WaitForMark()
    {
        while (true)
        {
            int signal = Wait();
            if (signal == Native.SignalMark) return 0;
            Do(Continue, signal, "PTRACE_CONT");
        }
    }

    /// <summary>Steps once. What an instruction reads counts once it was done: a signal may come before.</summary>
    /// <returns>The signal to pass on.</returns>
    private int Step(int signal)
    {
        Native.Registers registers = ReadRegisters();
        Note(registers);
        Do(SingleStep, signal, "PTRACE_SINGLESTEP");
        int stopped = Wait();
        bool isDone = stopped is Native.SignalTrap or Native.SignalMark || ReadRegisters().Rip != registers.Rip;
        if (isDone) Commit();
        _pending.Clear();
        if (stopped != SignalSuspend) return stopped == Native.SignalTrap ? 0 : stopped;
        _kept = stopped; // stepped, its handler takes longer than the runtime waits before it sends the next: nothing would ever go on
        return 0;
    }

    private void Note(in Native.Registers registers)
    {
        Instructions.Decoded instruction = _instructions.At(registers.Rip);
        if (instruction.IsRepeated && registers.Rcx == 0) return;
        foreach (MemoryRead read in instruction.Reads)
        {
            ulong address = read.AddressOf(registers);
            for (int i = 0; i < _watched.Length; i++)
            {
                if (address < _watched[i].End && address + (ulong)read.Size > _watched[i].Start)
                    _pending.Add((i, (long)(address - _watched[i].Start), read.Size, CallsOf(registers)));
            }
        }
    }

    private void Commit()
    {
        _steps++;
        foreach ((int watched, long offset, int size, string calls) in _pending)
            _answer.Append(CultureInfo.InvariantCulture, $"read {watched} {offset} {size} {calls}\n");
    }

    /// <summary>Where the thread is and whence it was called: what lies on top of the stack, for code without a frame of its own, and
    /// what the chain of frame pointers leads to. Not every number is a place in code.</summary>
    private string CallsOf(in Native.Registers registers)
    {
        List<ulong> calls = [registers.Rip];
        Span<ulong> words = stackalloc ulong[TopWords];
        if (TryRead(registers.Rsp, MemoryMarshal.AsBytes(words))) calls.AddRange(words);
        ulong frame = registers.Rbp;
        words = words[..2];
        while (calls.Count < MostCalls && TryRead(frame, MemoryMarshal.AsBytes(words)) && words[0] > frame)
        {
            calls.Add(words[1]);
            frame = words[0];
        }
        return string.Join(' ', calls.Select(c => (long)c)); // as an address of this process is: signed
    }

    private Native.Registers ReadRegisters()
    {
        Native.Registers registers;
        if (Native.Ptrace(GetRegisters, _thread, 0, (nint)(&registers)) != 0) throw new CounterRefusedException($"PTRACE_GETREGS: {Native.LastError}");
        return registers;
    }

    private byte[] ReadCode(ulong address)
    {
        byte[] code = new byte[15];
        int length = code.Length;
        while (!TryRead(address, code.AsSpan(0, length))) // an instruction may be the last before an unmapped page
        {
            if (--length == 0) throw new CounterRefusedException($"code at {address:x} cannot be read: {Native.LastError}");
        }
        return code[..length];
    }

    private bool TryRead(ulong address, Span<byte> bytes)
    {
        fixed (byte* b = bytes)
        {
            Native.IoVector local = new() { Base = b, Length = bytes.Length };
            Native.IoVector remote = new() { Base = (void*)address, Length = bytes.Length };
            return Native.ReadMemory(_thread, &local, 1, &remote, 1, 0) == bytes.Length;
        }
    }

    private int Wait()
    {
        if (Native.WaitPid(_thread, out int status, AllThreads) != _thread) throw new CounterRefusedException($"waitpid: {Native.LastError}");
        if ((status & 0xFF) != 0x7F) throw new CounterRefusedException("the thread is gone");
        return status >> 16 != 0 ? 0 : status >> 8 & 0xFF; // an event of tracing is no signal
    }

    private void Do(int request, int data, string name)
    {
        if (Native.Ptrace(request, _thread, 0, data) != 0) throw new CounterRefusedException($"{name}: {Native.LastError}");
    }
}
