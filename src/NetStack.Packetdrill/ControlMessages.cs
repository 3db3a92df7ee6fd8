using System.Buffers.Binary;

namespace NetStack.Packetdrill;

/// <summary>Ancillary data of recvmsg, as struct cmsghdr lays it out on 64-bit Linux.</summary>
internal static class ControlMessages
{
    private const int LevelTcp = 6;
    private const int Unread = 36; // TCP_CM_INQ
    private const int HeaderSize = 16;
    private const int Alignment = 8;

    /// <summary>Writes TCP_CM_INQ where there is room; returns how many bytes of control data there are.</summary>
    internal static int WriteUnread(Span<byte> control, int count)
    {
        const int Length = HeaderSize + sizeof(int);
        const int Space = (Length + Alignment - 1) / Alignment * Alignment;
        if (control.Length < Space) return 0;
        Span<byte> bytes = control[..Space];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], LevelTcp);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], Unread);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[HeaderSize..], count);
        return Space;
    }
}
