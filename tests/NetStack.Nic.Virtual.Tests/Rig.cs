using NetStack.Memory;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>A frame as it was received.</summary>
internal sealed record Got(byte[] Bytes, ReceivedFrame Meta, int[] Slices);

/// <summary>Keeps what a NIC sends, as far as it has room.</summary>
internal sealed class RecordingWire : IWireEnd
{
    public List<byte[]> Frames { get; } = [];
    public List<WireFrame> Infos { get; } = [];
    public int Room { get; set; } = int.MaxValue;
    public bool Keeps { get; set; } = true;

    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        if (Room == 0) return false;
        Room--;
        if (!Keeps) return true;
        Frames.Add(frame.ToArray());
        Infos.Add(info);
        return true;
    }
}

/// <summary>A virtual NIC with a pool registered on each queue, for receiving and sending, and a wire that records.</summary>
internal sealed class Rig : IDisposable
{
    public Rig(VirtualNicOptions? options = null, int buffers = 16, int bufferSize = 2048)
    {
        Nic = new VirtualNic(options ?? new VirtualNicOptions());
        Nic.Attach(Wire);
        Pools = [.. Nic.Queues.Select(_ => BufferPool.Create(bufferSize, buffers))];
        Registrations = [.. Pools.Select((p, i) => Nic.Register(p, i, BufferUse.Receive | BufferUse.Transmit))];
    }

    public VirtualNic Nic { get; }
    public RecordingWire Wire { get; } = new();
    public BufferPool[] Pools { get; }
    public BufferRegistration[] Registrations { get; }
    public INicQueue Queue => Nic.Queues[0];
    public BufferPool Pool => Pools[0];
    public DropCounters Drops => Queue.Counters.ReceiveDrops;

    /// <summary>Posts up to so many free buffers.</summary>
    public int Fill(int most = int.MaxValue, int queue = 0)
    {
        List<BufferHandle> batch = [];
        while (batch.Count < Math.Min(most, Nic.Queues[queue].PostRoom) && Pools[queue].TryRent(out BufferHandle buffer)) batch.Add(buffer);
        int posted = Nic.Queues[queue].Post(Registrations[queue], batch.ToArray());
        foreach (BufferHandle buffer in batch.Skip(posted)) Pools[queue].Release(buffer);
        return posted;
    }

    public bool Deliver(byte[] frame) => Nic.TryDeliver(frame, new WireFrame(frame.Length));

    /// <summary>Takes everything, keeping each frame.</summary>
    public List<ReceivedFrame> Take(int queue = 0, int batch = 8)
    {
        List<ReceivedFrame> taken = [];
        ReceivedFrame[] frames = new ReceivedFrame[batch];
        for (int count = Nic.Queues[queue].Receive(frames); count > 0; count = Nic.Queues[queue].Receive(frames)) taken.AddRange(frames[..count]);
        return taken;
    }

    /// <summary>Takes everything, copies it out and releases it.</summary>
    public List<Got> Receive(int queue = 0, int batch = 8) => [.. Take(queue, batch).Select(See)];

    /// <summary>Delivers one frame and receives it.</summary>
    public Got PassOne(byte[] frame, WireFrame? info = null, int queue = 0)
    {
        Fill(queue: queue);
        Assert.True(Nic.TryDeliver(frame, info ?? new WireFrame(frame.Length)));
        return Assert.Single(Receive(queue));
    }

    public TransmitFrame Frame(byte[] headers, byte[]? body = null, TransmitOffload offload = default, int queue = 0)
    {
        TransmitFrame frame = new() { Offload = offload };
        frame.Headers.Set(headers);
        for (int at = 0; at < (body?.Length ?? 0);)
        {
            Assert.True(Pools[queue].TryRent(out BufferHandle buffer));
            int count = Math.Min(Pools[queue].BufferSize - 8, body!.Length - at);
            Pools[queue].Write(buffer, 8, body.AsSpan(at, count));
            frame.Body.Append(new BodySlice(Pools[queue], buffer, 8, count));
            at += count;
        }
        return frame;
    }

    public static Got See(ReceivedFrame frame)
    {
        byte[] bytes = new byte[frame.Length];
        frame.Headers.CopyFrameTo(bytes);
        int[] slices = [.. Enumerable.Range(0, frame.Body.SliceCount).Select(i => frame.Body.Slice(i).Length)];
        ReceivedFrame copy = frame;
        frame.Release();
        return new Got(bytes, copy, slices);
    }

    /// <summary>Every buffer is free and no snapshot is out.</summary>
    public void AssertAllHome()
    {
        Assert.All(Pools, p => Assert.Equal(p.Count, p.Available));
        Assert.Equal(0, Nic.SnapshotsOutstanding);
    }

    public void Dispose() => Nic.Dispose();
}
