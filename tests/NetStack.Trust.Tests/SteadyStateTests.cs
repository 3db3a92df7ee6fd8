using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>Memory is mapped when it is registered and unmapped when that ends, and never while frames pass.</summary>
public sealed class SteadyStateTests
{
    /// <summary>Frames for each case: with eight of them a million in Release.</summary>
#if DEBUG
    private const int Count = 10_000;
#else
    private const int Count = 125_000;
#endif

    [Theory, MemberData(nameof(Cases))]
    public void Nothing_is_mapped_unmapped_or_invalidated_while_frames_pass(string column, IommuMode mode)
    {
        using Rig rig = new(Column.Of(column), mode);
        rig.Pass(200);
        Iommu iommu = rig.Nic.Iommu;
        (long maps, long unmaps, long invalidations) = (iommu.Maps, iommu.Unmaps, iommu.Invalidations);
        (long received, int sent) = (rig.Received, rig.Sent);
        rig.Pass(Count);
        Assert.Equal((0, 0, 0), (iommu.Maps - maps, iommu.Unmaps - unmaps, iommu.Invalidations - invalidations));
        Assert.Equal((Count, Count / 4), (rig.Received - received, rig.Sent - sent));
        Assert.True(maps > 0 && iommu.FaultCount == 0);
    }

    [Theory, InlineData(IommuMode.Strict), InlineData(IommuMode.Deferred)]
    public void A_client_that_unregisters_with_eight_buffers_posted_waits_until_the_device_can_write_none_of_them(IommuMode mode)
    {
        using Rig rig = new(Column.SteeredVerify, mode, posted: 8);
        for (int i = 0; i < 3; i++) rig.Deliver();
        ulong late = rig.IovaOf(rig.Pool);
        Task gone = rig.Registration.UnregisterAsync().AsTask();
        Assert.Equal(rig.Pool.Count - 3, rig.Pool.Available); // the five that were not filled
        Assert.False(gone.IsCompleted); // three are filled, and were not received
        Assert.Throws<InvalidOperationException>(() => rig.Queue.Post(rig.Registration, [default]));
        rig.Poll();
        List<ReceivedFrame> held = rig.Take();
        rig.Poll();
        Assert.Equal(3, held.Count);
        long faults = rig.Nic.Iommu.FaultCount;
        if (mode == IommuMode.Strict)
        {
            Assert.True(gone.IsCompletedSuccessfully);
        }
        else
        {
            Assert.False(gone.IsCompleted); // unmapped, not flushed: the device still has the translation
            Assert.True(rig.Device.TryWrite(rig.DeviceQueue, late, [0xBA, 0xD0]));
            Assert.Equal([0xBA, 0xD0], new DeviceMemory(rig.Pool.Region).Span(Rig.Behind, 2).ToArray());
            rig.Now += TimeSpan.FromMilliseconds(20);
            rig.Poll();
            Assert.True(gone.IsCompletedSuccessfully);
        }
        byte[] before = new DeviceMemory(rig.Pool.Region).Span(Rig.Behind, 2).ToArray();
        Assert.False(rig.Device.TryWrite(rig.DeviceQueue, late, [0x66, 0x66]));
        Assert.Equal(faults + 1, rig.Nic.Iommu.FaultCount);
        Assert.Equal((late, DmaDirection.Write), (rig.Nic.Iommu.Faults.Last().Iova, rig.Nic.Iommu.Faults.Last().Direction));
        Assert.Equal(before, new DeviceMemory(rig.Pool.Region).Span(Rig.Behind, 2).ToArray());
        Assert.Equal(0, rig.Pool.Region.Registrations);
        foreach (ReceivedFrame frame in held) rig.Release(frame);
        Assert.Equal(rig.Pool.Count, rig.Pool.Available);
    }

    [Theory, InlineData(IommuMode.Strict), InlineData(IommuMode.Deferred)]
    public async Task A_multiplexer_that_is_disposed_of_waits_for_its_rings_in_the_same_way(IommuMode mode)
    {
        using Rig rig = new(Column.CopyHeaders, mode, posted: 0);
        for (int i = 0; i < 3; i++) rig.Deliver();
        rig.Poll();
        ReceivedFrame held = rig.Take()[0];
        BufferPool ring = held.Body.Slice(0).Pool;
        ulong late = rig.IovaOf(ring, queue: 0);
        Task gone = rig.Mux.DisposeAsync().AsTask();
        rig.Poll();
        rig.Poll();
        if (mode == IommuMode.Deferred)
        {
            Assert.False(gone.IsCompleted);
            Assert.True(rig.Device.TryWrite(0, late, [0xBA]));
            rig.Now += TimeSpan.FromMilliseconds(20);
            rig.Poll();
        }
        rig.Poll();
        await gone.WaitAsync(TestContext.Current.CancellationToken); // its continuations run elsewhere
        Assert.False(rig.Device.TryWrite(0, late, [0x66]));
        Assert.Equal(0, ring.Region.Registrations);
        held.Headers.Require(64); // what a client holds stays readable
        held.Release();
    }

