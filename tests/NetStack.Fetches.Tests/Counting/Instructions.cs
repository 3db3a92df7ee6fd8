using Iced.Intel;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>What one instruction reads of memory, besides the stack: where the address comes from, and how many bytes.</summary>
internal readonly record struct MemoryRead(Register Base, Register Index, int Scale, ulong Displacement, int Size)
{
    internal ulong AddressOf(in Native.Registers r) => Value(Base, r) + Value(Index, r) * (ulong)Scale + Displacement;

    private static ulong Value(Register register, in Native.Registers r) => register switch
    {
        Register.None => 0,
        Register.RAX => r.Rax,
        Register.RBX => r.Rbx,
        Register.RCX => r.Rcx,
        Register.RDX => r.Rdx,
        Register.RSI => r.Rsi,
        Register.RDI => r.Rdi,
        Register.RBP => r.Rbp,
        Register.RSP => r.Rsp,
        Register.R8 => r.R8,
        Register.R9 => r.R9,
        Register.R10 => r.R10,
        Register.R11 => r.R11,
        Register.R12 => r.R12,
        Register.R13 => r.R13,
        Register.R14 => r.R14,
        Register.R15 => r.R15,
        _ => throw new NotSupportedException($"An address is made of {register}."),
    };
}

/// <summary>Decodes instructions, and remembers them by address: code does not change while a frame is counted.</summary>
internal sealed class Instructions(Func<ulong, byte[]> readCode)
{
    private readonly Dictionary<ulong, Decoded> _known = [];
    private readonly InstructionInfoFactory _factory = new();

    internal Decoded At(ulong address)
    {
        if (_known.TryGetValue(address, out Decoded decoded)) return decoded;
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(readCode(address)), address);
        Instruction instruction = decoder.Decode();
        if (instruction.IsInvalid) throw new NotSupportedException($"No instruction was found at {address:x}.");
        List<MemoryRead> reads = [];
        foreach (UsedMemory used in _factory.GetInfo(instruction, InstructionInfoOptions.NoRegisterUsage).GetUsedMemory())
        {
            // The segments with a base of their own are thread-local memory, and the stack is nobody else's.
            bool isElsewhere = used.Segment is Register.FS or Register.GS || used.Base == Register.RSP;
            bool isRead = used.Access is OpAccess.Read or OpAccess.CondRead or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
            if (isRead && !isElsewhere) reads.Add(new MemoryRead(used.Base, used.Index, used.Scale, used.Displacement, used.MemorySize.GetSize()));
        }
        bool isRepeated = instruction.HasRepPrefix || instruction.HasRepnePrefix;
        return _known[address] = new Decoded([.. reads], isRepeated && reads.Count > 0);
    }

    /// <summary>An instruction; one that repeats traps after each step, and not even one is done where the count is 0.</summary>
    internal readonly record struct Decoded(MemoryRead[] Reads, bool IsRepeated);
}
