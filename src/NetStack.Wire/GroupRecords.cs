using NetStack.Memory;

namespace NetStack.Wire;

/// <summary>What a group record says (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12).</summary>
public enum GroupRecordType : byte
{
    /// <summary>The present filter is to include the sources.</summary>
    ModeIsInclude = 1,

    /// <summary>The present filter is to exclude the sources.</summary>
    ModeIsExclude = 2,

    /// <summary>The filter changed to include the sources; none of them is to leave.</summary>
    ChangeToInclude = 3,

    /// <summary>The filter changed to exclude the sources; none of them is to join.</summary>
    ChangeToExclude = 4,

    /// <summary>More sources are wanted.</summary>
    AllowNewSources = 5,

    /// <summary>Some sources are not wanted any more.</summary>
    BlockOldSources = 6,
}

/// <summary>One group record of an IGMPv3 or MLDv2 report, over private bytes.</summary>
public readonly ref struct GroupRecord
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _addressSize;

    internal GroupRecord(ReadOnlySpan<byte> bytes, int addressSize)
    {
        _bytes = bytes;
        _addressSize = addressSize;
    }

    /// <summary>What it says.</summary>
    public GroupRecordType Type => (GroupRecordType)_bytes[0];

    /// <summary>Bytes of auxiliary data behind the sources.</summary>
    public int AuxiliaryLength => _bytes[1] * 4;

    /// <summary>How many sources there are.</summary>
    public int SourceCount => Bytes.U16(_bytes, 2);

    /// <summary>The group.</summary>
    public IpAddress Group => Address(0);

    /// <summary>One of the sources.</summary>
    /// <param name="index">0 to <see cref="SourceCount"/> - 1.</param>
    public IpAddress Source(int index) => Address(1 + index);

    private IpAddress Address(int index)
    {
        ReadOnlySpan<byte> at = _bytes[(GroupRecords.HeaderSize + index * _addressSize)..];
        return _addressSize == 4 ? IpAddress.ReadV4(at) : IpAddress.ReadV6(at);
    }
}

/// <summary>Steps through the group records of a report; one that is not whole ends the walk.</summary>
public ref struct GroupRecords
{
    internal const int HeaderSize = 4;

    private readonly int _addressSize;
    private ReadOnlySpan<byte> _rest;
    private ReadOnlySpan<byte> _record;
    private int _left;

    internal GroupRecords(ReadOnlySpan<byte> records, int addressSize, int count)
    {
        _rest = records;
        _addressSize = addressSize;
        _left = count;
    }

    /// <summary>The present record.</summary>
    public readonly GroupRecord Current => new(_record, _addressSize);

    /// <summary>Goes to the next record.</summary>
    public bool MoveNext()
    {
        if (_left == 0 || _rest.Length < HeaderSize) return false;
        int size = HeaderSize + (1 + Bytes.U16(_rest, 2)) * _addressSize + _rest[1] * 4;
        if (size > _rest.Length) return false;
        _record = _rest[..size];
        _rest = _rest[size..];
        _left--;
        return true;
    }

    /// <summary>Itself, for foreach.</summary>
    public readonly GroupRecords GetEnumerator() => this;
}

/// <summary>Writes an IGMPv3 report (RFC 3376 section 4.2) or an MLDv2 report (RFC 3810 section 5.2) record by record.</summary>
public ref struct GroupReportWriter
{
    private const int HeaderSize = 8;

    private readonly Span<byte> _buffer;
    private readonly int _addressSize;
    private int _length;
    private ushort _count;

    private GroupReportWriter(Span<byte> buffer, byte type, int addressSize)
    {
        Bytes.Room(buffer, HeaderSize)[0] = type;
        _buffer = buffer;
        _addressSize = addressSize;
        _length = HeaderSize;
    }

    /// <summary>Begins an IGMPv3 report.</summary>
    /// <exception cref="ArgumentException">There are fewer than eight bytes.</exception>
    public static GroupReportWriter Igmp(Span<byte> destination) => new(destination, IgmpView.Report3, 4);

    /// <summary>Begins an MLDv2 report.</summary>
    /// <exception cref="ArgumentException">There are fewer than eight bytes.</exception>
    public static GroupReportWriter Mld(Span<byte> destination) => new(destination, MldView.Report2, 16);

    /// <summary>Adds a record; it is left out as a whole where it does not fit, so that the caller can begin another report.</summary>
    /// <returns>Whether it fitted.</returns>
    /// <exception cref="ArgumentException">An address is of the other family.</exception>
    public bool TryAdd(GroupRecordType type, IpAddress group, scoped ReadOnlySpan<IpAddress> sources = default)
    {
        int size = GroupRecords.HeaderSize + (1 + sources.Length) * _addressSize;
        if (size > _buffer.Length - _length || sources.Length > ushort.MaxValue || _count == ushort.MaxValue) return false;
        Span<byte> record = Bytes.Room(_buffer[_length..], size);
        record[0] = (byte)type;
        Bytes.Put16(record, 2, sources.Length);
        Bytes.PutAddress(record, GroupRecords.HeaderSize, group, _addressSize);
        for (int i = 0; i < sources.Length; i++)
            Bytes.PutAddress(record, GroupRecords.HeaderSize + (1 + i) * _addressSize, sources[i], _addressSize);
        _length += size;
        _count++;
        return true;
    }

    /// <summary>Writes the number of records, and the checksum of an IGMP report. That of an MLD report stays zero: it covers
    /// addresses too, see <see cref="PseudoHeader.Checksum"/>.</summary>
    /// <returns>Bytes in the message.</returns>
    public readonly int Finish()
    {
        Bytes.Put16(_buffer, 6, _count);
        if (_addressSize == 4) Bytes.Put16(_buffer, 2, InternetChecksum.Compute(_buffer[.._length]));
        return _length;
    }
}
