namespace NetStack.Analysis;

/// <summary>
/// Shortens the ways through a program that our own compiler made: a jump passes over a load of what is already there and over
/// a test whose answer it knows. What cannot be reached any more is left out.
/// </summary>
internal static class BpfOptimizer
{
    /// <summary>A program that gives the same answers.</summary>
    internal static BpfInstruction[] Optimize(BpfInstruction[] program)
    {
        int[] yes = new int[program.Length];
        int[] no = new int[program.Length];
        State?[] states = new State?[program.Length + 1];
        states[0] = default(State);
        for (int i = 0; i < program.Length; i++) // every edge goes forward, so one pass sees all ways to an instruction before it
        {
            if (states[i] is not { } before) continue;
            BpfInstruction instruction = program[i];
            State after = before.After(instruction);
            if (instruction.IsBranch)
            {
                yes[i] = Thread(program, i + 1 + instruction.True, after.Knowing(instruction, true), states);
                no[i] = Thread(program, i + 1 + instruction.False, after.Knowing(instruction, false), states);
            }
            else if (instruction.Code == Bpf.JumpAlways)
            {
                yes[i] = Thread(program, i + 1 + (int)instruction.K, after, states);
            }
            else if ((instruction.Code & 7) != Bpf.Return)
            {
                states[i + 1] = State.Meet(states[i + 1], after);
            }
        }
        return Compact(program, yes, no, states);
    }

    /// <summary>Where a jump really ends, given what is known on the way.</summary>
    private static int Thread(BpfInstruction[] program, int target, State state, State?[] states)
    {
        while (true)
        {
            BpfInstruction at = program[target];
            if (at.Code == Bpf.JumpAlways) target += 1 + (int)at.K;
            else if (state.Makes(at)) target++;
            else if (state.Answer(at) is { } answer) target += 1 + (answer ? at.True : at.False);
            else break;
        }
        states[target] = State.Meet(states[target], state);
        return target;
    }

    private static BpfInstruction[] Compact(BpfInstruction[] program, int[] yes, int[] no, State?[] states)
    {
        int[] place = new int[program.Length];
        int length = 0;
        for (int i = 0; i < program.Length; i++)
        {
            bool isStep = program[i].Code == Bpf.JumpAlways && Next(states, i) == yes[i];
            place[i] = length;
            if (states[i] is not null && !isStep) length++;
        }
        BpfInstruction[] result = new BpfInstruction[length];
        for (int i = 0; i < program.Length; i++)
        {
            bool isStep = program[i].Code == Bpf.JumpAlways && Next(states, i) == yes[i];
            if (states[i] is null || isStep) continue;
            int from = place[i] + 1;
            BpfInstruction old = program[i];
            result[place[i]] = old.IsBranch
                ? old with { True = place[yes[i]] - from, False = place[no[i]] - from }
                : old.Code == Bpf.JumpAlways ? old with { K = (uint)(place[yes[i]] - from) } : old;
        }
        return result;
    }

    /// <summary>The next instruction that is reached at all.</summary>
    private static int Next(State?[] states, int i)
    {
        do i++;
        while (i < states.Length && states[i] is null);
        return i;
    }

    /// <summary>What is known when an instruction is reached.</summary>
    /// <param name="A">The load whose value A still is.</param>
    /// <param name="X">The load whose value X still is.</param>
    /// <param name="Value">A's value.</param>
    /// <param name="NotValue">A value that A has not.</param>
    private readonly record struct State(BpfInstruction? A, BpfInstruction? X, uint? Value, uint? NotValue)
    {
        internal State After(in BpfInstruction instruction)
        {
            switch (instruction.Code & 7)
            {
                case Bpf.Load:
                    bool isFixed = (instruction.Code & 0xE0) == Bpf.Absolute || ((instruction.Code & 0xE0) == Bpf.Indirect && X is not null);
                    return new State(isFixed ? instruction : null, X, null, null);
                case Bpf.LoadX:
                    bool isHeader = (instruction.Code & 0xE0) == Bpf.HeaderLength;
                    bool usedX = A is { } load && (load.Code & 0xE0) == Bpf.Indirect;
                    return this with { X = isHeader ? instruction : null, A = usedX && X != instruction ? null : A };
                case Bpf.Alu:
                    return new State(null, X, null, null);
                case Bpf.Misc:
                    return default;
                default:
                    return this;
            }
        }

        /// <summary>What a conditional jump told by the way it went.</summary>
        internal State Knowing(in BpfInstruction branch, bool answer)
        {
            if (branch.Code != Bpf.Equal) return this;
            return answer ? this with { Value = branch.K, NotValue = null } : this with { NotValue = branch.K };
        }

        /// <summary>Whether a load would make what is there already.</summary>
        internal bool Makes(in BpfInstruction load) => (load.Code & 7) switch
        {
            Bpf.Load => A == load,
            Bpf.LoadX => X == load,
            _ => false,
        };

        /// <summary>How a test ends; null where that is not known.</summary>
        internal bool? Answer(in BpfInstruction test)
        {
            if (!test.IsBranch || (test.Code & Bpf.FromX) != 0) return null;
            if (Value is not { } value) return test.Code == Bpf.Equal && NotValue == test.K ? false : null;
            return test.Code switch
            {
                Bpf.Equal => value == test.K,
                Bpf.Greater => value > test.K,
                Bpf.GreaterOrEqual => value >= test.K,
                _ => (value & test.K) != 0,
            };
        }

        internal static State Meet(State? one, State other)
        {
            if (one is not { } first) return other;
            return new State(
                first.A == other.A ? first.A : null,
                first.X == other.X ? first.X : null,
                first.Value == other.Value && first.A == other.A ? first.Value : null,
                first.NotValue == other.NotValue && first.A == other.A ? first.NotValue : null);
        }
    }
}
