using NetStack.Wire;

namespace NetStack.Nic;

/// <summary>
/// The tag a flow rule marks frames with. The generation tells a tag of a rule that was removed from the present one.
/// </summary>
/// <param name="Id">The rule's number in the table, from 1; 0 is no tag.</param>
/// <param name="Generation">How often the number was given out, from 1.</param>
public readonly record struct FlowTag(uint Id, uint Generation)
{
    /// <summary>No rule placed the frame.</summary>
    public static FlowTag None => default;

    /// <summary>Whether there is no tag.</summary>
    public bool IsNone => Id == 0;

    /// <summary><c>none</c> or <c>id#generation</c>.</summary>
    public override string ToString() => IsNone ? "none" : $"{Id}#{Generation}";
}

/// <summary>What a flow rule matches exactly. A field that is null matches anything.</summary>
/// <remarks>Source and destination are as in the received frame. Ports match TCP and UDP, never later fragments.</remarks>
public sealed record FlowMatch
{
    /// <summary>Destination MAC address.</summary>
    public MacAddress? DestinationMac { get; init; }

    /// <summary>VLAN identifier of the outermost tag, 0 to 4095.</summary>
    public ushort? Vlan { get; init; }

    /// <summary>What the link header says follows, after tags.</summary>
    public EtherType? EtherType { get; init; }

    /// <summary>Source address.</summary>
    public IpAddress? Source { get; init; }

    /// <summary>Destination address.</summary>
    public IpAddress? Destination { get; init; }

    /// <summary>IP protocol, after extension headers.</summary>
    public IpProtocol? Protocol { get; init; }

    /// <summary>Source port.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>Destination port.</summary>
    public ushort? DestinationPort { get; init; }
}

/// <summary>What happens to a frame that matches.</summary>
public enum FlowAction
{
    /// <summary>It goes to the rule's queue.</summary>
    Queue = 0,

    /// <summary>It goes where it would go without the rule, marked with the rule's tag.</summary>
    Tag = 1,

    /// <summary>It is dropped and counted.</summary>
    Drop = 2,
}

/// <summary>A rule of the exact flow table. The first match by priority acts; RSS only where no rule placed the frame.</summary>
/// <param name="Match">What to match.</param>
/// <param name="Action">What to do. <see cref="FlowAction.Queue"/> marks with the rule's tag as well.</param>
/// <param name="Queue">The queue, for <see cref="FlowAction.Queue"/>.</param>
/// <param name="Priority">Rules of a lower number are looked at first; equal ones in the order they were added.</param>
public sealed record FlowRule(FlowMatch Match, FlowAction Action, int Queue = 0, int Priority = 0);

/// <summary>The exact flow table of a device.</summary>
/// <remarks>Thread rule of <see cref="INic"/>.</remarks>
public interface IFlowSteering
{
    /// <summary>How many more rules fit.</summary>
    int Room { get; }

    /// <summary>Programs a rule.</summary>
    /// <returns>False when the table is full.</returns>
    bool TryAdd(FlowRule rule, out FlowTag tag);

    /// <summary>Removes a rule; its tag is stale from then on.</summary>
    /// <returns>False when the tag names no present rule.</returns>
    bool Remove(FlowTag tag);

    /// <summary>How many frames a rule matched; 0 for a stale tag.</summary>
    long HitsOf(FlowTag tag);
}
