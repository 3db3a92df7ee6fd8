using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.TrustTests;

/// <summary>For control runs: a driver that takes any tag on a queue for the one that was programmed for it last.</summary>
internal sealed class BelievingDriver : INic
{
    private readonly INic _nic;
    private readonly Table? _table;

    public BelievingDriver(INic nic)
    {
        _nic = nic;
        _table = nic.Steering is null ? null : new Table(nic.Steering);
        Queues = [.. nic.Queues.Select(q => new Queue(q, _table))];
    }

    public NicInfo Info => _nic.Info;

    public bool IsLinkUp => _nic.IsLinkUp;

    public IReadOnlyList<INicQueue> Queues { get; }

    public IFlowSteering? Steering => _table;

    public Instant? NextDeadline => _nic.NextDeadline;

    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => _nic.Register(pool, queue, use);

    public void Poll(Instant now) => _nic.Poll(now);

    public void OnWake(Action? wake) => _nic.OnWake(wake);

    public bool TryArm() => _nic.TryArm();

    public void Dispose() => _nic.Dispose();

    private sealed class Table(IFlowSteering table) : IFlowSteering
    {
        private readonly Dictionary<int, FlowTag> _byQueue = [];

        public int Room => table.Room;

        public bool TryAdd(FlowRule rule, out FlowTag tag)
        {
            bool isAdded = table.TryAdd(rule, out tag);
            if (isAdded) _byQueue[rule.Queue] = tag;
            return isAdded;
        }

        public bool Remove(FlowTag tag) => table.Remove(tag);

        public long HitsOf(FlowTag tag) => table.HitsOf(tag);

        internal FlowTag Of(int queue) => _byQueue.GetValueOrDefault(queue);
    }

    private sealed class Queue(INicQueue queue, Table? table) : INicQueue
    {
        public int Index => queue.Index;

        public int PostRoom => queue.PostRoom;

        public QueueCounters Counters => queue.Counters;

        public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers) => queue.Post(registration, buffers);

        public int Transmit(ReadOnlySpan<TransmitFrame> frames) => queue.Transmit(frames);

        public int Receive(Span<ReceivedFrame> frames)
        {
            int count = queue.Receive(frames);
            for (int i = 0; i < count && table is not null; i++) frames[i].Tag = table.Of(queue.Index);
            return count;
        }
    }
}
