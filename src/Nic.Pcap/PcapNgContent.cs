using System.Buffers.Binary;

namespace NetStack.Nic.Pcap;

/// <summary>How the content of blocks that hold no packet is laid out, for copying them from a file of the other byte order.</summary>
internal static class PcapNgContent
{
    /// <summary>Turns the numbers in front of a block's options; options are turned one by one as they are copied.</summary>
    /// <returns>False where it is not known what the block holds.</returns>
    internal static bool TryMakeLittleEndian(CaptureBlockType type, Span<byte> content)
    {
        switch (type)
        {
            case CaptureBlockType.NameResolution:
                TurnRecords(content);
                return true;
            case CaptureBlockType.InterfaceStatistics:
                Turn(content, 3);
                return true;
            case CaptureBlockType.DecryptionSecrets:
                Turn(content, 2);
                return true;
            case CaptureBlockType.Custom:
                Turn(content, 1); // the rest is its owner's, in a byte order only he knows
                return true;
            default:
                return type == CaptureBlockType.SystemdJournal; // text
        }
    }

    /// <summary>Where, in little-endian content, a block's options begin; at its end where it has none that we know of.</summary>
    /// <returns>False where the block contradicts itself.</returns>
    internal static bool TryFindOptions(CaptureBlockType type, ReadOnlySpan<byte> content, out int offset)
    {
        const int StatisticsSize = 12;
        const int SecretsSize = 8;
        offset = content.Length;
        switch (type)
        {
            case CaptureBlockType.InterfaceStatistics:
                offset = StatisticsSize;
                return offset <= content.Length;
            case CaptureBlockType.DecryptionSecrets:
                if (content.Length < SecretsSize) return false;
                long end = SecretsSize + (((long)BinaryPrimitives.ReadUInt32LittleEndian(content[4..]) + 3) & ~3L);
                offset = (int)Math.Min(end, content.Length);
                return end <= content.Length;
            case CaptureBlockType.NameResolution:
                return TryFindEndOfRecords(content, out offset);
            default:
                return true;
        }
    }

    private static bool TryFindEndOfRecords(ReadOnlySpan<byte> content, out int offset)
    {
        for (offset = 0; offset + 4 <= content.Length;)
        {
            bool isEnd = BinaryPrimitives.ReadUInt16LittleEndian(content[offset..]) == 0;
            offset += 4 + ((BinaryPrimitives.ReadUInt16LittleEndian(content[(offset + 2)..]) + 3) & ~3);
            if (isEnd) return offset <= content.Length;
        }
        return false;
    }

    private static void TurnRecords(Span<byte> content)
    {
        for (int at = 0; at + 4 <= content.Length;)
        {
            content.Slice(at, 2).Reverse();
            content.Slice(at + 2, 2).Reverse();
            bool isEnd = BinaryPrimitives.ReadUInt16LittleEndian(content[at..]) == 0;
            at += 4 + ((BinaryPrimitives.ReadUInt16LittleEndian(content[(at + 2)..]) + 3) & ~3);
            if (isEnd) return;
        }
    }

    private static void Turn(Span<byte> content, int numbers)
    {
        for (int i = 0; i < numbers && (i + 1) * 4 <= content.Length; i++) content.Slice(i * 4, 4).Reverse();
    }
}
