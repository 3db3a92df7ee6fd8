namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H24: never reports that it sent anything on a queue, hoping to starve who shares the transmit ring.</summary>
/// <param name="seed">Decides when.</param>
/// <param name="target">The queue.</param>
public sealed class NeverReportsSent(ulong seed, int target) : HostileBehaviour("H24", "never reports what it sent", seed)
{
    private uint _reported;

    /// <inheritdoc/>
    public override uint OnTransmitIndex(int queue, uint index)
    {
        if (queue != target || Strike()) return queue == target ? _reported : index;
        return _reported = index;
    }
}
