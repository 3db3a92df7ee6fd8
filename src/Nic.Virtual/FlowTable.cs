using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>The exact flow table of the device: rules by priority, a tag with a generation for each, a hit counter each.</summary>
internal sealed class FlowTable(int capacity, int queues) : IFlowSteering
{
    private readonly Slot[] _slots = new Slot[capacity];
    private readonly List<int> _order = new(capacity); // slot numbers by priority, then by age

    private struct Slot
    {
        internal FlowRule? Rule;
        internal uint Generation;
        internal long Hits;
    }

    public int Room => _slots.Length - _order.Count;

    public bool TryAdd(FlowRule rule, out FlowTag tag)
    {
        ArgumentNullException.ThrowIfNull(rule);
        if (rule.Action == FlowAction.Queue && (uint)rule.Queue >= (uint)queues)
            throw new ArgumentOutOfRangeException(nameof(rule), $"There is no queue {rule.Queue}.");
        tag = FlowTag.None;
        int free = Array.FindIndex(_slots, s => s.Rule is null);
        if (free < 0) return false;
        _slots[free].Rule = rule;
        _slots[free].Generation++;
        _slots[free].Hits = 0;
        int at = _order.FindIndex(i => _slots[i].Rule!.Priority > rule.Priority);
        _order.Insert(at < 0 ? _order.Count : at, free);
        tag = TagOf(free);
        return true;
    }

    public bool Remove(FlowTag tag)
    {
        if (!IsProgrammed(tag)) return false;
        int slot = (int)tag.Id - 1;
        _slots[slot].Rule = null;
        return _order.Remove(slot);
    }

    public long HitsOf(FlowTag tag) => IsProgrammed(tag) ? _slots[tag.Id - 1].Hits : 0;

    /// <summary>Whether a tag names a rule that is there now.</summary>
    internal bool IsProgrammed(FlowTag tag) =>
        tag.Id != 0 && tag.Id <= (uint)_slots.Length && _slots[tag.Id - 1] is { Rule: not null } slot && slot.Generation == tag.Generation;

    /// <summary>Whether a tag may come in on a queue: its rule is there, and does not place frames elsewhere.</summary>
    internal bool MayArriveOn(FlowTag tag, int queue) =>
        IsProgrammed(tag) && _slots[tag.Id - 1].Rule is { } rule && rule.Action != FlowAction.Drop && (rule.Action != FlowAction.Queue || rule.Queue == queue);

    /// <summary>The first rule that matches, counted.</summary>
    internal FlowRule? Match(in FrameKey key, out FlowTag tag)
    {
        foreach (int slot in _order)
        {
            if (!Matches(_slots[slot].Rule!.Match, key)) continue;
            _slots[slot].Hits++;
            tag = TagOf(slot);
            return _slots[slot].Rule;
        }
        tag = FlowTag.None;
        return null;
    }

    private static bool Matches(FlowMatch match, in FrameKey key) =>
        (match.DestinationMac is null || (key.HasMac && match.DestinationMac == key.DestinationMac))
        && (match.Vlan is null || match.Vlan == key.Vlan)
        && (match.EtherType is null || match.EtherType == key.EtherType)
        && (match.Source is null || match.Source == key.Source)
        && (match.Destination is null || match.Destination == key.Destination)
        && (match.Protocol is null || (key.IsIp && match.Protocol == key.Protocol))
        && (match.SourcePort is null || (key.HasPorts && match.SourcePort == key.SourcePort))
        && (match.DestinationPort is null || (key.HasPorts && match.DestinationPort == key.DestinationPort));

    private FlowTag TagOf(int slot) => new((uint)slot + 1, _slots[slot].Generation);
}
