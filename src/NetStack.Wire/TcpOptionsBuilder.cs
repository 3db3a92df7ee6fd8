namespace NetStack.Wire;

/// <summary>Writes TCP options into a buffer of the caller's, for <see cref="TcpHeader.Write"/>.</summary>
/// <param name="buffer">At most 40 bytes are used.</param>
public ref struct TcpOptionsBuilder(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer.Length > 40 ? buffer[..40] : buffer;
    private int _length;

    /// <summary>The options so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>Appends any option.</summary>
    /// <exception cref="ArgumentException">It does not fit.</exception>
    public void Add(TcpOptionKind kind, scoped ReadOnlySpan<byte> data)
    {
        bool single = kind is TcpOptionKind.End or TcpOptionKind.NoOperation;
        int size = single ? 1 : 2 + data.Length;
        if (size > _buffer.Length - _length) throw new ArgumentException("The options do not fit into 40 bytes.", nameof(data));
        _buffer[_length] = (byte)kind;
        if (!single)
        {
            _buffer[_length + 1] = (byte)size;
            data.CopyTo(_buffer[(_length + 2)..]);
        }
        _length += size;
    }

    /// <summary>Appends padding.</summary>
    public void AddNoOperation() => Add(TcpOptionKind.NoOperation, default);

    /// <summary>Appends the maximum segment size.</summary>
    public void AddMaximumSegmentSize(ushort value)
    {
        Span<byte> data = stackalloc byte[2];
        Bytes.Put16(data, 0, value);
        Add(TcpOptionKind.MaximumSegmentSize, data);
    }

    /// <summary>Appends the window scale, 0 to 14.</summary>
    public void AddWindowScale(byte shift) => Add(TcpOptionKind.WindowScale, [shift]);

    /// <summary>Appends SACK permitted.</summary>
    public void AddSackPermitted() => Add(TcpOptionKind.SackPermitted, default);

    /// <summary>Appends timestamps.</summary>
    public void AddTimestamps(uint value, uint echo)
    {
        Span<byte> data = stackalloc byte[8];
        Bytes.Put32(data, 0, value);
        Bytes.Put32(data, 4, echo);
        Add(TcpOptionKind.Timestamps, data);
    }

    /// <summary>Appends one SACK option with several blocks (RFC 2018 section 3).</summary>
    /// <param name="blocks">1 to 4 blocks, the most recent first; 3 at most fit beside timestamps.</param>
    /// <exception cref="ArgumentException">There is none, or they do not fit.</exception>
    public void AddSackBlocks(scoped ReadOnlySpan<SackBlock> blocks)
    {
        if (blocks.Length is 0 or > SackBlocks.MaxCount) throw new ArgumentException("A SACK option has 1 to 4 blocks.", nameof(blocks));
        Span<byte> data = stackalloc byte[SackBlocks.MaxCount * SackBlock.Size];
        for (int i = 0; i < blocks.Length; i++)
        {
            Bytes.Put32(data, i * SackBlock.Size, blocks[i].Left);
            Bytes.Put32(data, i * SackBlock.Size + 4, blocks[i].Right);
        }
        Add(TcpOptionKind.Sack, data[..(blocks.Length * SackBlock.Size)]);
    }

    /// <summary>Appends the user timeout (RFC 5482 section 3), rounded up to minutes above 32767 seconds.</summary>
    /// <param name="seconds">1 to 1,966,020.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    /// <exception cref="ArgumentException">It does not fit.</exception>
    public void AddUserTimeout(int seconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seconds, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seconds, 0x7FFF * 60);
        Span<byte> data = stackalloc byte[2];
        Bytes.Put16(data, 0, seconds <= 0x7FFF ? seconds : 0x8000 | (seconds + 59) / 60);
        Add(TcpOptionKind.UserTimeout, data);
    }
}
