using System.Globalization;
using System.Text;

namespace NetStack.Analysis;

/// <summary>A program as <c>tcpdump -d</c> prints it.</summary>
internal static class BpfText
{
    /// <summary>One line an instruction.</summary>
    internal static string Dump(ReadOnlySpan<BpfInstruction> program)
    {
        StringBuilder text = new();
        for (int i = 0; i < program.Length; i++)
        {
            BpfInstruction instruction = program[i];
            (string name, string operand) = Parts(instruction, i);
            string line = string.Create(CultureInfo.InvariantCulture, $"({i:000}) {name,-8} ");
            line += instruction.IsBranch
                ? string.Create(CultureInfo.InvariantCulture, $"{operand,-16} jt {i + 1 + instruction.True}\tjf {i + 1 + instruction.False}")
                : operand;
            text.Append(line).Append('\n');
        }
        return text.ToString();
    }

    private static (string Name, string Operand) Parts(in BpfInstruction instruction, int index)
    {
        ushort code = instruction.Code;
        int k = (int)instruction.K; // printed with a sign, as there
        return (code & 7) switch
        {
            Bpf.Load => (LoadName(code), Place(code, k)),
            Bpf.LoadX => (code & 0xE0) == Bpf.HeaderLength ? ("ldxb", $"4*([{k}]&0xf)") : ("ldx", Place(code, k)),
            Bpf.Store => ("st", $"M[{k}]"),
            Bpf.StoreX => ("stx", $"M[{k}]"),
            Bpf.Alu => Arithmetic(code, k),
            Bpf.Jump => code == Bpf.JumpAlways ? ("ja", $"{index + 1 + k}") : (BranchName(code), (code & Bpf.FromX) != 0 ? "x" : $"#0x{k:x}"),
            Bpf.Return => ("ret", code == Bpf.ReturnA ? "" : $"#{k}"),
            _ => (code == Bpf.AToX ? "tax" : "txa", ""),
        };
    }

    private static string LoadName(ushort code) => (code & 0x18) switch
    {
        Bpf.Half => "ldh",
        Bpf.Byte => "ldb",
        _ => "ld",
    };

    private static string Place(ushort code, int k) => (code & 0xE0) switch
    {
        Bpf.Absolute => $"[{k}]",
        Bpf.Indirect => $"[x + {k}]",
        Bpf.Memory => $"M[{k}]",
        Bpf.Length => "#pktlen",
        _ => $"#0x{k:x}",
    };

    private static string BranchName(ushort code) => (code & ~Bpf.FromX) switch
    {
        Bpf.Equal => "jeq",
        Bpf.Greater => "jgt",
        Bpf.GreaterOrEqual => "jge",
        _ => "jset",
    };

    private static (string Name, string Operand) Arithmetic(ushort code, int k)
    {
        int operation = code & 0xF0;
        string name = operation switch
        {
            Bpf.Add => "add",
            Bpf.Subtract => "sub",
            Bpf.Multiply => "mul",
            Bpf.Divide => "div",
            Bpf.Or => "or",
            Bpf.And => "and",
            Bpf.ShiftLeft => "lsh",
            Bpf.ShiftRight => "rsh",
            Bpf.Negate => "neg",
            Bpf.Modulo => "mod",
            _ => "xor",
        };
        if (operation == Bpf.Negate) return (name, "");
        if ((code & Bpf.FromX) != 0) return (name, "x");
        return (name, operation is Bpf.And or Bpf.Or or Bpf.Xor ? $"#0x{k:x}" : $"#{k}");
    }
}
