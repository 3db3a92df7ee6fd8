using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// C3: cuts buffers at odd places out of memory that is not its own, registers and posts them, so that its frames are written over
/// others'; and posts handles of another pool than it registered, or of none.
/// </summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Decides where the buffers begin.</param>
/// <param name="foreign">Memory it got hold of, in which others' frames lie.</param>
public sealed class Squatter(INic port, ulong seed, DmaRegion foreign) : HostileClient("C3", "posts foreign memory", port, seed)
{
    private readonly BufferPool _others = BufferPool.Create(BufferSize, 8);
    private BufferPool? _squat;
    private BufferRegistration? _squatted;

    /// <inheritdoc/>
    protected override void Strike()
    {
        if (_squat is null)
        {
            _squat = new BufferPool(foreign, BufferSize, foreign.Length / BufferSize - 1, offset: Below(BufferSize));
            Try(() => _squatted = Port.Register(_squat, 0, BufferUse.Receive));
        }
        while (_squatted is not null && Queue.PostRoom > 0 && _squat.TryRent(out BufferHandle squat))
        {
            if (!Try(() => Queue.Post(_squatted, [squat]))) break;
        }
        if (_others.TryRent(out BufferHandle other))
        {
            Try(() => Queue.Post(Registration, [other]));
            _others.Release(other);
        }
        Try(() => Queue.Post(Registration, [default]));
        Try(() => Queue.Post(Registration, [other]));
    }
}
