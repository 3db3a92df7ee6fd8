using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>
/// Buffers a client registered with its port. Behind it stands a registration with the NIC only where the device itself uses the
/// memory: to send from it, or to fill it on a steered queue.
/// </summary>
internal sealed class PortRegistration : BufferRegistration
{
    private readonly MultiplexerPort _port;
    private readonly bool[] _isPosted; // by buffer, to the port itself: the device keeps its own record
    private Task? _withdrawal;

    internal PortRegistration(MultiplexerPort port, BufferPool pool, BufferUse use, BufferRegistration? device) : base(pool, 0, use)
    {
        _port = port;
        Device = device;
        _isPosted = new bool[pool.Count];
    }

    /// <summary>The registration with the NIC, or null.</summary>
    internal BufferRegistration? Device { get; }

    public override bool IsActive => _withdrawal is null;

    public override ValueTask UnregisterAsync()
    {
        if (_withdrawal is null)
        {
            _port.Forget(this);
            _withdrawal = Device is null ? Task.CompletedTask : Device.UnregisterAsync().AsTask();
        }
        return new ValueTask(_withdrawal);
    }

    /// <summary>Notes that buffers are posted; all of them or, with an exception, none.</summary>
    /// <exception cref="InvalidOperationException">One is stale, of another pool, or posted already.</exception>
    internal void Mark(ReadOnlySpan<BufferHandle> buffers)
    {
        for (int i = 0; i < buffers.Length; i++)
        {
            if (Pool.IsLive(buffers[i]) && !_isPosted[buffers[i].Index])
            {
                _isPosted[buffers[i].Index] = true;
                continue;
            }
            foreach (BufferHandle marked in buffers[..i]) Unmark(marked);
            throw new InvalidOperationException($"Buffer {buffers[i]} is stale, of another pool, or posted already.");
        }
    }

    internal void Unmark(BufferHandle buffer) => _isPosted[buffer.Index] = false;
}
