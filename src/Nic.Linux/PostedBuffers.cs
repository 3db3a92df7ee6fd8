using NetStack.Memory;

namespace NetStack.Nic.Linux;

/// <summary>An empty buffer that waits for a frame.</summary>
internal readonly record struct PostedBuffer(TapRegistration Registration, BufferHandle Buffer, nint Address)
{
    internal int Size => Registration.Pool.BufferSize;
}

/// <summary>The empty buffers, in the order they were posted.</summary>
internal sealed class PostedBuffers(int capacity)
{
    private readonly PostedBuffer[] _ring = new PostedBuffer[capacity];
    private int _head;

    internal int Count { get; private set; }

    internal int Room => _ring.Length - Count;

    /// <summary>The buffer that is filled as the one after <paramref name="index"/> others.</summary>
    internal ref readonly PostedBuffer this[int index] => ref _ring[At(index)];

    /// <summary>Adds a buffer; there must be room.</summary>
    internal void Add(in PostedBuffer buffer) => _ring[At(Count++)] = buffer;

    /// <summary>Takes the first buffer; there must be one.</summary>
    internal PostedBuffer Take()
    {
        PostedBuffer taken = _ring[_head];
        _ring[_head] = default;
        _head = At(1);
        Count--;
        taken.Registration.Unmark(taken.Buffer);
        return taken;
    }

    /// <summary>Gives a registration's buffers back to their pool; the others keep their order.</summary>
    /// <returns>How many.</returns>
    internal int Withdraw(TapRegistration registration)
    {
        int withdrawn = 0;
        for (int left = Count; left > 0; left--)
        {
            PostedBuffer buffer = Take();
            if (buffer.Registration != registration)
            {
                buffer.Registration.TryMark(buffer.Buffer);
                Add(buffer);
                continue;
            }
            registration.Pool.Release(buffer.Buffer);
            withdrawn++;
        }
        return withdrawn;
    }

    private int At(int index)
    {
        int place = _head + index;
        return place < _ring.Length ? place : place - _ring.Length;
    }
}
