using NetStack.Memory;
using NetStack.Nic.Linux.Interop;

namespace NetStack.Nic.Linux;

/// <summary>
/// A pool whose memory the kernel copies frames into and out of. It does so only inside a call, so withdrawing it is done at once.
/// </summary>
internal sealed class TapRegistration : BufferRegistration
{
    private readonly TapNic _nic;
    private readonly nint _start; // where the region lies; it never moves
    private readonly bool[] _isPosted; // by buffer: what was posted must not be posted again
    private bool _isActive = true;

    internal TapRegistration(TapNic nic, BufferPool pool, BufferUse use)
        : base(pool, 0, use)
    {
        _nic = nic;
        _isPosted = new bool[pool.Count];
        pool.Region.AddRegistration();
        _start = TapDevice.AddressOf(new DeviceMemory(pool.Region).Span(0, pool.Region.Length));
    }

    public override bool IsActive => _isActive;

    internal bool MayReceive => (Use & BufferUse.Receive) != 0;

    internal bool MayTransmit => (Use & BufferUse.Transmit) != 0;

    public override ValueTask UnregisterAsync()
    {
        if (_isActive) _nic.Unregister(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Where a held buffer lies.</summary>
    internal nint AddressOf(BufferHandle buffer) => _start + Pool.RegionOffset(buffer);

    /// <summary>Notes that a buffer is to be posted; false when it is stale, of another pool or posted already.</summary>
    internal bool TryMark(BufferHandle buffer)
    {
        if (!Pool.IsLive(buffer) || _isPosted[buffer.Index]) return false;
        return _isPosted[buffer.Index] = true;
    }

    internal void Unmark(BufferHandle buffer) => _isPosted[buffer.Index] = false;

    /// <summary>Lets go of the memory.</summary>
    internal void End()
    {
        if (!_isActive) return;
        _isActive = false;
        Pool.Region.RemoveRegistration();
    }
}
