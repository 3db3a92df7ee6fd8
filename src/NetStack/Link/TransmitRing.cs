using NetStack.Memory;

namespace NetStack.Link;

/// <summary>The frames that wait for an interface's device: first in, first out, over one array that never grows.</summary>
internal sealed class TransmitRing(int capacity)
{
    private readonly TransmitFrame[] _frames = new TransmitFrame[capacity];
    private int _head;

    internal int Count { get; private set; }

    internal int Room => _frames.Length - Count;

    /// <summary>The oldest frame, in place.</summary>
    internal ref TransmitFrame Head => ref _frames[_head];

    /// <summary>Takes a frame over; false, and nothing taken, when there is no room.</summary>
    internal bool TryEnqueue(in TransmitFrame frame)
    {
        if (Room == 0) return false;
        int tail = _head + Count;
        _frames[tail < _frames.Length ? tail : tail - _frames.Length] = frame;
        Count++;
        return true;
    }

    /// <summary>Moves the oldest frame out.</summary>
    internal void Dequeue(out TransmitFrame frame)
    {
        frame = _frames[_head];
        _frames[_head].Body = default;
        if (++_head == _frames.Length) _head = 0;
        Count--;
    }

    /// <summary>Releases every frame.</summary>
    internal void Clear()
    {
        while (Count > 0)
        {
            Dequeue(out TransmitFrame frame);
            frame.Body.Release();
        }
    }
}
