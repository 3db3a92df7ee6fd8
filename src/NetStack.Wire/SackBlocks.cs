namespace NetStack.Wire;

/// <summary>One SACK block (RFC 2018 section 3).</summary>
/// <param name="Left">Sequence number of its first byte.</param>
/// <param name="Right">Sequence number behind its last byte.</param>
public readonly record struct SackBlock(uint Left, uint Right)
{
    /// <summary>Bytes in a block.</summary>
    public const int Size = 8;
}

/// <summary>Steps through the blocks of a SACK option's data; a cut last block is left out.</summary>
/// <param name="data">The option's bytes after kind and length.</param>
public ref struct SackBlocks(ReadOnlySpan<byte> data)
{
    /// <summary>The most blocks that 40 bytes of options hold.</summary>
    public const int MaxCount = 4;

    private readonly ReadOnlySpan<byte> _data = data;
    private int _at = -SackBlock.Size;

    /// <summary>The present block.</summary>
    public readonly SackBlock Current => new(Bytes.U32(_data, _at), Bytes.U32(_data, _at + 4));

    /// <summary>Goes to the next block.</summary>
    public bool MoveNext()
    {
        if (_at + 2 * SackBlock.Size > _data.Length) return false;
        _at += SackBlock.Size;
        return true;
    }

    /// <summary>Itself, for foreach.</summary>
    public readonly SackBlocks GetEnumerator() => this;
}
