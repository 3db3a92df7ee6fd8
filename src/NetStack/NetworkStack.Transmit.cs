using NetStack.Memory;

namespace NetStack;

/// <remarks>The way down: frames are pulled by the devices, so that nothing piles up in the stack.</remarks>
public sealed partial class NetworkStack
{
    /// <summary>Frames of room that an interface's queue must have before more is asked of the parts: one super-segment of 64 KiB,
    /// cut into Ethernet frames, and what goes with it.</summary>
    private const int TrainRoom = 64;

    private int _nextPart;

    /// <summary>Gives the frames that an interface's device is to send, and asks the parts for more while there is room. For the
    /// loopback interface it gives none, but delivers what the stack sent to itself.</summary>
    /// <param name="nic">The interface.</param>
    /// <param name="frames">Where to put them. They pass to the caller, who sends or releases each.</param>
    /// <param name="now">The present.</param>
    /// <returns>How many; less than the span's length when there is nothing more to send now.</returns>
    public int Transmit(NetInterface nic, Span<TransmitFrame> frames, Instant now)
    {
        ArgumentNullException.ThrowIfNull(nic);
        Advance(now);
        int budget = Options.BatchLimit + frames.Length;
        int count = 0;
        while (!nic.IsLoopback && count < frames.Length)
        {
            if (nic.TryTake(out frames[count])) count++;
            else if (--budget < 0 || !PullOne(nic, now)) break;
        }
        DeliverLoopback(now);
        return count;
    }

    /// <summary>Asks the parts, in turn, for one packet or super-segment. It may go to any interface.</summary>
    private bool PullOne(NetInterface nic, Instant now)
    {
        if (nic.Room < Math.Min(TrainRoom, Options.TransmitQueueLength)) return false;
        for (int i = 0; i < _parts.Count; i++)
        {
            IStackPart part = _parts[_nextPart];
            if (++_nextPart == _parts.Count) _nextPart = 0;
            if (part.TransmitOne(now)) return true;
        }
        return false;
    }

    /// <summary>Delivers what the stack sent to itself, a bounded number of packets; what these set off waits for the next step.</summary>
    private void DeliverLoopback(Instant now)
    {
        for (int i = 0; i < Options.BatchLimit; i++)
        {
            if (Loopback.QueuedFrames == 0 && !PullOne(Loopback, now)) return;
            _loopback.DeliverOne(now);
        }
    }
}
