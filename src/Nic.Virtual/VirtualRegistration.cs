using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>A pool mapped through the IOMMU for one queue.</summary>
internal sealed class VirtualRegistration : BufferRegistration
{
    private readonly VirtualNic _nic;
    private readonly bool[] _isPosted; // by buffer: what was posted must not be posted again
    private TaskCompletionSource? _gone;

    internal VirtualRegistration(VirtualNic nic, BufferPool pool, int queue, BufferUse use)
        : base(pool, queue, use)
    {
        _nic = nic;
        _isPosted = new bool[pool.Count];
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

    /// <summary>Where the pool begins for the device when it receives; 0 where it may not.</summary>
    internal ulong ReceiveIova { get; init; }

    /// <summary>Where the pool begins for the device when it sends; 0 where it may not.</summary>
    internal ulong TransmitIova { get; init; }

    /// <summary>Buffers the device has for receiving, or filled and the driver has not seen yet.</summary>
    internal int Posted { get; private set; }

    /// <summary>Pieces in the transmit ring that lie in these buffers.</summary>
    internal int Sending { get; set; }

    /// <summary>The addresses, for receiving, that belong to the pool.</summary>
    internal ulong ReceiveEnd => ReceiveIova + (ulong)Pool.Count * (ulong)Pool.BufferSize;

    public override bool IsActive => Stage == Phase.Active;

    public override ValueTask UnregisterAsync()
    {
        if (Stage == Phase.Gone) return ValueTask.CompletedTask;
        if (_gone is null)
        {
            _gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _nic.BeginUnregister(this);
        }
        return new ValueTask(_gone.Task);
    }

    /// <summary>Notes that a buffer is to be posted; false when it is stale, of another pool or posted already.</summary>
    internal bool TryMark(BufferHandle buffer)
    {
        if (!Pool.IsLive(buffer) || _isPosted[buffer.Index]) return false;
        Posted++;
        return _isPosted[buffer.Index] = true;
    }

    internal void Unmark(BufferHandle buffer)
    {
        Posted--;
        _isPosted[buffer.Index] = false;
    }

    /// <summary>Releases a buffer that was posted, unless its owner did so behind our back.</summary>
    internal void GiveBack(BufferHandle buffer)
    {
        if (Pool.IsLive(buffer)) Pool.Release(buffer);
    }

    /// <summary>The device cannot reach the memory any more.</summary>
    internal void Complete()
    {
        if (Stage == Phase.Gone) return;
        Stage = Phase.Gone;
        Pool.Region.RemoveRegistration();
        if (Pool.Region.Registrations == 0) new DeviceMemory(Pool.Region).OnFetched(null);
        _gone?.SetResult();
    }
}
