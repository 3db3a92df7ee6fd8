using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What a verbose line says of transport checksums. To know, the body is read, through the snapshot's counted path.</summary>
internal static class ChecksumText
{
    /// <summary>The addresses and protocol that a checksum covers besides its segment.</summary>
    internal readonly record struct Pseudo(IpAddress Source, IpAddress Destination, IpProtocol Protocol, bool IsFragment);

    /// <summary>Sums a segment.</summary>
    /// <returns>False where not all of it was captured, or it is in pieces.</returns>
    internal static bool TrySum(in PacketHeaders headers, in Layer layer, in Pseudo pseudo, out ushort rest)
    {
        rest = 0;
        int length = layer.End - layer.Offset;
        if (pseudo.IsFragment || pseudo.Source.IsNone || headers.Snapshot is not { } snapshot || length <= 0 || layer.End > snapshot.FrameLength) return false;
        ChecksumAccumulator sum = default;
        if (pseudo.Protocol != IpProtocol.Icmp) PseudoHeader.AddTo(ref sum, pseudo.Source, pseudo.Destination, pseudo.Protocol, length);
        snapshot.SumTo(layer.Offset, length, ref sum);
        rest = sum.Finish();
        return true;
    }

    /// <summary>What a checksum should be, from what it is and what the sum with it left.</summary>
    internal static ushort ShouldBe(ushort checksum, ushort rest)
    {
        ChecksumAccumulator sum = default; // RFC 1624: the field is taken out of the sum again
        sum.AddU16((ushort)~rest);
        sum.AddU16((ushort)~checksum);
        return sum.Finish();
    }

    internal static void Tcp(ref LineWriter line, ushort checksum, ushort rest)
    {
        line.Append(", cksum 0x"u8);
        line.AppendHex(checksum, 4);
        if (rest == 0)
        {
            line.Append(" (correct)"u8);
            return;
        }
        line.Append(" (incorrect -> 0x"u8);
        line.AppendHex(ShouldBe(checksum, rest), 4);
        line.Append(')');
    }

    internal static void Other(ref LineWriter line, ReadOnlySpan<byte> protocol, ushort checksum, ushort rest)
    {
        line.Append(rest == 0 ? "["u8 : "[bad "u8);
        line.Append(protocol);
        if (rest == 0)
        {
            line.Append(" sum ok] "u8);
            return;
        }
        line.Append(" cksum 0x"u8);
        line.AppendHex(checksum, 4);
        line.Append(" -> 0x"u8);
        line.AppendHex(ShouldBe(checksum, rest), 4);
        line.Append("!] "u8);
    }
}
