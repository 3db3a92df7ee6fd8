using System.Reflection;
using NetStack.Fetches.Tests.Counting;
using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;

namespace NetStack.Fetches.Tests.Cases;

/// <summary>A virtual NIC, a multiplexer and a port, and where the device put the last frame.</summary>
internal sealed class Way : IDisposable
{
    private readonly Witness _witness = new();
    private readonly VirtualNic _nic;
    private readonly PoolRecorder _recorder;
    private readonly ReceivedFrame[] _batch = new ReceivedFrame[8];

    internal Way(VirtualNicOptions options)
    {
        _nic = new VirtualNic(options with { Tamper = _witness, Mac = Frames.Us, RingSize = 32 });
        _recorder = new PoolRecorder(_nic);
        Multiplexer = new PacketMultiplexer(_recorder, new MultiplexerOptions { RingBuffers = 128 }); // more than are posted: some may be held by handle
    }

    internal PacketMultiplexer Multiplexer { get; }

    internal VirtualNic Nic => _nic;

    internal Instant Now { get; set; } = Instant.FromSeconds(1);

    /// <summary>Lets the device write a frame, and finds what it wrote.</summary>
    internal Watched[] Deliver(ReadOnlySpan<byte> frame)
    {
        foreach (BufferPool pool in _recorder.Pools) new DeviceMemory(pool.Region).Span(0, pool.Region.Length).Clear(); // so that it is found once
        _witness.Completions.Clear();
        if (!_nic.TryDeliver(frame, new WireFrame(frame.Length))) throw new InvalidOperationException("The ring had no buffer.");
        List<Watched> watched = [];
        int at = 0;
        foreach ((int queue, uint index, RxCompletion completion) in _witness.Completions)
        {
            int length = (int)completion.ByteCount;
            watched.Add(Find(frame.Slice(at, length)));
            watched.Add(EntryOf(queue, index));
            at += length;
        }
        if (at != frame.Length) throw new InvalidOperationException($"The device wrote {at} of {frame.Length} bytes.");
        return [.. watched];
    }

    /// <summary>Polls once and gives each frame a port got to a consumer, who keeps or releases it.</summary>
    internal void Receive(MultiplexerPort port, Action<ReceivedFrame> consumer)
    {
        Multiplexer.Poll(Now);
        Take(port, consumer);
    }

    /// <summary>As above, of what was polled already.</summary>
    internal void Take(MultiplexerPort port, Action<ReceivedFrame> consumer)
    {
        int count = port.Queues[0].Receive(_batch);
        for (int i = 0; i < count; i++) consumer(_batch[i]);
        LastCount = count;
    }

    /// <summary>How many frames the last call brought.</summary>
    internal int LastCount { get; private set; }

    public void Dispose() => _nic.Dispose();

    private Watched Find(ReadOnlySpan<byte> piece)
    {
        foreach (BufferPool pool in _recorder.Pools)
        {
            int at = new DeviceMemory(pool.Region).Span(0, pool.Region.Length).IndexOf(piece);
            if (at >= 0) return new Watched(FetchCase.Frame, FetchCase.AddressOf(pool.Region, at), piece.Length);
        }
        throw new InvalidOperationException("What the device wrote is in no registered memory.");
    }

    /// <summary>A completion entry. Nobody but the NIC's own driver side can name its ring.</summary>
    private Watched EntryOf(int queue, uint index)
    {
        INicQueue driver = _nic.Queues[queue];
        BufferPool ring = (BufferPool)Field("_completionRing").GetValue(driver)!;
        BufferHandle buffer = (BufferHandle)Field("_completions").GetValue(driver)!;
        int entries = ring.BufferSize / RxCompletion.Size;
        return new Watched(FetchCase.Completion, FetchCase.AddressOf(ring.Region, ring.RegionOffset(buffer) + (int)(index % (uint)entries) * RxCompletion.Size), RxCompletion.Size);

        FieldInfo Field(string name) => driver.GetType().GetField(name, BindingFlags.NonPublic | BindingFlags.Instance)
            ?? throw new InvalidOperationException($"{driver.GetType().Name} has no field {name} any more.");
    }

    /// <summary>Notes what the device completed.</summary>
    private sealed class Witness : DeviceTamper
    {
        private readonly uint[] _produced = new uint[64];

        internal List<(int Queue, uint Index, RxCompletion Completion)> Completions { get; } = [];

        public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls) =>
            Completions.Add((queue, _produced[queue]++, completion));
    }

    /// <summary>Passes everything on to a NIC, and remembers what memory was registered for receiving.</summary>
    private sealed class PoolRecorder(INic inner) : INicDecorator
    {
        internal List<BufferPool> Pools { get; } = [];

        public INic Inner => inner;

        public NicInfo Info => inner.Info;

        public bool IsLinkUp => inner.IsLinkUp;

        public IReadOnlyList<INicQueue> Queues => inner.Queues;

        public IFlowSteering? Steering => inner.Steering;

        public Instant? NextDeadline => inner.NextDeadline;

        public BufferRegistration Register(BufferPool pool, int queue, BufferUse use)
        {
            if ((use & BufferUse.Receive) != 0) Pools.Add(pool);
            return inner.Register(pool, queue, use);
        }

        public void Poll(Instant now) => inner.Poll(now);

        public void OnWake(Action? wake) => inner.OnWake(wake);

        public bool TryArm() => inner.TryArm();

        public void Dispose() => inner.Dispose();
    }
}
