using System.Buffers.Binary;

namespace NetStack.Analysis;

/// <summary>A range of a slice. Negative offsets count from the end.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Length">Bytes; int.MaxValue to the end.</param>
internal readonly record struct SliceRange(int Offset, int Length);

/// <summary>What stands in a filter where a field does: the field itself, bytes of it, or some of its bits.</summary>
internal sealed class FieldOperand
{
    private readonly SliceRange[] _slice;
    private readonly byte[] _room = [];
    private readonly FieldConstant? _mask;

    internal FieldOperand(DisplayField field, SliceRange[] slice, FieldConstant? mask)
    {
        Field = field;
        _slice = slice;
        _mask = mask;
        Type = slice.Length == 0 ? field.Type : field.Type == DisplayFieldType.Text ? DisplayFieldType.Text : DisplayFieldType.Bytes;
        if (slice.Length > 0 || mask?.Bytes is not null) _room = new byte[4096];
    }

    internal DisplayField Field { get; }

    /// <summary>What its values are.</summary>
    internal DisplayFieldType Type { get; }

    internal bool HasMask => _mask is not null;

    /// <summary>This operand with only some of its bits.</summary>
    internal FieldOperand And(FieldConstant mask) => new(Field, _slice, mask);

    /// <summary>The next value.</summary>
    internal bool TryNext(scoped in FieldScope scope, scoped ref FieldCursor cursor, out FieldValue value)
    {
        while (scope.TryNext(Field, ref cursor, out value))
        {
            if (_slice.Length > 0 && !TrySlice(ref value)) continue;
            if (_mask is not null) value = Masked(value);
            return true;
        }
        return false;
    }

    /// <summary>A value as bytes.</summary>
    /// <param name="type">What it is.</param>
    /// <param name="value">The value.</param>
    /// <param name="room">At least 16 bytes.</param>
    internal static ReadOnlySpan<byte> BytesOf(DisplayFieldType type, FieldValue value, Span<byte> room)
    {
        int size = type switch
        {
            DisplayFieldType.Ethernet => 6,
            DisplayFieldType.Ipv4 => 4,
            DisplayFieldType.Ipv6 => 16,
            _ => 0,
        };
        if (size == 0) return value.Bytes;
        BinaryPrimitives.WriteUInt128BigEndian(room, value.Bits);
        return room[(16 - size)..16];
    }

    private bool TrySlice(ref FieldValue value)
    {
        Span<byte> room = stackalloc byte[16];
        scoped ReadOnlySpan<byte> bytes = BytesOf(Field.Type, value, room);
        int length = 0;
        foreach (SliceRange range in _slice)
        {
            int start = range.Offset < 0 ? bytes.Length + range.Offset : range.Offset;
            if (start < 0 || start >= bytes.Length) return false;
            int size = Math.Min(range.Length, bytes.Length - start);
            if (size > _room.Length - length) return false;
            bytes.Slice(start, size).CopyTo(_room.AsSpan(length));
            length += size;
        }
        value = new FieldValue(_room.AsSpan(0, length));
        return true;
    }

    private FieldValue Masked(FieldValue value)
    {
        if (_mask!.Bytes is not { } mask) return new FieldValue(value.Bits & _mask.Bits);
        int length = Math.Min(Math.Min(mask.Length, value.Bytes.Length), _room.Length);
        for (int i = 0; i < length; i++) _room[i] = (byte)(value.Bytes[i] & mask[i]);
        return new FieldValue(_room.AsSpan(0, length));
    }
}

/// <summary>A constant in a filter, read as the type of the field it is compared with.</summary>
/// <param name="Bits">A number, address or time.</param>
/// <param name="Prefix">The bits of an address that count; null for all.</param>
/// <param name="Bytes">Bytes or UTF-8 text.</param>
internal sealed record FieldConstant(UInt128 Bits, UInt128? Prefix = null, byte[]? Bytes = null)
{
    /// <summary>How a value stands to this constant.</summary>
    internal int Compare(DisplayFieldType type, FieldValue value)
    {
        if (Bytes is not null) return value.Bytes.SequenceCompareTo(Bytes);
        if (Prefix is { } prefix) return (value.Bits & prefix).CompareTo(Bits & prefix);
        return FieldValue.Compare(type, value, new FieldValue(Bits));
    }
}
