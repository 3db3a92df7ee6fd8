namespace NetStack.Analysis;

/// <summary>A place in a program that is jumped to before it is known where it is.</summary>
internal sealed class BpfLabel
{
    internal int Position { get; set; } = -1;
}

/// <summary>Puts a program together: tests that go one way or the other, and labels that are placed behind all jumps to them.</summary>
internal sealed class BpfAssembler
{
    private readonly List<(ushort Code, uint K, BpfLabel? True, BpfLabel? False)> _lines = [];

    internal void Add(int code, uint k = 0) => _lines.Add(((ushort)code, k, null, null));

    /// <summary>A conditional jump.</summary>
    internal void Test(int code, uint k, BpfLabel yes, BpfLabel no) => _lines.Add(((ushort)code, k, yes, no));

    internal void Jump(BpfLabel target) => _lines.Add((Bpf.JumpAlways, 0, target, null));

    internal void Place(BpfLabel label) => label.Position = _lines.Count;

    /// <summary>The program.</summary>
    internal BpfInstruction[] Assemble()
    {
        BpfInstruction[] program = new BpfInstruction[_lines.Count];
        for (int i = 0; i < program.Length; i++)
        {
            (ushort code, uint k, BpfLabel? yes, BpfLabel? no) = _lines[i];
            if (yes is null) program[i] = new BpfInstruction(code, 0, 0, k);
            else if (no is null) program[i] = new BpfInstruction(code, 0, 0, (uint)(yes.Position - i - 1));
            else program[i] = new BpfInstruction(code, yes.Position - i - 1, no.Position - i - 1, k);
        }
        return program;
    }
}
