namespace NetStack.Analysis;

/// <summary>What a step does: an instruction's code without holes, so that the interpreter's switch is one indexed jump.</summary>
internal enum BpfOperation : byte
{
    // of a load and the comparison behind it
    HalfEqual,
    ByteEqual,
    Equal,
    Greater,
    GreaterOrEqual,
    AnySet,
    LoadWord,
    LoadHalf,
    LoadByte,
    LoadWordAtX,
    LoadHalfAtX,
    LoadByteAtX,
    LoadHeaderLength,
    Return,
    ReturnA,
    EqualX,
    GreaterX,
    GreaterOrEqualX,
    AnySetX,
    JumpAlways,
    LoadLength,
    LoadXLength,
    LoadImmediate,
    LoadXImmediate,
    LoadMemory,
    LoadXMemory,
    Store,
    StoreX,
    AToX,
    XToA,
    And,
    Add,
    Subtract,
    Multiply,
    Divide,
    Or,
    ShiftLeft,
    ShiftRight,
    Negate,
    Modulo,
    Xor,
}

/// <summary>An instruction made ready to run: jumps as indices, and a load fused with the comparison behind it.</summary>
internal readonly struct BpfStep
{
    internal readonly BpfOperation Operation;
    internal readonly byte Size;
    internal readonly bool UsesX;
    internal readonly int True;
    internal readonly int False;
    internal readonly uint K;
    internal readonly uint Other;

    private BpfStep(in BpfInstruction from, int index)
    {
        Operation = OperationOf(from.Code)!.Value;
        Size = SizeOf(from.Code);
        UsesX = (from.Code & 7) == Bpf.Alu && (from.Code & Bpf.FromX) != 0;
        True = from.Code == Bpf.JumpAlways ? index + 1 + (int)from.K : index + 1 + from.True;
        False = index + 1 + from.False;
        K = from.K;
    }

    /// <summary>A load of a constant place, and what its value is compared with.</summary>
    private BpfStep(in BpfStep load, in BpfStep branch, BpfOperation operation)
    {
        this = branch;
        Operation = operation;
        K = load.K;
        Other = branch.K;
    }

    /// <summary>Makes a verified program ready. The indices stay, so a jump between the two halves of a fused pair still works.</summary>
    internal static BpfStep[] Decode(ReadOnlySpan<BpfInstruction> program)
    {
        BpfStep[] steps = new BpfStep[program.Length];
        for (int i = program.Length - 1; i >= 0; i--)
        {
            steps[i] = new BpfStep(program[i], i);
            if (i + 1 >= steps.Length || steps[i + 1].Operation != BpfOperation.Equal) continue;
            if (steps[i].Operation == BpfOperation.LoadHalf) steps[i] = new BpfStep(steps[i], steps[i + 1], BpfOperation.HalfEqual);
            else if (steps[i].Operation == BpfOperation.LoadByte) steps[i] = new BpfStep(steps[i], steps[i + 1], BpfOperation.ByteEqual);
        }
        return steps;
    }

    /// <summary>What a code means; null where it means nothing.</summary>
    internal static BpfOperation? OperationOf(ushort code) => (code & 7) switch
    {
        Bpf.Load => LoadOf(code),
        Bpf.LoadX => LoadXOf(code),
        Bpf.Store => code == Bpf.Store ? BpfOperation.Store : null,
        Bpf.StoreX => code == Bpf.StoreX ? BpfOperation.StoreX : null,
        Bpf.Alu => AluOf(code),
        Bpf.Jump => JumpOf(code),
        Bpf.Return => code == Bpf.Return ? BpfOperation.Return : code == Bpf.ReturnA ? BpfOperation.ReturnA : null,
        _ => code == Bpf.AToX ? BpfOperation.AToX : code == Bpf.XToA ? BpfOperation.XToA : null,
    };

    private static BpfOperation? LoadOf(ushort code) => code switch
    {
        Bpf.Load | Bpf.Absolute | Bpf.Word => BpfOperation.LoadWord,
        Bpf.Load | Bpf.Absolute | Bpf.Half => BpfOperation.LoadHalf,
        Bpf.Load | Bpf.Absolute | Bpf.Byte => BpfOperation.LoadByte,
        Bpf.Load | Bpf.Indirect | Bpf.Word => BpfOperation.LoadWordAtX,
        Bpf.Load | Bpf.Indirect | Bpf.Half => BpfOperation.LoadHalfAtX,
        Bpf.Load | Bpf.Indirect | Bpf.Byte => BpfOperation.LoadByteAtX,
        Bpf.Load | Bpf.Length => BpfOperation.LoadLength,
        Bpf.Load | Bpf.Immediate => BpfOperation.LoadImmediate,
        Bpf.Load | Bpf.Memory => BpfOperation.LoadMemory,
        _ => null,
    };

    private static BpfOperation? LoadXOf(ushort code) => code switch
    {
        Bpf.LoadX | Bpf.HeaderLength | Bpf.Byte => BpfOperation.LoadHeaderLength,
        Bpf.LoadX | Bpf.Length => BpfOperation.LoadXLength,
        Bpf.LoadX | Bpf.Immediate => BpfOperation.LoadXImmediate,
        Bpf.LoadX | Bpf.Memory => BpfOperation.LoadXMemory,
        _ => null,
    };

    private static BpfOperation? AluOf(ushort code) => (code & ~(Bpf.FromX | 7)) switch
    {
        Bpf.Add => BpfOperation.Add,
        Bpf.Subtract => BpfOperation.Subtract,
        Bpf.Multiply => BpfOperation.Multiply,
        Bpf.Divide => BpfOperation.Divide,
        Bpf.Or => BpfOperation.Or,
        Bpf.And => BpfOperation.And,
        Bpf.ShiftLeft => BpfOperation.ShiftLeft,
        Bpf.ShiftRight => BpfOperation.ShiftRight,
        Bpf.Negate when (code & Bpf.FromX) == 0 => BpfOperation.Negate,
        Bpf.Modulo => BpfOperation.Modulo,
        Bpf.Xor => BpfOperation.Xor,
        _ => null,
    };

    private static BpfOperation? JumpOf(ushort code) => code switch
    {
        Bpf.JumpAlways => BpfOperation.JumpAlways,
        Bpf.Equal => BpfOperation.Equal,
        Bpf.Greater => BpfOperation.Greater,
        Bpf.GreaterOrEqual => BpfOperation.GreaterOrEqual,
        Bpf.AnySet => BpfOperation.AnySet,
        Bpf.Equal | Bpf.FromX => BpfOperation.EqualX,
        Bpf.Greater | Bpf.FromX => BpfOperation.GreaterX,
        Bpf.GreaterOrEqual | Bpf.FromX => BpfOperation.GreaterOrEqualX,
        Bpf.AnySet | Bpf.FromX => BpfOperation.AnySetX,
        _ => null,
    };

    private static byte SizeOf(ushort code) => (code & 0x18) switch
    {
        Bpf.Half => 2,
        Bpf.Byte => 1,
        _ => 4,
    };
}
