using System.Diagnostics.CodeAnalysis;

namespace NetStack.Memory;

/// <summary>Objects for reuse, last returned first given, so that the hot ones stay in the cache.</summary>
/// <remarks>Not thread-safe. Slots are not cleared when their object is taken: mostly the same object comes back to the same slot,
/// and then nothing is written. The list keeps as many objects as were ever out at once.</remarks>
internal sealed class FreeList<T>
    where T : class
{
    private T?[] _items = new T?[16];
    private int _count;

    internal bool TryTake([NotNullWhen(true)] out T? item)
    {
        int last = _count - 1;
        if ((uint)last >= (uint)_items.Length)
        {
            item = null;
            return false;
        }
        item = _items[last]!;
        _count = last;
        return true;
    }

    internal void Add(T item)
    {
        if (_count == _items.Length) Array.Resize(ref _items, _count * 2);
        if (!ReferenceEquals(_items[_count], item)) _items[_count] = item;
        _count++;
    }
}
