using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>A datagram of which fragments have come. Instances are reused.</summary>
internal sealed class PendingDatagram(int maxFragments)
{
    private byte[] _header = new byte[Ipv6View.Size + 24];
    private int _headerLength;

    internal FragmentKey Key { get; private set; }

    internal Instant Deadline { get; private set; }

    /// <summary>Neighbours in the list by age, of the same family and so of the same lifetime.</summary>
    internal PendingDatagram? Older { get; set; }

    /// <inheritdoc cref="Older"/>
    internal PendingDatagram? Newer { get; set; }

    internal FragmentRanges Ranges { get; } = new(maxFragments);

    /// <summary>Block <c>i</c> holds the bytes from <c>i</c> times the block size on; -1 where none came. As long as needed.</summary>
    internal int[] Blocks { get; } = CreateBlocks();

    internal int Fragments { get; set; }

    /// <summary>The datagram's length without headers; -1 until the last fragment came.</summary>
    internal int Total { get; set; }

    /// <summary>Bit <c>n</c> is set when a fragment with ECN field <c>n</c> came.</summary>
    internal int EcnSeen { get; set; }

    /// <summary>Its fragments are dropped until its time is over.</summary>
    internal bool IsDead { get; set; }

    /// <summary>Of the first fragment; meaningless before it came.</summary>
    internal FragmentInfo First { get; private set; }

    /// <summary>The first fragment's headers as they came; empty before.</summary>
    internal ReadOnlySpan<byte> Header => _header.AsSpan(0, _headerLength);

    internal bool HasFirst => _headerLength > 0;

    internal void Begin(in FragmentKey key, Instant deadline)
    {
        Key = key;
        Deadline = deadline;
        Ranges.Clear();
        Fragments = 0;
        Total = -1;
        EcnSeen = 0;
        IsDead = false;
        _headerLength = 0;
    }

    internal void SetFirst(in FragmentInfo first, ReadOnlySpan<byte> header)
    {
        First = first;
        if (header.Length > _header.Length) _header = new byte[header.Length];
        header.CopyTo(_header);
        _headerLength = header.Length;
    }

    private static int[] CreateBlocks()
    {
        int[] blocks = new int[(ushort.MaxValue + 1) / Reassembler.BlockSize];
        Array.Fill(blocks, -1);
        return blocks;
    }
}
