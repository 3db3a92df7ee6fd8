using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>A queue of the NIC that belongs to one port, with the rules that bring its flows there.</summary>
internal sealed class SteeredQueue(INicQueue queue, FilledRing? ring)
{
    internal INicQueue Queue { get; } = queue;

    /// <summary>The port's own buffers in it; null where the client posts all.</summary>
    internal FilledRing? Ring { get; } = ring;

    internal List<FlowTag> Tags { get; } = [];
}

/// <summary>
/// What the multiplexer programmed into the NIC's flow table: a private array, by tag, of whose queue the rule leads to. A tag
/// of the device is believed only as far as it stands here with its generation.
/// </summary>
internal sealed class SteeringTable
{
    private const uint MaxTagId = 1 << 20;

    private readonly INic _nic;
    private readonly Stack<int> _freeQueues = new();
    private Entry[] _entries = [];

    internal SteeringTable(INic nic, int firstQueue)
    {
        _nic = nic;
        for (int i = nic.Queues.Count - 1; i >= firstQueue; i--) _freeQueues.Push(i);
    }

    private readonly record struct Entry(uint Generation, MultiplexerPort? Port);

    /// <summary>Gives a port a queue and programs its rules: all of them or none.</summary>
    /// <param name="port">The port, not yet attached.</param>
    /// <param name="options">Its buffers.</param>
    /// <param name="queue">The queue; also set with <see cref="SteeringState.NoRoom"/> when the table turned out to be full only after
    /// the queue was filled: the caller withdraws it.</param>
    internal SteeringState TrySteer(MultiplexerPort port, PortOptions options, out SteeredQueue? queue)
    {
        queue = null;
        IFlowSteering? table = _nic.Steering;
        if (table is null) return SteeringState.Unsupported;
        IReadOnlyList<FlowMatch> matches = FlowCompiler.Compile(port);
        if (matches.Count == 0) return SteeringState.NotExact;
        if (table.Room < matches.Count) return SteeringState.NoRoom;
        if (!_freeQueues.TryPop(out int index)) return SteeringState.NoQueue;
        queue = Open(index, options);
        foreach (FlowMatch match in matches)
        {
            if (!table.TryAdd(new FlowRule(match, FlowAction.Queue, index), out FlowTag tag) || !TryNote(tag, port))
            {
                Remove(queue);
                return SteeringState.NoRoom;
            }
            queue.Tags.Add(tag);
        }
        return SteeringState.Active;
    }

    /// <summary>Whether a tag is one that was programmed, and not removed, for this port's queue.</summary>
    internal bool IsOf(FlowTag tag, MultiplexerPort port)
    {
        if (tag.IsNone || tag.Id >= (uint)_entries.Length) return false;
        Entry entry = _entries[tag.Id];
        return entry.Port == port && entry.Generation == tag.Generation;
    }

    /// <summary>Removes a queue's rules; frames still on their way carry stale tags from now on.</summary>
    internal void Remove(SteeredQueue queue)
    {
        foreach (FlowTag tag in queue.Tags)
        {
            _nic.Steering!.Remove(tag);
            _entries[tag.Id] = default;
        }
        queue.Tags.Clear();
    }

    /// <summary>Takes a queue back, once it is drained and nothing of its client is mapped.</summary>
    internal void Return(SteeredQueue queue) => _freeQueues.Push(queue.Queue.Index);

    private SteeredQueue Open(int index, PortOptions options)
    {
        if (options.SteeredBufferCount == 0) return new SteeredQueue(_nic.Queues[index], null);
        BufferPool pool = BufferPool.Create(options.BufferSize, options.SteeredBufferCount, RegionWriter.Device);
        return new SteeredQueue(_nic.Queues[index], new FilledRing(_nic, index, pool, options.ScrubBuffers));
    }

    private bool TryNote(FlowTag tag, MultiplexerPort port)
    {
        if (tag.IsNone || tag.Id > MaxTagId)
        {
            _nic.Steering!.Remove(tag);
            return false;
        }
        if (tag.Id >= (uint)_entries.Length) Array.Resize(ref _entries, (int)tag.Id + 16);
        _entries[tag.Id] = new Entry(tag.Generation, port);
        return true;
    }
}
