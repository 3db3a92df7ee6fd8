using System.Numerics;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Kinds of headers.</summary>
internal readonly record struct LayerSet(ulong Bits)
{
    /// <summary>802.1ad tags, which the decoder does not tell from 802.1Q tags by their kind.</summary>
    internal static LayerSet ServiceTag => new(1UL << 63);

    /// <summary>PPPoE in discovery, which has the kind of PPPoE in a session.</summary>
    internal static LayerSet PppoeDiscovery => new(1UL << 62);

    /// <summary>PPPoE in a session.</summary>
    internal static LayerSet PppoeSession => new(1UL << 61);

    internal bool IsEmpty => Bits == 0;

    internal bool HasAny(LayerSet other) => (Bits & other.Bits) != 0;

    internal static LayerSet Of(params ReadOnlySpan<LayerKind> kinds)
    {
        ulong bits = 0;
        foreach (LayerKind kind in kinds) bits |= 1UL << (int)kind;
        return new LayerSet(bits);
    }

    internal bool Has(LayerKind kind) => (Bits >> (int)kind & 1) != 0;
}

/// <summary>Whether a header has a field, by the header's bytes, as far as they are there.</summary>
internal delegate bool FieldCondition(ReadOnlySpan<byte> header);

/// <summary>Finds the value of a number, from 0, that a field has in a header or in the packet as a whole; false where there are no more.</summary>
internal delegate bool FieldReader(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value);

/// <summary>Where in a header a value stands.</summary>
/// <param name="Offset">From the header's start, in bytes.</param>
/// <param name="Size">Bytes, 1 to 16.</param>
/// <param name="Mask">The bits of it that count, of at most 8 bytes; 0 for all.</param>
internal readonly record struct FieldSource(int Offset, int Size, ulong Mask = 0)
{
    internal bool TryRead(ReadOnlySpan<byte> header, out FieldValue value)
    {
        value = default;
        if (header.Length < Offset + Size) return false;
        UInt128 bits = 0;
        foreach (byte b in header.Slice(Offset, Size)) bits = bits << 8 | b;
        if (Mask != 0) bits = ((ulong)bits & Mask) >> BitOperations.TrailingZeroCount(Mask);
        value = new FieldValue(bits);
        return true;
    }
}

/// <summary>One value of a field: a number, an address or a time in its bits, or bytes. What they mean, the field says.</summary>
internal readonly ref struct FieldValue
{
    internal FieldValue(UInt128 bits) => Bits = bits;

    internal FieldValue(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>The number or address, first byte highest; a time in nanoseconds, in two's complement.</summary>
    internal UInt128 Bits { get; }

    /// <summary>Bytes, or UTF-8 text.</summary>
    internal ReadOnlySpan<byte> Bytes { get; }

    internal static FieldValue Signed(Int128 value) => new((UInt128)value);

    internal static FieldValue Of(bool value) => new(value ? UInt128.One : UInt128.Zero);

    /// <summary>Compares two values of a type.</summary>
    internal static int Compare(DisplayFieldType type, FieldValue a, FieldValue b) => type switch
    {
        DisplayFieldType.Bytes or DisplayFieldType.Text or DisplayFieldType.Protocol => a.Bytes.SequenceCompareTo(b.Bytes),
        DisplayFieldType.Time or DisplayFieldType.Signed32 => ((Int128)a.Bits).CompareTo((Int128)b.Bits),
        DisplayFieldType.Boolean => (a.Bits != 0).CompareTo(b.Bits != 0),
        _ => a.Bits.CompareTo(b.Bits),
    };
}
