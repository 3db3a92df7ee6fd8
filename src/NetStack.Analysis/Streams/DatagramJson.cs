using System.Buffers;
using System.Security.Cryptography;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>A reassembled datagram as one line of JSON.</summary>
public static class DatagramJson
{
    /// <summary>Writes a datagram and a line end.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="packet">The number of the packet that made it whole.</param>
    /// <param name="datagram">The datagram.</param>
    public static void Write(IBufferWriter<byte> output, long packet, in ReassembledDatagram datagram)
    {
        LineWriter line = new(output.GetSpan(512));
        PacketJson.Number(ref line, "{\"n\":"u8, packet);
        PacketJson.Number(ref line, ",\"len\":"u8, datagram.Payload.Length);
        line.Append(",\"sha256\":\""u8);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(datagram.Payload, hash);
        foreach (byte b in hash) line.AppendHex(b, 2);
        line.Append("\",\"src\":\""u8);
        line.Append(datagram.Source);
        line.Append("\",\"dst\":\""u8);
        line.Append(datagram.Destination);
        line.Append('"');
        PacketJson.Number(ref line, ",\"proto\":"u8, (int)datagram.Protocol);
        PacketJson.Number(ref line, ",\"id\":"u8, datagram.Identification);
        PacketJson.Number(ref line, ",\"fragments\":"u8, datagram.Fragments);
        if (datagram.HasConflict) line.Append(",\"notes\":[\"overlap with different bytes\"]"u8);
        line.Append("}\n"u8);
        output.Advance(line.Length);
    }

    /// <summary>Writes a datagram as a line of text.</summary>
    /// <inheritdoc cref="Write"/>
    public static void WriteText(IBufferWriter<byte> output, long packet, in ReassembledDatagram datagram)
    {
        LineWriter line = new(output.GetSpan(512));
        line.Append("packet "u8);
        line.Append(packet);
        line.Append(": "u8);
        line.Append(datagram.Source);
        line.Append(" > "u8);
        line.Append(datagram.Destination);
        line.Append(", id "u8);
        line.Append((long)datagram.Identification);
        line.Append(", proto "u8);
        line.Append((int)datagram.Protocol);
        line.Append(", "u8);
        line.Append(datagram.Fragments);
        line.Append(" fragments, length "u8);
        line.Append(datagram.Payload.Length);
        if (datagram.HasConflict) line.Append(" [overlap with different bytes]"u8);
        line.Append('\n');
        output.Advance(line.Length);
    }

    /// <summary>Copies a datagram as one IP packet.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="destination">At least 65,575 bytes.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>False where it is longer than a packet may be.</returns>
    public static bool TryWritePacket(in ReassembledDatagram datagram, byte[] destination, out int length) => datagram.Datagram.TryWrite(destination, out length);
}
