using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>A pool mapped through the IOMMU for one queue.</summary>
internal sealed class VirtualRegistration : BufferRegistration
{
    private readonly VirtualNic _nic;
    private TaskCompletionSource? _gone;

    internal VirtualRegistration(VirtualNic nic, BufferPool pool, int queue, BufferUse use)
        : base(pool, queue, use)
    {
        _nic = nic;
    }

    /// <summary>How far a registration came.</summary>
    internal enum Phase
    {
        Active,
        Draining,  // nothing can be posted; buffers are still out
        Unmapping, // unmapped, the flush is not done
        Gone,
    }

    internal Phase Stage { get; set; }

    /// <summary>Where the region begins for the device when it receives; 0 where it may not.</summary>
    internal ulong ReceiveIova { get; init; }

    /// <summary>Where the region begins for the device when it sends; 0 where it may not.</summary>
    internal ulong TransmitIova { get; init; }

    /// <summary>Frames queued for sending that use these buffers.</summary>
    internal int Sending { get; set; }

    public override bool IsActive => Stage == Phase.Active;

    public override ValueTask UnregisterAsync()
    {
        if (_gone is null)
        {
            _gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _nic.BeginUnregister(this);
        }
        return new ValueTask(_gone.Task);
    }

    internal void Complete()
    {
        Stage = Phase.Gone;
        Pool.Region.RemoveRegistration();
        _gone!.SetResult();
    }
}
