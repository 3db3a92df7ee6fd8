using System.Buffers.Binary;

namespace NetStack.Nic.Pcap;

/// <summary>Steps through pcapng options in private bytes; stops at the end marker or at one that cannot be.</summary>
internal ref struct PcapNgOptions(ReadOnlySpan<byte> options, bool isBigEndian)
{
    private ReadOnlySpan<byte> _rest = options;

    internal ushort Code { get; private set; }

    internal ReadOnlySpan<byte> Value { get; private set; }

    internal bool MoveNext()
    {
        if (_rest.Length < 4) return false;
        Code = U16(0);
        int length = U16(2);
        if (Code == 0 || length > _rest.Length - 4) return false;
        Value = _rest.Slice(4, length);
        _rest = _rest[Math.Min(_rest.Length, 4 + (length + 3) / 4 * 4)..];
        return true;
    }

    private readonly ushort U16(int at) =>
        isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(_rest[at..]) : BinaryPrimitives.ReadUInt16LittleEndian(_rest[at..]);
}
