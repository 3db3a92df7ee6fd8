namespace NetStack.Testing;

/// <summary>The faults on flows that wait to happen, and the frames that they hold.</summary>
internal sealed class FaultList(VirtualNetwork net) : IPollable
{
    private readonly List<FlowFault> _faults = [];

    internal bool Any => _faults.Count > 0;

    /// <inheritdoc/>
    public Instant? NextDeadline
    {
        get
        {
            Instant? next = null;
            foreach (NetworkHost host in net.HostEntries)
            {
                foreach (Attachment attachment in host.Attachments) next = Instant.Earliest(next, attachment.Gate.NextDeadline);
            }
            return next;
        }
    }

    /// <inheritdoc/>
    public void Poll(Instant now)
    {
        foreach (NetworkHost host in net.HostEntries)
        {
            foreach (Attachment attachment in host.Attachments) attachment.Gate.Release(now);
        }
    }

    internal void Add(FlowFault fault)
    {
        using (net.Loop.Enter()) _faults.Add(fault);
    }

    internal void Remove(Predicate<FlowFault> condition)
    {
        using (net.Loop.Enter()) _faults.RemoveAll(condition);
    }

    /// <summary>Does to a frame what the faults want, in the order in which they were set. A dropped frame is not seen by later ones.</summary>
    internal void Apply(ref GateFrame frame)
    {
        foreach (FlowFault fault in _faults)
        {
            if (!fault.Flow.Contains(frame)) continue;
            fault.OnFrame(ref frame);
            if (frame.DropReason is not null) break;
        }
        _faults.RemoveAll(static f => f.IsSpent);
    }
}

/// <summary>Something that happens to a flow.</summary>
internal abstract class FlowFault(NetworkFlow flow)
{
    internal NetworkFlow Flow { get; } = flow;

    /// <summary>Whether it will never happen again.</summary>
    internal bool IsSpent { get; private protected set; }

    /// <summary>A frame of the flow passes the client's NIC. The gate of the loop is held.</summary>
    internal abstract void OnFrame(ref GateFrame frame);
}
