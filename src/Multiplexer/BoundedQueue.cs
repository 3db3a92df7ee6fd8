using System.Diagnostics.CodeAnalysis;

namespace NetStack.Multiplexer;

/// <summary>A first-in-first-out queue of values over one array that never grows.</summary>
internal sealed class BoundedQueue<T>(int capacity) where T : struct
{
    private readonly T[] _items = new T[capacity];
    private int _head;

    internal int Count { get; private set; }

    internal int Room => _items.Length - Count;

    /// <summary>The oldest item, in place.</summary>
    internal ref T Head => ref _items[_head];

    /// <summary>The oldest items that lie one after another in memory, at most <paramref name="most"/>.</summary>
    internal Span<T> Run(int most) => _items.AsSpan(_head, Math.Min(Math.Min(Count, most), _items.Length - _head));

    internal void Enqueue(in T item)
    {
        if (Count == _items.Length) ThrowFull();
        int tail = _head + Count;
        if (tail >= _items.Length) tail -= _items.Length;
        _items[tail] = item;
        Count++;
    }

    /// <summary>Forgets the <paramref name="count"/> oldest items.</summary>
    internal void Drop(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _items[_head] = default;
            if (++_head == _items.Length) _head = 0;
        }
        Count -= count;
    }

    [DoesNotReturn]
    private static void ThrowFull() => throw new InvalidOperationException("The queue is full.");
}
