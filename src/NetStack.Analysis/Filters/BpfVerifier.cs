namespace NetStack.Analysis;

/// <summary>Refuses what is not a program that ends: see <see cref="BpfProgram"/>.</summary>
internal static class BpfVerifier
{
    /// <summary>From here on a load would not be of the packet: Linux answers it from what only its kernel knows.</summary>
    private const uint FirstKernelOffset = 0xFFFF_F000; // SKF_AD_OFF, linux/filter.h

    /// <summary>Why a program is refused; null where it is none.</summary>
    internal static string? Check(ReadOnlySpan<BpfInstruction> program)
    {
        if (program.Length is 0 or > BpfProgram.MaxLength) return $"a program has from 1 to {BpfProgram.MaxLength} instructions, not {program.Length}";
        for (int i = 0; i < program.Length; i++)
        {
            if (CheckOne(program[i], program.Length - 1 - i) is { } problem) return $"instruction {i}: {problem}";
        }
        return (program[^1].Code & 7) == Bpf.Return ? null : "the last instruction is no return";
    }

    /// <param name="instruction">The instruction.</param>
    /// <param name="behind">How many instructions are behind it.</param>
    private static string? CheckOne(in BpfInstruction instruction, int behind)
    {
        ushort code = instruction.Code;
        uint k = instruction.K;
        if (BpfStep.OperationOf(code) is not { } operation) return $"code 0x{code:x2} means nothing";
        if (operation == BpfOperation.JumpAlways) return k < (uint)behind ? null : "it jumps out of the program";
        if (instruction.IsBranch && !(Inside(instruction.True, behind) && Inside(instruction.False, behind))) return "it jumps out of the program";
        bool isConstant = (code & Bpf.FromX) == 0;
        return operation switch
        {
            BpfOperation.LoadMemory or BpfOperation.LoadXMemory or BpfOperation.Store or BpfOperation.StoreX when k >= Bpf.MemoryWords =>
                $"memory has {Bpf.MemoryWords} words, it names word {k}",
            BpfOperation.Divide or BpfOperation.Modulo when isConstant && k == 0 => "it divides by zero",
            BpfOperation.ShiftLeft or BpfOperation.ShiftRight when isConstant && k > 31 => $"it shifts by {k} bits",
            BpfOperation.LoadWord or BpfOperation.LoadHalf or BpfOperation.LoadByte when k >= FirstKernelOffset =>
                "it asks for what only a capturing kernel knows",
            _ => null,
        };
    }

    private static bool Inside(int jump, int behind) => jump >= 0 && jump < behind;
}
