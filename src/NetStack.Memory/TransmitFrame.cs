using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NetStack.Memory;

/// <summary>
/// A frame on its way down: its headers by value, so that nobody can change them after they were checked, then a body by
/// handle, then what the device is asked to finish.
/// </summary>
public struct TransmitFrame
{
    /// <summary>The headers, private by being a value.</summary>
    public HeaderBlock Headers;

    /// <summary>The bytes after the headers, by handle; may be empty. The NIC releases it when it is sent.</summary>
    public PacketBody Body;

    /// <summary>What the device is asked to finish.</summary>
    public TransmitOffload Offload;

    /// <summary>Bytes on the wire, if the device does not segment.</summary>
    public readonly int Length => Headers.Length + Body.Length;
}

/// <summary>Up to 192 header bytes as a value.</summary>
public struct HeaderBlock
{
    /// <summary>The most bytes a block holds: link, two tags, IPv6 or IPv4 with options, and TCP with all its options fit.</summary>
    public const int Capacity = 192;

    private Buffer _bytes;

    /// <summary>How many bytes are headers.</summary>
    public int Length { get; private set; }

    /// <summary>The headers.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_bytes)[..Length];

    /// <summary>Makes room for <paramref name="length"/> bytes at the end and gives them to be written.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not fit.</exception>
    [UnscopedRef]
    public Span<byte> Append(int length)
    {
        if ((uint)length > (uint)(Capacity - Length)) throw new ArgumentOutOfRangeException(nameof(length));
        Span<byte> room = ((Span<byte>)_bytes).Slice(Length, length);
        Length += length;
        return room;
    }

    /// <summary>Replaces the content.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes do not fit.</exception>
    public void Set(ReadOnlySpan<byte> bytes)
    {
        Length = 0;
        bytes.CopyTo(Append(bytes.Length));
    }

    /// <summary>The headers, to be changed in place by their owner.</summary>
    [UnscopedRef]
    public Span<byte> Writable => ((Span<byte>)_bytes)[..Length];

    [InlineArray(Capacity)]
    private struct Buffer
    {
        private byte _first;
    }
}

/// <summary>What the device is asked to finish before a frame leaves. All zero asks for nothing.</summary>
/// <remarks>The checksum field must hold the folded sum, not complemented, of the pseudo-header with the frame's whole transport
/// length, also where the device cuts the frame into segments. Only TCP is cut.</remarks>
/// <param name="ChecksumStart">Where summing begins, in bytes from the frame's start; the sum runs to the end.</param>
/// <param name="ChecksumOffset">Where, from <paramref name="ChecksumStart"/>, the checksum field lies; 0 together with
/// <paramref name="ChecksumStart"/> 0 asks for no checksum.</param>
/// <param name="SegmentSize">Payload bytes in each segment the device cuts; 0 for no cutting.</param>
/// <param name="HeaderLength">Bytes in front of the payload that every cut segment repeats; only with a segment size.</param>
public readonly record struct TransmitOffload(ushort ChecksumStart, ushort ChecksumOffset, ushort SegmentSize, ushort HeaderLength)
{
    /// <summary>Whether a checksum is asked for.</summary>
    public bool WantsChecksum => ChecksumStart != 0;

    /// <summary>Whether cutting is asked for.</summary>
    public bool WantsSegmentation => SegmentSize != 0;
}
