using NetStack.Memory;

namespace NetStack.Analysis.Tests.Filters;

public sealed class BpfProgramTests
{
    private static readonly ushort[] Codes = [.. Enumerable.Range(0, 256).Select(c => (ushort)c).Where(c => BpfStep.OperationOf(c) is not null)];

    [Fact]
    public void Random_programs_are_refused_or_end()
    {
        int ran = 0;
        for (int seed = 0; seed < 50_000; seed++)
        {
            Random random = new(seed);
            BpfInstruction[] code = [.. Enumerable.Range(0, random.Next(12)).Select(_ => Instruction(random, wild: seed % 2 == 0))];
            if (seed % 3 != 0) code = [.. code, new BpfInstruction(Bpf.Return, 0, 0, 1)];
            if (!BpfProgram.TryCreate(code, out BpfProgram program, out string problem))
            {
                Assert.True(problem.Length > 0, $"seed {seed}");
                continue;
            }
            byte[] packet = new byte[random.Next(64)];
            random.NextBytes(packet);
            program.Run(packet, null, (uint)random.Next());
            Assert.NotEmpty(BpfText.Dump(code));
            ran++;
        }
        Assert.InRange(ran, 1000, 50_000);
    }

    [Theory]
    [InlineData(Bpf.Load | Bpf.Memory, 0, 0, 16, "instruction 0: memory has 16 words, it names word 16")]
    [InlineData(Bpf.Store, 0, 0, 99, "instruction 0: memory has 16 words, it names word 99")]
    [InlineData(Bpf.Alu | Bpf.Divide, 0, 0, 0, "instruction 0: it divides by zero")]
    [InlineData(Bpf.Alu | Bpf.Modulo, 0, 0, 0, "instruction 0: it divides by zero")]
    [InlineData(Bpf.Alu | Bpf.ShiftLeft, 0, 0, 32, "instruction 0: it shifts by 32 bits")]
    [InlineData(Bpf.Equal, 1, 0, 0, "instruction 0: it jumps out of the program")]
    [InlineData(Bpf.Equal, 0, -1, 0, "instruction 0: it jumps out of the program")]
    [InlineData(Bpf.JumpAlways, 0, 0, 1, "instruction 0: it jumps out of the program")]
    [InlineData(Bpf.JumpAlways, 0, 0, 0xFFFF_FFFF, "instruction 0: it jumps out of the program")]
    [InlineData(0xFF, 0, 0, 0, "instruction 0: code 0xff means nothing")]
    [InlineData(Bpf.Load | Bpf.Absolute | Bpf.Half, 0, 0, 0xFFFF_F004, "instruction 0: it asks for what only a capturing kernel knows")]
    public void A_bad_program_is_refused_with_its_reason(int code, int yes, int no, uint k, string expected)
    {
        BpfInstruction[] program = [new BpfInstruction((ushort)code, yes, no, k), new BpfInstruction(Bpf.Return, 0, 0, 0)];
        Assert.False(BpfProgram.TryCreate(program, out _, out string problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void A_program_that_does_not_end_in_a_return_is_refused()
    {
        Assert.False(BpfProgram.TryCreate([], out _, out _));
        Assert.False(BpfProgram.TryCreate([new BpfInstruction(Bpf.AToX, 0, 0, 0)], out _, out string problem));
        Assert.Equal("the last instruction is no return", problem);
    }

    [Theory]
    [InlineData(Bpf.Add, 7, 5, 12), InlineData(Bpf.Subtract, 5, 7, 0xFFFF_FFFE), InlineData(Bpf.Multiply, 0x8000_0001, 2, 2), InlineData(Bpf.Divide, 17, 5, 3)]
    [InlineData(Bpf.Modulo, 17, 5, 2), InlineData(Bpf.And, 12, 10, 8), InlineData(Bpf.Or, 12, 10, 14), InlineData(Bpf.Xor, 12, 10, 6), InlineData(Bpf.ShiftLeft, 3, 4, 48)]
    [InlineData(Bpf.ShiftRight, 0x8000_0000, 31, 1)]
    public void Arithmetic_is_of_unsigned_words(int operation, uint a, uint operand, uint expected)
    {
        Assert.Equal(expected, Run([(Bpf.Load, a), (Bpf.Alu | operation, operand), (Bpf.ReturnA, 0)], []));
        Assert.Equal(expected, Run([(Bpf.LoadX, operand), (Bpf.Load, a), (Bpf.Alu | operation | Bpf.FromX, 0), (Bpf.ReturnA, 0)], []));
    }

    [Theory]
    [InlineData(Bpf.Divide), InlineData(Bpf.Modulo)]
    public void A_division_by_a_zero_of_the_packet_is_no_match(int operation) =>
        Assert.Equal(0U, Run([(Bpf.Load, 5), (Bpf.Alu | operation | Bpf.FromX, 0), (Bpf.Return, 1)], []));

    [Theory]
    [InlineData(Bpf.Word, 4), InlineData(Bpf.Half, 2), InlineData(Bpf.Byte, 1)]
    public void A_load_past_the_end_is_no_match(int size, int bytes)
    {
        byte[] packet = [1, 2, 3, 4, 5, 6, 7, 8];
        for (uint k = 0; k < 20; k++)
        {
            uint expected = k + bytes <= packet.Length ? 1U : 0U;
            Assert.Equal(expected, Run([(Bpf.Load | Bpf.Absolute | size, k), (Bpf.Return, 1)], packet));
            Assert.Equal(expected, Run([(Bpf.LoadX, k), (Bpf.Load | Bpf.Indirect | size, 0), (Bpf.Return, 1)], packet));
        }
        Assert.Equal(0U, Run([(Bpf.Load | Bpf.Absolute | size, 0xFFFF_FFFF), (Bpf.Return, 1)], packet));
        Assert.Equal(0U, Run([(Bpf.LoadX, 0xFFFF_FFFF), (Bpf.Load | Bpf.Indirect | size, 2), (Bpf.Return, 1)], packet)); // no wrap to byte 1
    }

    private static uint Run((int Code, uint K)[] code, byte[] packet)
    {
        BpfInstruction[] program = [.. code.Select(c => new BpfInstruction((ushort)c.Code, 0, 0, c.K))];
        Assert.True(BpfProgram.TryCreate(program, out BpfProgram verified, out string problem), problem);
        return verified.Run(packet, null, 0);
    }

    private static BpfInstruction Instruction(Random random, bool wild) => wild
        ? new BpfInstruction((ushort)random.Next(0x120), random.Next(-2, 12), random.Next(-2, 12), (uint)random.NextInt64(uint.MaxValue))
        : new BpfInstruction(Codes[random.Next(Codes.Length)], random.Next(3), random.Next(3), (uint)random.Next(20));
}
