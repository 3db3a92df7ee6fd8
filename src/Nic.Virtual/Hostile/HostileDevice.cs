namespace NetStack.Nic.Virtual.Hostile;

/// <summary>A device with several hostile behaviours at once; each sees what those before it made of the device's work.</summary>
/// <param name="behaviours">What it does, in this order.</param>
public sealed class HostileDevice(params HostileBehaviour[] behaviours) : DeviceTamper
{
    /// <summary>What it does.</summary>
    public IReadOnlyList<HostileBehaviour> Behaviours => behaviours;

    /// <summary>How often it struck, over all behaviours.</summary>
    public long Strikes => behaviours.Sum(static b => b.Strikes);

    /// <inheritdoc/>
    public override void OnAttach(DeviceControls controls)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnAttach(controls);
    }

    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnPlace(frame, ref queue, ref completion);
    }

    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnCompletion(queue, ref completion);
    }

    /// <inheritdoc/>
    public override bool Withholds(int queue, in RxCompletion completion)
    {
        bool withholds = false;
        foreach (HostileBehaviour behaviour in behaviours) withholds |= behaviour.Withholds(queue, completion);
        return withholds;
    }

    /// <inheritdoc/>
    public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.AfterCompletion(queue, completion, controls);
    }

    /// <inheritdoc/>
    public override void OnRingRead(int queue, DeviceControls controls)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnRingRead(queue, controls);
    }

    /// <inheritdoc/>
    public override uint OnTransmitIndex(int queue, uint index)
    {
        foreach (HostileBehaviour behaviour in behaviours) index = behaviour.OnTransmitIndex(queue, index);
        return index;
    }

    /// <inheritdoc/>
    public override void OnPoll(DeviceControls controls)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnPoll(controls);
    }

    /// <inheritdoc/>
    public override bool OnWake(bool isDue)
    {
        foreach (HostileBehaviour behaviour in behaviours) isDue = behaviour.OnWake(isDue);
        return isDue;
    }

    /// <inheritdoc/>
    public override void OnPosted(int queue, in PostedBuffer buffer)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnPosted(queue, buffer);
    }

    /// <inheritdoc/>
    public override void OnFetched(int queue, ulong buffer, int offset, int length)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnFetched(queue, buffer, offset, length);
    }

    /// <inheritdoc/>
    public override void OnTransmit(int queue, ulong address, int length)
    {
        foreach (HostileBehaviour behaviour in behaviours) behaviour.OnTransmit(queue, address, length);
    }

    /// <summary>All behaviours, for messages.</summary>
    public override string ToString() => string.Join(" + ", behaviours.AsEnumerable());
}
