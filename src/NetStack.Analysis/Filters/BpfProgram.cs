using System.Buffers.Binary;
using NetStack.Memory;

namespace NetStack.Analysis;

/// <summary>
/// A BPF program that was verified and so is total: every jump goes forward and stays inside, the scratch memory has the words
/// that are named, nothing is divided by a constant zero, and each way ends in a return. It runs over a packet's private bytes;
/// what lies beyond the snapshot's watermark is asked of the snapshot, so that each byte is still fetched once.
/// </summary>
/// <remarks>Thread-safe: nothing changes after <see cref="TryCreate"/>.</remarks>
internal sealed class BpfProgram
{
    /// <summary>The most instructions a program may have; libpcap's own limit for a file is lower.</summary>
    internal const int MaxLength = 1 << 16;

    private readonly BpfInstruction[] _source;
    private readonly BpfStep[] _steps;

    private BpfProgram(BpfInstruction[] source, BpfStep[] steps)
    {
        _source = source;
        _steps = steps;
    }

    /// <summary>The instructions as they were given.</summary>
    internal ReadOnlySpan<BpfInstruction> Instructions => _source;

    /// <summary>Verifies a program.</summary>
    /// <param name="instructions">The program; it is copied.</param>
    /// <param name="program">The program that can run.</param>
    /// <param name="problem">Why it is refused: one line.</param>
    internal static bool TryCreate(ReadOnlySpan<BpfInstruction> instructions, out BpfProgram program, out string problem)
    {
        program = null!;
        problem = BpfVerifier.Check(instructions) ?? "";
        if (problem.Length > 0) return false;
        BpfInstruction[] source = instructions.ToArray();
        program = new BpfProgram(source, BpfStep.Decode(source));
        return true;
    }

    /// <summary>Runs the program.</summary>
    /// <param name="bytes">The packet's private bytes so far.</param>
    /// <param name="snapshot">Where more of them come from; null where these are all.</param>
    /// <param name="wireLength">The packet's length on the wire.</param>
    /// <returns>What the program returns; 0 is no match, and the answer where it loads past the captured bytes.</returns>
    internal uint Run(ReadOnlySpan<byte> bytes, HeaderSnapshot? snapshot, uint wireLength)
    {
        uint a = 0;
        uint x = 0;
        Span<uint> memory = stackalloc uint[Bpf.MemoryWords];
        ReadOnlySpan<BpfStep> steps = _steps;
        int at = 0;
        while (true)
        {
            ref readonly BpfStep step = ref steps[at++];
            uint k = step.K;
            switch (step.Operation)
            {
                case BpfOperation.HalfEqual:
                    if ((long)k + 2 > bytes.Length && !More(ref bytes, snapshot, (long)k + 2)) return 0;
                    a = BinaryPrimitives.ReadUInt16BigEndian(bytes[(int)k..]);
                    at = a == step.Other ? step.True : step.False;
                    break;
                case BpfOperation.ByteEqual:
                    if (k >= (uint)bytes.Length && !More(ref bytes, snapshot, (long)k + 1)) return 0;
                    a = bytes[(int)k];
                    at = a == step.Other ? step.True : step.False;
                    break;
                case BpfOperation.Equal: at = a == k ? step.True : step.False; break;
                case BpfOperation.Greater: at = a > k ? step.True : step.False; break;
                case BpfOperation.GreaterOrEqual: at = a >= k ? step.True : step.False; break;
                case BpfOperation.AnySet: at = (a & k) != 0 ? step.True : step.False; break;
                case BpfOperation.LoadWord or BpfOperation.LoadHalf or BpfOperation.LoadByte:
                    if (!TryLoad(ref bytes, snapshot, k, step.Size, out a)) return 0;
                    break;
                case BpfOperation.LoadWordAtX or BpfOperation.LoadHalfAtX or BpfOperation.LoadByteAtX:
                    if (!TryLoad(ref bytes, snapshot, (long)k + x, step.Size, out a)) return 0;
                    break;
                case BpfOperation.LoadHeaderLength:
                    if (!TryLoad(ref bytes, snapshot, k, 1, out x)) return 0;
                    x = (x & 0xF) << 2;
                    break;
                case BpfOperation.Return: return k;
                case BpfOperation.ReturnA: return a;
                case BpfOperation.EqualX: at = a == x ? step.True : step.False; break;
                case BpfOperation.GreaterX: at = a > x ? step.True : step.False; break;
                case BpfOperation.GreaterOrEqualX: at = a >= x ? step.True : step.False; break;
                case BpfOperation.AnySetX: at = (a & x) != 0 ? step.True : step.False; break;
                case BpfOperation.JumpAlways: at = step.True; break;
                case BpfOperation.LoadLength: a = wireLength; break;
                case BpfOperation.LoadXLength: x = wireLength; break;
                case BpfOperation.LoadImmediate: a = k; break;
                case BpfOperation.LoadXImmediate: x = k; break;
                case BpfOperation.LoadMemory: a = memory[(int)k]; break;
                case BpfOperation.LoadXMemory: x = memory[(int)k]; break;
                case BpfOperation.Store: memory[(int)k] = a; break;
                case BpfOperation.StoreX: memory[(int)k] = x; break;
                case BpfOperation.AToX: x = a; break;
                case BpfOperation.XToA: a = x; break;
                default:
                    if (!TryCompute(step.Operation, ref a, step.UsesX ? x : k)) return 0;
                    break;
            }
        }
    }

    /// <summary>Arithmetic on unsigned words that wrap around.</summary>
    /// <returns>False for a division by zero, which ends the program without a match.</returns>
    private static bool TryCompute(BpfOperation operation, ref uint a, uint operand)
    {
        switch (operation)
        {
            case BpfOperation.And: a &= operand; break;
            case BpfOperation.Add: a += operand; break;
            case BpfOperation.Subtract: a -= operand; break;
            case BpfOperation.Multiply: a *= operand; break;
            case BpfOperation.Or: a |= operand; break;
            case BpfOperation.Xor: a ^= operand; break;
            case BpfOperation.ShiftLeft: a = operand < 32 ? a << (int)operand : 0; break;
            case BpfOperation.ShiftRight: a = operand < 32 ? a >> (int)operand : 0; break;
            case BpfOperation.Negate: a = 0 - a; break;
            case BpfOperation.Divide or BpfOperation.Modulo when operand == 0: return false;
            case BpfOperation.Divide: a /= operand; break;
            case BpfOperation.Modulo: a %= operand; break;
            default: throw new InvalidOperationException($"{operation} was not decoded.");
        }
        return true;
    }

    private static bool TryLoad(ref ReadOnlySpan<byte> bytes, HeaderSnapshot? snapshot, long offset, int size, out uint value)
    {
        value = 0;
        if (offset + size > bytes.Length && !More(ref bytes, snapshot, offset + size)) return false;
        ReadOnlySpan<byte> field = bytes.Slice((int)offset, size);
        value = size == 1 ? field[0] : size == 2 ? BinaryPrimitives.ReadUInt16BigEndian(field) : BinaryPrimitives.ReadUInt32BigEndian(field);
        return true;
    }

    /// <summary>Asks the snapshot for the bytes up to <paramref name="end"/>; false where the packet has not so many.</summary>
    private static bool More(ref ReadOnlySpan<byte> bytes, HeaderSnapshot? snapshot, long end)
    {
        if (snapshot is null || end > snapshot.FrameLength) return false;
        bytes = snapshot.Require((int)end);
        return end <= bytes.Length;
    }
}
