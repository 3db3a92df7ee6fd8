using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>Steps through the options of a neighbour discovery message (RFC 4861 section 4.6): type, length in units of 8 bytes.</summary>
/// <param name="options">Private bytes.</param>
internal ref struct NdpOptions(ReadOnlySpan<byte> options)
{
    internal const byte SourceLinkAddress = 1;
    internal const byte TargetLinkAddress = 2;
    internal const byte PrefixInformation = 3;
    internal const byte Mtu = 5;
    internal const byte RouteInformation = 24;
    internal const byte RecursiveDnsServer = 25;
    internal const byte DnsSearchList = 31;

    private ReadOnlySpan<byte> _rest = options;

    internal byte Type { get; private set; }

    /// <summary>The whole option, type and length included.</summary>
    internal ReadOnlySpan<byte> Bytes { get; private set; }

    internal bool MoveNext()
    {
        if (_rest.Length < 8 || _rest[1] == 0 || _rest[1] * 8 > _rest.Length) return false;
        Type = _rest[0];
        Bytes = _rest[..(_rest[1] * 8)];
        _rest = _rest[Bytes.Length..];
        return true;
    }

    /// <summary>Whether every option has a length that is not 0 and does not run past the end; a message that has another is
    /// silently discarded (RFC 4861 sections 6.1 and 7.1).</summary>
    internal static bool AreValid(ReadOnlySpan<byte> options)
    {
        while (options.Length >= 2)
        {
            int length = options[1] * 8;
            if (length == 0 || length > options.Length) return false;
            options = options[length..];
        }
        return options.IsEmpty;
    }

    internal readonly uint U32(int at) => BinaryPrimitives.ReadUInt32BigEndian(Bytes[at..]);

    internal readonly IpAddress AddressAt(int at) => IpAddress.ReadV6(Bytes[at..]);
}
