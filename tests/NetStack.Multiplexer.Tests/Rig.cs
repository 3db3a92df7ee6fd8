using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Multiplexer.Tests;

/// <summary>A frame as a client saw it.</summary>
internal sealed record Got(byte[] Bytes, byte[] Headers, BodyAccess Access, FlowTag Tag);

/// <summary>A multiplexer on a memory NIC.</summary>
internal sealed class Rig
{
    public Rig(int queues = 1, int flowRoom = 0, MultiplexerOptions? options = null, int ringSize = 1024)
    {
        Nic = new MemoryNic(queues, flowRoom, ringSize);
        Mux = new PacketMultiplexer(Nic, options ?? new MultiplexerOptions { RingBuffers = 64, RingReserve = 0 });
    }

    public MemoryNic Nic { get; }
    public PacketMultiplexer Mux { get; }
    public Instant Now { get; set; } = Instant.FromSeconds(1);

    /// <summary>Injects frames and lets them through.</summary>
    public void Send(params byte[][] frames)
    {
        foreach (byte[] frame in frames)
        {
            Assert.True(Nic.Inject(frame), "the ring had no buffer");
            Mux.Poll(Now);
        }
    }

    /// <summary>Takes everything a port has, copying it out as a client would, and releases it.</summary>
    public static List<Got> Drain(MultiplexerPort port)
    {
        List<Got> got = [];
        foreach (ReceivedFrame held in Take(port))
        {
            ReceivedFrame frame = held;
            got.Add(See(frame));
            frame.Release();
        }
        return got;
    }

    public static Got See(in ReceivedFrame frame)
    {
        byte[] headers = frame.Headers.Require(HeaderLine.Size).ToArray();
        byte[] bytes = new byte[frame.Length];
        frame.Headers.CopyFrameTo(bytes);
        return new Got(bytes, headers, frame.Access, frame.Tag);
    }

    /// <summary>Takes everything a port has and keeps it.</summary>
    public static List<ReceivedFrame> Take(MultiplexerPort port)
    {
        List<ReceivedFrame> taken = [];
        ReceivedFrame[] batch = new ReceivedFrame[8];
        for (int count = port.Queues[0].Receive(batch); count > 0; count = port.Queues[0].Receive(batch)) taken.AddRange(batch[..count]);
        return taken;
    }

    /// <summary>Detaches everything and says whether every buffer came home.</summary>
    public async Task AssertAllHomeAsync()
    {
        List<Task> open = [Mux.DisposeAsync().AsTask()];
        for (int i = 0; i < 4; i++) Mux.Poll(Now);
        await Task.WhenAll(open).WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Nic.Maps, Nic.Unmaps);
        Assert.Equal(0, Mux.RingBuffersHeld);
        foreach (INicQueue queue in Nic.Queues)
        {
            Assert.Equal(queue.Counters.BuffersPosted, queue.Counters.BuffersCompleted);
            Assert.Equal(0, ((MemoryQueue)queue).SnapshotsOut);
        }
    }
}
