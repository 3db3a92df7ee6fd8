using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>
/// The end of a port's or the multiplexer's use of device memory: registrations that are being withdrawn, and the queue that is
/// drained meanwhile so that every buffer comes home. Progress is made by <see cref="PacketMultiplexer.Poll"/>.
/// </summary>
internal sealed class Withdrawal(INicQueue? queue, MultiplexerCounters counters, Action finished)
{
    private readonly List<Task> _open = [];
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ReceivedFrame[] _frames = new ReceivedFrame[16];

    internal Task Completion => _done.Task;

    internal void Add(BufferRegistration registration)
    {
        ValueTask pending = registration.UnregisterAsync();
        if (!pending.IsCompletedSuccessfully) _open.Add(pending.AsTask());
    }

    /// <summary>Drains the queue and looks whether everything came home.</summary>
    /// <returns>Whether it did; <c>finished</c> was called then.</returns>
    internal bool TryFinish()
    {
        if (queue is not null) Drain(queue);
        foreach (Task pending in _open)
        {
            if (!pending.IsCompleted) return false;
        }
        finished();
        _done.TrySetResult();
        return true;
    }

    private void Drain(INicQueue from)
    {
        for (int count = from.Receive(_frames); count > 0; count = from.Receive(_frames))
        {
            for (int i = 0; i < count; i++)
            {
                counters.FramesReceived++;
                counters.BytesReceived += _frames[i].Length;
                counters.Drops.Add(DropReason.ClientGone);
                _frames[i].Release();
            }
        }
    }
}
