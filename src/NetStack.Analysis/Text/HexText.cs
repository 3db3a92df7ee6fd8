using System.Buffers;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>In what form bytes are shown.</summary>
[Flags]
public enum HexForm
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>In hexadecimal, as tcpdump -x.</summary>
    Hex = 1,

    /// <summary>In ASCII alone, as tcpdump -A.</summary>
    Ascii = 2,

    /// <summary>In hexadecimal, ASCII beside it, as tcpdump -X.</summary>
    Both = Hex | Ascii,

    /// <summary>From the link-layer header on, and not from behind it.</summary>
    Link = 4,
}

/// <summary>
/// A packet's bytes as tcpdump shows them. This reads the body: each byte once, through the snapshot, which gives the headers from
/// its private copy and counts the rest.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="form">The form.</param>
public sealed class HexText(HexForm form)
{
    private const int PerLine = 16;

    private byte[] _bytes = new byte[2048];

    /// <summary>Writes a packet's bytes; the last line is ended.</summary>
    /// <exception cref="InvalidOperationException">The headers have no snapshot to read through.</exception>
    public void Write(IBufferWriter<byte> output, in PacketHeaders headers)
    {
        if ((form & HexForm.Both) == HexForm.None) return;
        HeaderSnapshot snapshot = headers.Snapshot ?? throw new InvalidOperationException("The packet's bytes cannot be reached.");
        int start = (form & HexForm.Link) != 0 ? 0 : Math.Min(LinkLength(headers), snapshot.FrameLength);
        int length = snapshot.FrameLength - start;
        if (_bytes.Length < length) _bytes = new byte[Math.Max(length, 2 * _bytes.Length)];
        Span<byte> bytes = _bytes.AsSpan(0, length);
        ChecksumAccumulator sum = default; // the path that reads each byte once sums as well
        snapshot.CopyTo(start, bytes, ref sum);
        if ((form & HexForm.Both) == HexForm.Ascii) WriteAscii(output, bytes);
        else WriteHex(output, bytes, (form & HexForm.Ascii) != 0);
    }

    /// <summary>Where the link-layer headers end.</summary>
    private static int LinkLength(in PacketHeaders headers)
    {
        int end = 0;
        foreach (Layer layer in headers.Layers)
        {
            if (layer.Kind is not (LayerKind.Ethernet or LayerKind.Vlan or LayerKind.Llc or LayerKind.LinuxSll or LayerKind.LinuxSll2
                or LayerKind.NullLoopback or LayerKind.Loop or LayerKind.Ppp)) break;
            end = layer.PayloadOffset;
        }
        return end;
    }

    private static void WriteHex(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes, bool withText)
    {
        for (int at = 0; at < bytes.Length; at += PerLine)
        {
            ReadOnlySpan<byte> row = bytes.Slice(at, Math.Min(PerLine, bytes.Length - at));
            LineWriter line = new(output.GetSpan(96));
            line.Append("\t0x"u8);
            line.AppendHex((uint)at, 4);
            line.Append(": "u8);
            for (int i = 0; i < row.Length; i++)
            {
                if (i % 2 == 0) line.Append(' ');
                line.AppendHex(row[i], 2);
            }
            if (withText)
            {
                for (int column = row.Length * 2 + (row.Length + 1) / 2; column < PerLine * 5 / 2; column++) line.Append(' ');
                line.Append("  "u8);
                foreach (byte b in row) line.Append(b is > 0x20 and < 0x7F ? (char)b : '.');
            }
            line.Append('\n');
            output.Advance(line.Length);
        }
    }

    /// <summary>Line ends of the packet are line ends here.</summary>
    private static void WriteAscii(IBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        Span<byte> room = output.GetSpan(bytes.Length + 1);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte b = bytes[i];
            if (b == '\r' && i + 1 < bytes.Length && bytes[i + 1] == '\n') continue;
            room[length++] = b is (>= 0x20 and < 0x7F) or (byte)'\t' or (byte)'\n' ? b : (byte)'.';
        }
        room[length++] = (byte)'\n';
        output.Advance(length);
    }
}
