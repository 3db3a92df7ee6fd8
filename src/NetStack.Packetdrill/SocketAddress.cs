using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Packetdrill;

/// <summary>An IPv4 or IPv6 socket address as C has it.</summary>
/// <param name="Address">The address; a v4-mapped one stays IPv6.</param>
/// <param name="Port">The port, in host order.</param>
internal readonly record struct SocketAddress(IpAddress Address, ushort Port)
{
    private const int FamilyV4 = 2;
    private const int FamilyV6 = 10;
    private const int SizeV4 = 16;
    private const int SizeV6 = 28;

    /// <summary>Whether the address is ::ffff:a.b.c.d.</summary>
    internal bool IsMapped => Address.IsV6 && Address.Value >> 32 == 0xFFFF;

    /// <summary>The address with a mapped one turned into the IPv4 address it stands for.</summary>
    internal IpAddress Unmapped => IsMapped ? IpAddress.V4((uint)Address.Value) : Address;

    internal static unsafe bool TryRead(byte* pointer, uint length, out SocketAddress address)
    {
        address = default;
        if (pointer is null || length < 2) return false;
        ReadOnlySpan<byte> bytes = new(pointer, (int)length);
        int family = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        ushort port = length < 4 ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (family == FamilyV4 && length >= SizeV4) address = new SocketAddress(IpAddress.ReadV4(bytes[4..]), port);
        else if (family == FamilyV6 && length >= SizeV6 - 4) address = new SocketAddress(IpAddress.ReadV6(bytes[8..]), port);
        else return false;
        return true;
    }

    /// <summary>Writes as much as fits, and the true length.</summary>
    internal unsafe void Write(byte* pointer, uint* length)
    {
        Span<byte> bytes = stackalloc byte[SizeV6];
        bytes.Clear();
        int size = Address.IsV4 ? SizeV4 : SizeV6;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)(Address.IsV4 ? FamilyV4 : FamilyV6));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], Port);
        Address.Write(bytes[(Address.IsV4 ? 4 : 8)..]);
        if (length is null) return;
        bytes[..Math.Min(size, (int)*length)].CopyTo(new Span<byte>(pointer, (int)*length));
        *length = (uint)size;
    }

    /// <summary>An address as a socket of the family shows it: an IPv6 socket sees IPv4 peers mapped.</summary>
    internal static SocketAddress For(bool isV6Socket, IpAddress address, ushort port) =>
        new(isV6Socket && address.IsV4 ? IpAddress.V6(((UInt128)0xFFFF << 32) | address.Value) : address, port);
}
