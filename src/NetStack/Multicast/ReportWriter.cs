using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Multicast;

/// <summary>What a group record says (RFC 3376 section 4.2.12, RFC 3810 section 5.2.12).</summary>
internal enum RecordType : byte
{
    ModeIsInclude = 1,
    ModeIsExclude = 2,
    ChangeToInclude = 3,
    ChangeToExclude = 4,
    AllowNewSources = 5,
    BlockOldSources = 6,
}

/// <summary>The group records of one IGMPv3 or MLDv2 report, as many as fit into a packet.</summary>
internal sealed class ReportWriter
{
    private readonly byte[] _bytes = new byte[1500];
    private int _limit;

    /// <summary>Records written.</summary>
    internal int Count { get; private set; }

    /// <summary>The records' bytes.</summary>
    internal ReadOnlySpan<byte> Records => _bytes.AsSpan(0, Length);

    private int Length { get; set; }

    /// <summary>Begins a report of at most so many bytes of records.</summary>
    internal void Begin(int limit)
    {
        _limit = Math.Clamp(limit, 0, _bytes.Length);
        Length = 0;
        Count = 0;
    }

    /// <summary>Whether a record with so many sources fits whole.</summary>
    internal bool Fits(int addressSize, int sources) => Length + 4 + addressSize * (1 + sources) <= _limit;

    /// <summary>Appends a record with as many of its sources as fit.</summary>
    /// <param name="type">What it says.</param>
    /// <param name="group">The group.</param>
    /// <param name="sources">All its sources.</param>
    /// <param name="from">The first source to write; moved past the last that was written.</param>
    /// <returns>Whether anything was written: nothing is where not even one source, of those there are, fits.</returns>
    internal bool TryAppend(RecordType type, IpAddress group, SourceSet sources, ref int from)
    {
        int size = group.Size;
        int room = (_limit - Length - 4 - size) / size;
        int count = Math.Min(sources.Count - from, room);
        if (room < 0 || (_limit - Length < 4 + size) || (count <= 0 && sources.Count > from)) return false;
        Span<byte> record = _bytes.AsSpan(Length);
        record[0] = (byte)type;
        record[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], (ushort)count);
        int at = 4 + group.Write(record[4..]);
        for (int i = 0; i < count; i++) at += sources[from + i].Write(record[at..]);
        from += count;
        Length += at;
        Count++;
        return true;
    }
}