    public static TheoryData<string, IommuMode> Cases
    {
        get
        {
            TheoryData<string, IommuMode> data = [];
            foreach (Column column in (Column[])[Column.CopyAll, Column.CopyHeaders, Column.SteeredVerify, Column.Shadow])
            {
                foreach (IommuMode mode in (IommuMode[])[IommuMode.Strict, IommuMode.Deferred]) data.Add(column.Name, mode);
            }
            return data;
        }
    }

    /// <summary>The hands of the device.</summary>
    private sealed class Hands : DeviceTamper
    {
        public DeviceControls? Controls { get; private set; }

        public override void OnAttach(DeviceControls controls) => Controls = controls;
    }

    /// <summary>One client that receives into buffers it posts and sends from them.</summary>
    private sealed class Rig : IDisposable
    {
        /// <summary>A place in a buffer that no frame reaches.</summary>
        public const int Behind = 400;

        private readonly Hands _hands = new();
        private readonly Wire _wire = new() { IsKeeping = false };
        private readonly ReceivedFrame[] _batch = new ReceivedFrame[16];
        private readonly byte[] _frame = Frames.Make(TrustWorld.Victim, 0, 300);
        private readonly MultiplexerPort _port;
        private readonly byte[] _reply;
        private int _passed;

        public Rig(Column column, IommuMode mode, int posted = 32)
        {
            Nic = new VirtualNic(new VirtualNicOptions { Queues = 2, RssQueues = 1, RingSize = 64, Tamper = _hands, Iommu = new IommuOptions { Mode = mode } });
            Nic.Attach(_wire);
            Mux = new PacketMultiplexer(Nic, new MultiplexerOptions { RingBuffers = 48, RingBufferSize = 512, RingReserve = 0 });
            _port = Mux.Attach("client", o =>
            {
                column.Configure(o);
                o.Filter = $"udp dst port {Frames.PortOf(TrustWorld.Victim)}";
                o.SteeredBufferCount = 0;
                o.BufferCount = 16;
                o.SourceCheck = SourceCheck.None;
            });
            Pool = BufferPool.Create(512, 64);
            Registration = _port.Register(Pool, 0, BufferUse.Receive | BufferUse.Transmit);
            DeviceQueue = column.IsSteered ? 1 : 0;
            _reply = _frame[..42];
            Post(posted);
        }

        public VirtualNic Nic { get; }
        public PacketMultiplexer Mux { get; }
        public BufferPool Pool { get; }
        public BufferRegistration Registration { get; }
        public INicQueue Queue => _port.Queues[0];
        public DeviceControls Device => _hands.Controls!;
        public int DeviceQueue { get; }
        public Instant Now { get; set; } = Instant.FromSeconds(1);
        public long Received { get; private set; }
        public int Sent => _wire.Taken;

        public void Deliver() => Assert.True(Nic.TryDeliver(_frame, new WireFrame(_frame.Length)));

        public void Poll() => Mux.Poll(Now);

        /// <summary>Lets frames through; the client answers every fourth, and takes what it uses from its pool and puts it back.</summary>
        public void Pass(int count)
        {
            for (int i = 0; i < count; i++)
            {
                Deliver();
                if (i % 8 != 7 && i != count - 1) continue;
                Now += TimeSpan.FromMicroseconds(10);
                Poll();
                foreach (ReceivedFrame frame in Take()) Release(frame);
                Post(32);
            }
        }

        public List<ReceivedFrame> Take()
        {
            List<ReceivedFrame> taken = [];
            for (int count = Queue.Receive(_batch); count > 0; count = Queue.Receive(_batch)) taken.AddRange(_batch[..count]);
            Received += taken.Count;
            return taken;
        }

        public void Release(ReceivedFrame frame)
        {
            frame.Release();
            if (++_passed % 4 != 0 || !Registration.IsActive || !Pool.TryRent(out BufferHandle buffer)) return;
            TransmitFrame reply = default;
            reply.Headers.Set(_reply);
            reply.Body.Append(new BodySlice(Pool, buffer, 0, 258));
            Assert.Equal(1, Queue.Transmit([reply]));
        }

        /// <summary>Finds where the place behind the frame in a pool's first buffer is for a queue of the device, by trying: a device knows, a test looks.</summary>
        public ulong IovaOf(BufferPool pool, int? queue = null)
        {
            for (ulong iova = 0x1_0000_0000; iova < 0x1_1000_0000; iova += DmaRegion.PageSize)
            {
                byte[] probe = [0x5A, (byte)(iova >> 12), (byte)(iova >> 20)];
                if (Device.TryWrite(queue ?? DeviceQueue, iova + Behind, probe) && new DeviceMemory(pool.Region).Span(Behind, 3).SequenceEqual(probe)) return iova + Behind;
            }
            throw new InvalidOperationException("not mapped");
        }

        public void Dispose() => Nic.Dispose();

        private void Post(int upTo)
        {
            Span<BufferHandle> one = stackalloc BufferHandle[1];
            while (Queue.Counters.BuffersPosted - Queue.Counters.BuffersCompleted < upTo && Pool.TryRent(out one[0])) Assert.Equal(1, Queue.Post(Registration, one));
        }
    }
}
