using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <remarks>The way down, and the link-layer groups.</remarks>
public sealed partial class NetInterface
{
    private readonly Dictionary<IpAddress, int> _groups = [];

    /// <summary>The link-layer groups that the device must receive besides broadcast. A driver whose device filters asks again when
    /// <see cref="LinkGroupsVersion"/> changed; one that receives all groups need not.</summary>
    public IEnumerable<MacAddress> LinkGroups => _groups.Keys.Select(GroupMac.Of).Distinct();

    /// <summary>Counts on whenever <see cref="LinkGroups"/> may have changed.</summary>
    public int LinkGroupsVersion { get; private set; }

    /// <summary>Sends an IP packet to a neighbour, or holds it until the neighbour's MAC address is known. The body passes to the
    /// interface whatever the outcome.</summary>
    /// <param name="nextHop">The neighbour; a group or broadcast address is mapped.</param>
    /// <param name="frame">Room for the link header (<see cref="LinkHeaderLength"/>), then the packet.</param>
    /// <param name="type">IPv4 or IPv6.</param>
    /// <param name="now">The present.</param>
    internal SendOutcome Output(IpAddress nextHop, ref TransmitFrame frame, EtherType type, Instant now)
    {
        if (!IsUp) return Drop(ref frame, LinkDropReason.InterfaceDown, SendOutcome.Unreachable);
        if (!HasNeighbours) return Enqueue(default, ref frame, type);
        if (nextHop.IsMulticast) return Enqueue(GroupMac.Of(nextHop), ref frame, type);
        if (IsBroadcast(nextHop)) return Enqueue(MacAddress.Broadcast, ref frame, type);
        switch (Neighbours.Resolve(nextHop, frame, type, now, out MacAddress mac))
        {
            case Resolution.Resolved:
                return Enqueue(mac, ref frame, type);
            case Resolution.Held:
                frame.Body = default;
                return SendOutcome.Sent;
            default:
                return Drop(ref frame, LinkDropReason.NeighbourUnreachable, SendOutcome.Unreachable);
        }
    }

    /// <summary>Puts a frame for a known MAC address into the queue, or drops it where there is no room.</summary>
    internal SendOutcome Enqueue(MacAddress destination, ref TransmitFrame frame, EtherType type)
    {
        if (!IsUp) return Drop(ref frame, LinkDropReason.InterfaceDown, SendOutcome.Unreachable);
        if (HasNeighbours) new EthernetHeader(destination, Mac, type).Write(frame.Headers.Writable);
        if (!_queue.TryEnqueue(frame)) return Drop(ref frame, LinkDropReason.QueueFull, SendOutcome.NoRoom);
        frame.Body = default;
        return SendOutcome.Sent;
    }

    /// <summary>Takes the next frame for the device.</summary>
    internal bool TryTake(out TransmitFrame frame)
    {
        if (_queue.Count == 0)
        {
            frame = default;
            return false;
        }
        _queue.Dequeue(out frame);
        FramesSent++;
        return true;
    }

    /// <summary>Receives a group from now on. Counted: it is left as often as it was joined.</summary>
    /// <returns>True when nobody had joined it.</returns>
    internal bool JoinGroup(IpAddress group, Instant now)
    {
        _groups[group] = _groups.GetValueOrDefault(group) + 1;
        if (_groups[group] > 1) return false;
        LinkGroupsVersion++;
        Stack.OnGroupChanged(this, group, isMember: true, now);
        return true;
    }

    /// <summary>Takes one joining back.</summary>
    /// <returns>True when it was the last.</returns>
    internal bool LeaveGroup(IpAddress group, Instant now)
    {
        int count = _groups.GetValueOrDefault(group);
        if (count == 0) return false;
        if (count > 1)
        {
            _groups[group] = count - 1;
            return false;
        }
        _groups.Remove(group);
        LinkGroupsVersion++;
        Stack.OnGroupChanged(this, group, isMember: false, now);
        return true;
    }

    /// <summary>Whether a frame for a group address is wanted. The mapping is many to one: IP looks again.</summary>
    internal bool WantsGroup(MacAddress mac)
    {
        foreach (KeyValuePair<IpAddress, int> group in _groups)
        {
            if (GroupMac.Of(group.Key) == mac) return true;
        }
        return false;
    }

    private SendOutcome Drop(ref TransmitFrame frame, LinkDropReason reason, SendOutcome outcome)
    {
        frame.Body.Release();
        Drops.Add(reason);
        return outcome;
    }
}
