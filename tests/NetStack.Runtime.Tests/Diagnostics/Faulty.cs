using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>A NIC whose driver throws: 1 when it is polled, 2 when it receives, 3 when it sends.</summary>
internal sealed class Faulty : INicDecorator
{
    internal Faulty(INic inner)
    {
        Inner = inner;
        Queues = [new Queue(this, inner.Queues[0])];
    }

    internal int ThrowAt { get; set; }

    public INic Inner { get; }

    public NicInfo Info => Inner.Info;

    public bool IsLinkUp => Inner.IsLinkUp;

    public IReadOnlyList<INicQueue> Queues { get; }

    public IFlowSteering? Steering => Inner.Steering;

    public Instant? NextDeadline => Inner.NextDeadline;

    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => Inner.Register(pool, queue, use);

    public void Poll(Instant now)
    {
        Check(1);
        Inner.Poll(now);
    }

    public void OnWake(Action? wake) => Inner.OnWake(wake);

    public bool TryArm() => Inner.TryArm();

    public void Dispose() => Inner.Dispose();

    private void Check(int at)
    {
        if (ThrowAt == at) throw new InvalidDataException("a driver that is broken");
    }

    private sealed class Queue(Faulty nic, INicQueue inner) : INicQueue
    {
        public int Index => inner.Index;

        public int PostRoom => inner.PostRoom;

        public QueueCounters Counters => inner.Counters;

        public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers) => inner.Post(registration, buffers);

        public int Receive(Span<ReceivedFrame> frames)
        {
            nic.Check(2);
            return inner.Receive(frames);
        }

        public int Transmit(ReadOnlySpan<TransmitFrame> frames)
        {
            nic.Check(3);
            return inner.Transmit(frames);
        }
    }
}
