using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>
/// The driver's own record of what it posted, in private memory: a completion is believed only as far as it agrees. Numbers are
/// unique over all queues of a NIC.
/// </summary>
internal sealed class PostedBuffers
{
    private readonly int _first;
    private readonly Entry[] _entries;
    private readonly int[] _free;
    private readonly Entry[]? _past; // what had a number last, for a driver that does not ask whether it is posted
    private int _freeCount;

    internal PostedBuffers(int queue, int ringSize, bool remembers)
    {
        if (remembers) _past = new Entry[ringSize];
        _first = queue * ringSize;
        _entries = new Entry[ringSize];
        _free = new int[ringSize];
        for (int i = 0; i < ringSize; i++) _free[i] = ringSize - 1 - i;
        _freeCount = ringSize;
    }

    private struct Entry
    {
        internal VirtualRegistration? Registration; // null when the number is free
        internal BufferHandle Buffer;
    }

    /// <summary>How many more buffers can be posted.</summary>
    internal int Room => _freeCount;

    /// <summary>Records a buffer and gives it a number; there must be room, and it must be marked.</summary>
    internal uint Add(VirtualRegistration registration, BufferHandle buffer)
    {
        int index = _free[--_freeCount];
        _entries[index] = new Entry { Registration = registration, Buffer = buffer };
        return (uint)(_first + index);
    }

    /// <summary>Whether a number belongs to this queue.</summary>
    internal bool IsOurs(uint id) => id >= (uint)_first && id - (uint)_first < (uint)_entries.Length;

    /// <summary>Takes a posted buffer back; false when the number is not posted.</summary>
    internal bool TryTake(uint id, out VirtualRegistration registration, out BufferHandle buffer)
    {
        int index = (int)(id - (uint)_first);
        Entry entry = _entries[index];
        registration = entry.Registration!;
        buffer = entry.Buffer;
        if (entry.Registration is null) return false;
        if (_past is not null) _past[index] = entry;
        _entries[index] = default;
        _free[_freeCount++] = index;
        registration.Unmark(buffer);
        return true;
    }

    /// <summary>The buffer that had a number last, though it is not posted.</summary>
    internal void TakeAgain(uint id, out VirtualRegistration registration, out BufferHandle buffer)
    {
        Entry entry = _past![id - (uint)_first];
        registration = entry.Registration!;
        buffer = entry.Buffer;
    }

    /// <summary>Releases a registration's buffers, or everything for null: the device cannot reach them any more.</summary>
    /// <returns>How many they were.</returns>
    internal int Release(VirtualRegistration? of)
    {
        int released = 0;
        for (int i = 0; i < _entries.Length; i++)
        {
            if (of is not null && _entries[i].Registration != of) continue;
            if (!TryTake((uint)(_first + i), out VirtualRegistration registration, out BufferHandle buffer)) continue;
            registration.GiveBack(buffer);
            released++;
        }
        return released;
    }

    /// <summary>Whether a registration's buffer is posted under a number.</summary>
    internal bool IsPosted(uint id, VirtualRegistration registration) => IsOurs(id) && _entries[id - (uint)_first].Registration == registration;
}
