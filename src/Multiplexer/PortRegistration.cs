using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>
/// Buffers a client registered with its port. Behind it stands a registration with the NIC only where the device itself uses the
/// memory: to send from it, or to fill it on a steered queue.
/// </summary>
internal sealed class PortRegistration : BufferRegistration
{
    private readonly MultiplexerPort _port;
    private Task? _withdrawal;

    internal PortRegistration(MultiplexerPort port, BufferPool pool, BufferUse use, BufferRegistration? device) : base(pool, 0, use)
    {
        _port = port;
        Device = device;
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
}
