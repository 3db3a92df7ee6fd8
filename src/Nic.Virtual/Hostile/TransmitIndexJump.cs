namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H22: reports that it sent more than was queued, or less than before, hoping that the driver releases what was not
/// sent, or runs through its ring without end.</summary>
/// <param name="seed">Decides when.</param>
/// <param name="by">How many entries beyond the true index; negative for backwards.</param>
public sealed class TransmitIndexJump(ulong seed, int by) : HostileBehaviour("H22", "transmit index jumps", seed)
{
    private readonly Dictionary<int, uint> _sent = [];

    /// <inheritdoc/>
    public override uint OnTransmitIndex(int queue, uint index)
    {
        _sent[queue] = index;
        return Strike() ? index + (uint)by : index;
    }

    /// <inheritdoc/>
    public override void OnPoll(DeviceControls controls)
    {
        for (int queue = 0; queue < controls.Queues; queue++)
        {
            uint sent = _sent.GetValueOrDefault(queue);
            controls.WriteTransmitIndex(queue, Strike() ? sent + (uint)by : sent);
        }
    }
}
