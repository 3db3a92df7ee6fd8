using NetStack.Memory;

namespace NetStack.Nic.Pcap;

/// <summary>A queue whose frames are written down as they pass.</summary>
internal sealed class CaptureTapQueue(INicQueue inner, TapFile file) : INicQueue
{
    private PacketBody[] _bodies = new PacketBody[32];

    public int Index => inner.Index;

    public int PostRoom => inner.PostRoom;

    public QueueCounters Counters => inner.Counters;

    public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers) => inner.Post(registration, buffers);

    public int Receive(Span<ReceivedFrame> frames)
    {
        int count = inner.Receive(frames);
        for (int i = 0; i < count; i++) file.Received(frames[i]);
        return count;
    }

    public int Transmit(ReadOnlySpan<TransmitFrame> frames)
    {
        if (!file.IsOpen)
        {
            int passed = inner.Transmit(frames);
            file.Missed(passed);
            return passed;
        }
        if (_bodies.Length < frames.Length) _bodies = new PacketBody[frames.Length];
        for (int i = 0; i < frames.Length; i++) _bodies[i] = frames[i].Body.Share(); // what is accepted may be sent and gone at once
        int taken = 0;
        try
        {
            taken = inner.Transmit(frames);
            for (int i = 0; i < taken; i++) file.Sent(frames[i].Headers.Bytes, _bodies[i]);
        }
        finally
        {
            for (int i = 0; i < frames.Length; i++) _bodies[i].Release();
        }
        return taken;
    }
}
