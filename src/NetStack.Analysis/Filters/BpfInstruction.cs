namespace NetStack.Analysis;

/// <summary>
/// One instruction of the classic BSD packet filter (McCanne and Jacobson 1993; bpf(4)). Jumps are counted from the next
/// instruction, as there, but have room for more than 255.
/// </summary>
/// <param name="Code">What it does: see <see cref="Bpf"/>.</param>
/// <param name="True">Where a conditional jump goes when it holds.</param>
/// <param name="False">Where it goes when it does not.</param>
/// <param name="K">Its operand.</param>
internal readonly record struct BpfInstruction(ushort Code, int True, int False, uint K)
{
    /// <summary>Whether it is a conditional jump.</summary>
    internal bool IsBranch => (Code & 7) == Bpf.Jump && Code != Bpf.JumpAlways;
}

/// <summary>The parts an instruction's code is put together from, as pcap/bpf.h has them.</summary>
internal static class Bpf
{
    // classes
    internal const ushort Load = 0x00;
    internal const ushort LoadX = 0x01;
    internal const ushort Store = 0x02;
    internal const ushort StoreX = 0x03;
    internal const ushort Alu = 0x04;
    internal const ushort Jump = 0x05;
    internal const ushort Return = 0x06;
    internal const ushort Misc = 0x07;

    // sizes of a load
    internal const ushort Word = 0x00;
    internal const ushort Half = 0x08;
    internal const ushort Byte = 0x10;

    // modes of a load
    internal const ushort Immediate = 0x00;
    internal const ushort Absolute = 0x20;
    internal const ushort Indirect = 0x40;
    internal const ushort Memory = 0x60;
    internal const ushort Length = 0x80;
    internal const ushort HeaderLength = 0xA0; // BPF_MSH: four times the low nibble of a byte

    // operations
    internal const ushort Add = 0x00;
    internal const ushort Subtract = 0x10;
    internal const ushort Multiply = 0x20;
    internal const ushort Divide = 0x30;
    internal const ushort Or = 0x40;
    internal const ushort And = 0x50;
    internal const ushort ShiftLeft = 0x60;
    internal const ushort ShiftRight = 0x70;
    internal const ushort Negate = 0x80;
    internal const ushort Modulo = 0x90;
    internal const ushort Xor = 0xA0;

    // jumps
    internal const ushort JumpAlways = Jump;
    internal const ushort Equal = Jump | 0x10;
    internal const ushort Greater = Jump | 0x20;
    internal const ushort GreaterOrEqual = Jump | 0x30;
    internal const ushort AnySet = Jump | 0x40;

    /// <summary>The operand is X and not K.</summary>
    internal const ushort FromX = 0x08;

    /// <summary>What is returned is A and not K.</summary>
    internal const ushort ReturnA = Return | 0x10;

    internal const ushort AToX = Misc;
    internal const ushort XToA = Misc | 0x80;

    /// <summary>Words of scratch memory.</summary>
    internal const int MemoryWords = 16;

    /// <summary>What a filter returns for a packet that matches: how much of it to keep, as tcpdump has it.</summary>
    internal const uint Accept = 262144;
}
