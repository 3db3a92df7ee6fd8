using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>The one pair of rings a client sees.</summary>
internal sealed class PortQueue(MultiplexerPort port) : INicQueue
{
    public int Index => 0;

    public int PostRoom => port.PostRoom;

    public QueueCounters Counters { get; } = new();

    public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers) => port.Post(registration, buffers);

    public int Receive(Span<ReceivedFrame> frames) => port.Receive(frames);

    public int Transmit(ReadOnlySpan<TransmitFrame> frames) => port.Transmit(frames);
}
