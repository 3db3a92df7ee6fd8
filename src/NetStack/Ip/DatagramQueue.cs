namespace NetStack.Ip;

/// <summary>
/// Datagrams that wait for their reader, first in, first out, bounded in bytes. What counts is the memory they take, whole blocks;
/// an empty queue takes one datagram of any size.
/// </summary>
/// <typeparam name="T">What is told of each beside its bytes.</typeparam>
internal sealed class DatagramQueue<T>(BlockPool blocks, int limit)
    where T : struct
{
    private Entry[] _entries = new Entry[4]; // a ring; its length is a power of two
    private int _head;

    /// <summary>The most bytes of memory the datagrams may take.</summary>
    internal int Limit { get; set; } = limit;

    /// <summary>Datagrams that wait.</summary>
    internal int Count { get; private set; }

    /// <summary>Bytes of memory they take.</summary>
    internal int Bytes { get; private set; }

    /// <summary>What is told of the oldest; there is one.</summary>
    internal ref readonly T Head => ref _entries[_head].Info;

    /// <summary>Bytes of the oldest; there is one.</summary>
    internal int HeadLength => _entries[_head].Chain.Length;

    /// <summary>Whether a datagram of so many bytes is taken.</summary>
    internal bool HasRoom(int length) => Count == 0 || blocks.Charge(length) <= Limit - Bytes;

    /// <summary>Appends a datagram, whose pin the queue takes over.</summary>
    internal void Add(in T info, BlockChain chain)
    {
        if (Count == _entries.Length) Grow();
        ref Entry entry = ref _entries[(_head + Count) & (_entries.Length - 1)];
        entry.Info = info;
        entry.Chain = chain;
        Count++;
        Bytes += blocks.Charge(chain.Length);
    }

    /// <summary>Copies the oldest datagram, of which there is one, as far as there is room.</summary>
    /// <returns>Bytes copied.</returns>
    internal int CopyHead(Span<byte> destination) => blocks.CopyTo(_entries[_head].Chain, destination);

    /// <summary>Drops the oldest datagram, of which there is one.</summary>
    internal void RemoveHead()
    {
        ref Entry entry = ref _entries[_head];
        Bytes -= blocks.Charge(entry.Chain.Length);
        blocks.Release(entry.Chain);
        entry = default;
        _head = (_head + 1) & (_entries.Length - 1);
        Count--;
    }

    /// <summary>The blocks of a datagram by its place in the queue.</summary>
    internal BlockChain ChainAt(int index) => At(index).Chain;

    /// <summary>Gives a datagram that had no blocks its blocks, of the same length.</summary>
    internal void SetChain(int index, BlockChain chain) => At(index).Chain = chain;

    /// <summary>Drops a datagram by its place in the queue.</summary>
    internal void RemoveAt(int index)
    {
        Entry removed = At(index);
        for (int i = index; i > 0; i--) At(i) = At(i - 1);
        At(0) = removed;
        RemoveHead();
    }

    /// <summary>Drops every datagram.</summary>
    internal void Clear()
    {
        while (Count > 0) RemoveHead();
    }

    private ref Entry At(int index) => ref _entries[(_head + index) & (_entries.Length - 1)];

    private void Grow()
    {
        Entry[] larger = new Entry[_entries.Length * 2];
        for (int i = 0; i < Count; i++) larger[i] = _entries[(_head + i) & (_entries.Length - 1)];
        _entries = larger;
        _head = 0;
    }

    private struct Entry
    {
        internal T Info;
        internal BlockChain Chain;
    }
}
