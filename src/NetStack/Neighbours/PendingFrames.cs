using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>
/// The packets that wait for neighbours of one interface: one array for all, a list through it for each neighbour. A full list
/// drops its oldest (RFC 4861 section 7.2.2 asks for the newest to be kept), so an attacker who makes us ask for many addresses
/// costs a fixed amount of memory.
/// </summary>
internal sealed class PendingFrames
{
    private readonly Slot[] _slots;
    private readonly int _perNeighbour;
    private int _free;

    internal PendingFrames(int capacity, int perNeighbour)
    {
        _slots = new Slot[capacity];
        for (int i = 0; i < capacity; i++) _slots[i].Next = i + 1 < capacity ? i + 1 : -1;
        _perNeighbour = perNeighbour;
    }

    internal int Count { get; private set; }

    /// <summary>Holds a packet; its body is taken over whatever happens.</summary>
    internal void Add(NeighbourEntry entry, in TransmitFrame frame, EtherType type, LinkDrops drops)
    {
        if (entry.PendingCount > 0 && (entry.PendingCount == _perNeighbour || _free < 0))
        {
            TryTake(entry, out TransmitFrame oldest, out _);
            oldest.Body.Release();
            drops.Add(LinkDropReason.PendingReplaced);
        }
        if (_free < 0)
        {
            PacketBody body = frame.Body;
            body.Release();
            drops.Add(LinkDropReason.NeighbourTableFull);
            return;
        }
        int at = _free;
        _free = _slots[at].Next;
        _slots[at] = new Slot { Frame = frame, Type = type, Next = -1 };
        if (entry.PendingTail < 0) entry.PendingHead = at;
        else _slots[entry.PendingTail].Next = at;
        entry.PendingTail = at;
        entry.PendingCount++;
        Count++;
    }

    /// <summary>Takes the oldest packet of a neighbour.</summary>
    internal bool TryTake(NeighbourEntry entry, out TransmitFrame frame, out EtherType type)
    {
        int at = entry.PendingHead;
        if (at < 0)
        {
            frame = default;
            type = 0;
            return false;
        }
        frame = _slots[at].Frame;
        type = _slots[at].Type;
        entry.PendingHead = _slots[at].Next;
        if (entry.PendingHead < 0) entry.PendingTail = -1;
        entry.PendingCount--;
        Count--;
        _slots[at].Frame.Body = default;
        _slots[at].Next = _free;
        _free = at;
        return true;
    }

    private struct Slot
    {
        internal TransmitFrame Frame;
        internal EtherType Type;
        internal int Next;
    }
}
