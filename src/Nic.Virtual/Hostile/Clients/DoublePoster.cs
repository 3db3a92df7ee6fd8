using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>C2: posts a buffer twice, at once or later, or releases, pins or posts again what it posted, hoping that two frames are
/// written over one another or that whoever finds the buffer gone stops working.</summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Decides what is done with which buffer.</param>
public sealed class DoublePoster(INic port, ulong seed) : HostileClient("C2", "posts a buffer twice", port, seed)
{
    private BufferHandle _last;

    /// <inheritdoc/>
    protected override void Strike()
    {
        if (!Pool.TryRent(out BufferHandle buffer)) return;
        if (Try(() => Post(buffer, buffer))) return;
        if (!Try(() => Post(buffer))) return;
        Try(() => Post(buffer));
        Try(() => Post(_last));
        switch (Below(3))
        {
            case 0: Try(() => Pool.Release(buffer)); break;
            case 1: Try(() => Pool.Retain(buffer)); break;
            default: break;
        }
        _last = buffer;
    }

    private void Post(params ReadOnlySpan<BufferHandle> buffers) => Queue.Post(Registration, buffers);
}
