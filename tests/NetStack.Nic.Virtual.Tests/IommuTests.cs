using NetStack.Memory;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>What a device may reach: permission, domain, page, and the time an unmapped page stays reachable.</summary>
public sealed class IommuTests
{
    /// <summary>Learns where buffers lie, and keeps the device's hands for later.</summary>
    private sealed class Tamper : DeviceTamper
    {
        public DeviceControls? Controls { get; private set; }

        public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls) => Controls = controls;
    }

    /// <summary>A NIC on which the device has received one frame, and where its memory lies for it.</summary>
    private sealed class Hostile : IDisposable
    {
        private readonly Tamper _tamper = new();

        public Hostile(VirtualNicOptions options, int bufferSize = 2048, int buffers = 2)
        {
            Nic = new VirtualNic(options with { Tamper = _tamper });
            foreach (INicQueue _ in Nic.Queues) Pools.Add(BufferPool.Create(bufferSize, buffers));
            Registrations = [.. Pools.Select((p, i) => Nic.Register(p, i, BufferUse.Receive))];
            Pools[0].TryRent(out BufferHandle buffer);
            Nic.Queues[0].Post(Registrations[0], [buffer]);
            Nic.TryDeliver(Frames.Numbered(1, 60), new WireFrame(60));
            ReceivedFrame[] frames = new ReceivedFrame[1];
            Assert.Equal(1, Nic.Queues[0].Receive(frames));
            frames[0].Release();
        }

        public VirtualNic Nic { get; }
        public List<BufferPool> Pools { get; } = [];
        public BufferRegistration[] Registrations { get; }
        public DeviceControls Device => _tamper.Controls!;

        /// <summary>Finds a mapping of a queue by trying addresses: a device knows its own, a test looks.</summary>
        public ulong Find(DmaRegion region, int queue, bool write)
        {
            for (ulong iova = 0x1_0000_0000; iova < 0x1_4000_0000; iova += DmaRegion.PageSize)
            {
                byte[] probe = [0x5A, 0xC3, (byte)(iova >> 12), (byte)(iova >> 20)];
                if (write)
                {
                    if (Device.TryWrite(queue, iova, probe) && new DeviceMemory(region).Span(0, 4).SequenceEqual(probe)) return iova;
                    continue;
                }
                probe.CopyTo(new DeviceMemory(region).Span(0, 4));
                byte[] read = new byte[4];
                if (Device.TryRead(queue, iova, read) && read.AsSpan().SequenceEqual(probe)) return iova;
            }
            throw new InvalidOperationException("not mapped");
        }

        public void Dispose() => Nic.Dispose();
    }

    [Fact]
    public void Receive_buffers_are_write_only_and_transmit_buffers_read_only()
    {
        using Hostile hostile = new(new VirtualNicOptions());
        BufferPool sending = BufferPool.Create(2048, 2);
        hostile.Nic.Register(sending, 0, BufferUse.Transmit);
        ulong receive = hostile.Find(hostile.Pools[0].Region, 0, write: true);
        ulong send = hostile.Find(sending.Region, 0, write: false);
        Assert.False(hostile.Device.TryRead(0, receive, new byte[4]));
        Assert.False(hostile.Device.TryWrite(0, send, [1]));
        IommuFault[] faults = [.. hostile.Nic.Iommu.Faults.TakeLast(2)];
        Assert.Equal((receive, 4, DmaDirection.Read), (faults[0].Iova, faults[0].Size, faults[0].Direction));
        Assert.Equal((send, 1, DmaDirection.Write), (faults[1].Iova, faults[1].Size, faults[1].Direction));
    }

    [Fact]
    public void A_byte_outside_faults_and_changes_nothing()
    {
        using Hostile hostile = new(new VirtualNicOptions());
        DmaRegion region = hostile.Pools[0].Region;
        ulong start = hostile.Find(region, 0, write: true);
        hostile.Nic.Poll(Instant.FromSeconds(3));
        byte[] before = new DeviceMemory(region).Span(0, region.Length).ToArray();
        long faults = hostile.Nic.Iommu.FaultCount;
        Assert.False(hostile.Device.TryWrite(0, start - 1, [0xFF, 0xFF]));
        Assert.False(hostile.Device.TryWrite(0, start + (ulong)region.Length - 1, [0xFF, 0xFF]));
        Assert.False(hostile.Device.TryWrite(0, start + (ulong)region.Length, [0xFF]));
        Assert.False(hostile.Device.TryWrite(0, ulong.MaxValue, [0xFF, 0xFF]));
        Assert.False(hostile.Device.TryWrite(0, 0, [0xFF]));
        Assert.Equal(before, new DeviceMemory(region).Span(0, region.Length).ToArray());
        Assert.Equal(faults + 5, hostile.Nic.Iommu.FaultCount);
        Assert.Equal(Instant.FromSeconds(3), hostile.Nic.Iommu.Faults.Last().Time);
        Assert.True(hostile.Device.TryWrite(0, start + (ulong)region.Length - 1, [0xFF]));
    }

    [Theory, InlineData(DomainBinding.PerQueue, false), InlineData(DomainBinding.PerDevice, true)]
    public void Another_queues_memory_is_reachable_only_with_one_domain_for_the_device(DomainBinding domains, bool isReachable)
    {
        using Hostile hostile = new(new VirtualNicOptions { Queues = 2, RssQueues = 1, Domains = domains });
        ulong other = hostile.Find(hostile.Pools[1].Region, 1, write: true);
        Assert.Equal(isReachable, hostile.Device.TryWrite(0, other, [1]));
        if (!isReachable) Assert.NotEqual(2, hostile.Nic.Iommu.Faults.Last().Domain);
    }

    [Fact]
    public void Strict_unmapping_is_complete_when_the_task_is()
    {
        using Hostile hostile = new(new VirtualNicOptions { Iommu = new IommuOptions { Mode = IommuMode.Strict } });
        Iommu iommu = hostile.Nic.Iommu;
        ulong at = hostile.Find(hostile.Pools[0].Region, 0, write: true);
        Assert.True(hostile.Device.TryWrite(0, at, [1])); // cached now
        (long invalidations, long cycles) = (iommu.Invalidations, iommu.Cycles);
        Assert.True(hostile.Registrations[0].UnregisterAsync().AsTask().IsCompleted);
        Assert.Equal((1, invalidations + 1), (iommu.Unmaps, iommu.Invalidations));
        Assert.Equal(cycles + 500 + 2_000, iommu.Cycles);
        Assert.False(hostile.Device.TryWrite(0, at, [1]));
        Assert.Equal(0, hostile.Pools[0].Region.Registrations);
    }

    [Fact]
    public void Deferred_unmapping_leaves_a_window_for_cached_pages_until_the_flush()
    {
        using Hostile hostile = new(new VirtualNicOptions { Iommu = new IommuOptions { Mode = IommuMode.Deferred, FlushInterval = TimeSpan.FromMilliseconds(10) } }, bufferSize: 4096);
        DmaRegion region = hostile.Pools[0].Region; // two pages
        ulong at = hostile.Find(region, 0, write: true);
        Assert.True(hostile.Device.TryWrite(0, at, [1]));
        Task gone = hostile.Registrations[0].UnregisterAsync().AsTask();
        Assert.False(gone.IsCompleted);
        Assert.True(hostile.Device.TryWrite(0, at, [0x77])); // the stale window, visible
        Assert.Equal(0x77, new DeviceMemory(region).Span(0, 1)[0]);
        Assert.False(hostile.Device.TryWrite(0, at + 4095, [1, 1])); // the second page is not cached
        Assert.Throws<InvalidOperationException>(region.Dispose);
        hostile.Nic.Poll(hostile.Nic.NextDeadline!.Value);
        Assert.True(gone.IsCompletedSuccessfully);
        Assert.False(hostile.Device.TryWrite(0, at, [1]));
        region.Dispose();
    }

    [Fact]
    public void A_batch_of_unmaps_flushes_before_the_time()
    {
        Iommu iommu = new(new IommuOptions { Mode = IommuMode.Deferred, FlushBatch = 3 });
        DmaRegion[] regions = [.. Enumerable.Range(0, 3).Select(_ => DmaRegion.Allocate(4096))];
        ulong[] at = [.. regions.Select(r => iommu.Map(1, r, DmaDirection.Write))];
        int flushed = 0;
        iommu.Unmap(1, at[0], Instant.Zero, () => flushed++);
        iommu.Unmap(1, at[1], Instant.FromMilliseconds(4), () => flushed++);
        Assert.Equal((0, Instant.FromMilliseconds(10)), (flushed, iommu.FlushDue));
        iommu.Unmap(1, at[2], Instant.FromMilliseconds(5), () => flushed++);
        Assert.Equal((3, (Instant?)null, 1), (flushed, iommu.FlushDue, iommu.Invalidations));
        Assert.Throws<InvalidOperationException>(() => iommu.Unmap(1, at[0], Instant.Zero, () => { }));
    }

    [Fact]
    public void Permanent_mappings_stay_and_cost_nothing_at_the_end()
    {
        using Hostile hostile = new(new VirtualNicOptions { Iommu = new IommuOptions { Mode = IommuMode.Permanent } });
        ulong at = hostile.Find(hostile.Pools[0].Region, 0, write: true);
        Assert.True(hostile.Registrations[0].UnregisterAsync().AsTask().IsCompleted);
        Assert.Equal((0, 0), (hostile.Nic.Iommu.Unmaps, hostile.Nic.Iommu.Invalidations));
        Assert.True(hostile.Device.TryWrite(0, at, [1])); // what permanent means
        Assert.Throws<InvalidOperationException>(() => hostile.Nic.Iommu.Unmap(1, at, Instant.Zero, () => { }));
    }

    [Fact]
    public void Without_an_IOMMU_a_device_reaches_all_memory_and_mapping_costs_nothing()
    {
        using Hostile hostile = new(new VirtualNicOptions { Iommu = new IommuOptions { Mode = IommuMode.Off }, Queues = 2, RssQueues = 1 });
        Iommu iommu = hostile.Nic.Iommu;
        DmaRegion registered = hostile.Pools[0].Region;
        DmaRegion other = DmaRegion.Allocate(2 * 4096);
        ulong at = iommu.MachineAddressOf(other);
        Assert.Equal(at, iommu.MachineAddressOf(other));
        foreach (int queue in new[] { 0, 1 }) // whoever asks, in whichever direction, mapped or not
        {
            Assert.True(hostile.Device.TryWrite(queue, iommu.MachineAddressOf(registered), [0x31, 0x32]));
            Assert.True(hostile.Device.TryWrite(queue, at + 4095, [0x41, 0x42]));
            byte[] read = new byte[2];
            Assert.True(hostile.Device.TryRead(queue, at + 4095, read));
            Assert.Equal([0x41, 0x42], read);
        }
        Assert.Equal(0, iommu.FaultCount);
        Assert.False(hostile.Device.TryWrite(0, at + 2 * 4096 - 1, [1, 2])); // past the end there is nothing
        Assert.False(hostile.Device.TryWrite(0, 0, [1]));
        Assert.Equal(2, iommu.FaultCount);

        Assert.True(hostile.Registrations[0].UnregisterAsync().AsTask().IsCompletedSuccessfully);
        Assert.True(hostile.Device.TryWrite(0, iommu.MachineAddressOf(registered), [1])); // revoking revokes nothing
        other.Dispose();
        Assert.False(hostile.Device.TryWrite(0, at, [1]));
        Assert.Equal((0, 0, 0, 0, 0, null), (iommu.Maps, iommu.Unmaps, iommu.Invalidations, iommu.IotlbMisses, iommu.Cycles, iommu.FlushDue));
        Assert.True(iommu.BytesMoved > 0);
    }

    [Fact]
    public void A_machine_address_is_mapped_to_nothing_where_there_is_an_IOMMU()
    {
        using Hostile hostile = new(new VirtualNicOptions());
        ulong at = hostile.Nic.Iommu.MachineAddressOf(hostile.Pools[0].Region);
        Assert.False(hostile.Device.TryWrite(0, at, [1]));
        Assert.Equal(at, hostile.Nic.Iommu.Faults.Last().Iova);
    }

    [Theory, InlineData(DmaRegion.PageSize, 1024), InlineData(DmaRegion.HugePageSize, 2)]
    public void Pages_are_counted_in_the_size_chosen(int pageSize, int pages)
    {
        Iommu iommu = new(new IommuOptions { PageSize = pageSize });
        ulong at = iommu.Map(1, DmaRegion.Allocate(2 * DmaRegion.HugePageSize), DmaDirection.Write);
        Assert.Equal((pages, pages * 500L), (iommu.Maps, iommu.Cycles));
        iommu.Unmap(1, at, Instant.Zero, () => { });
        Assert.Equal(pages, iommu.Unmaps);
    }

    [Theory, InlineData(DmaRegion.PageSize, 100), InlineData(DmaRegion.HugePageSize, 2)]
    public void Huge_pages_need_fewer_translations(int pageSize, int atLeast)
    {
        using Rig rig = new(new VirtualNicOptions { Iommu = new IommuOptions { PageSize = pageSize, IotlbEntries = 16 } }, buffers: 256, bufferSize: 4096);
        rig.Fill();
        for (int i = 0; i < 200; i++) rig.Deliver(Frames.Numbered(i, 60));
        rig.Receive(batch: 64);
        Assert.True(rig.Nic.Iommu.IotlbMisses >= atLeast, $"{rig.Nic.Iommu.IotlbMisses}");
        if (pageSize == DmaRegion.HugePageSize) Assert.True(rig.Nic.Iommu.IotlbMisses < 50, $"{rig.Nic.Iommu.IotlbMisses}");
        Assert.True(rig.Nic.Iommu.IotlbHits > 0);
    }

    [Fact]
    public void The_IOTLB_has_a_capacity_and_misses_cost_cycles()
    {
        long Misses(int entries)
        {
            using Rig rig = new(new VirtualNicOptions { Iommu = new IommuOptions { IotlbEntries = entries } }, buffers: 32, bufferSize: 4096);
            long before = 0;
            for (int round = 0; round < 4; round++)
            {
                if (round == 1) before = rig.Nic.Iommu.IotlbMisses;
                long cycles = rig.Nic.Iommu.Cycles - 400 * rig.Nic.Iommu.IotlbMisses;
                rig.Fill();
                for (int i = 0; i < 32; i++) rig.Deliver(Frames.Numbered(i, 60));
                rig.Receive();
                Assert.Equal(cycles, rig.Nic.Iommu.Cycles - 400 * rig.Nic.Iommu.IotlbMisses);
            }
            return rig.Nic.Iommu.IotlbMisses - before;
        }

        Assert.True(Misses(1) > 150, "one entry holds nothing");
        Assert.True(Misses(4096) < 20, "all pages fit");
    }

    [Fact]
    public void Bytes_per_mapping_grows_with_traffic_and_nothing_is_mapped_while_frames_pass()
    {
        using Rig rig = new();
        Iommu iommu = rig.Nic.Iommu;
        (long maps, long unmaps, double bytes) = (iommu.Maps, iommu.Unmaps, iommu.BytesPerMapping);
        for (int i = 0; i < 1000; i++) rig.PassOne(Frames.Numbered(i, 1000));
        Assert.Equal((maps, unmaps), (iommu.Maps, iommu.Unmaps));
        Assert.True(iommu.BytesPerMapping - bytes > 1000.0 * 1000 / maps);
        Assert.Equal(iommu.BytesMoved / (double)iommu.Maps, iommu.BytesPerMapping);
    }

    [Fact]
    public void A_pool_that_shares_its_pages_exposes_its_neighbour_and_says_so()
    {
        using Hostile hostile = new(new VirtualNicOptions());
        Assert.Equal(0, hostile.Nic.Iommu.BytesExposed);
        DmaRegion shared = DmaRegion.Allocate(3 * 4096);
        BufferPool mine = new(shared, 1024, 2, offset: 4096 + 1024);
        hostile.Nic.Register(mine, 0, BufferUse.Receive);
        Assert.Equal(2048, hostile.Nic.Iommu.BytesExposed);
        long maps = hostile.Nic.Iommu.Maps;
        hostile.Nic.Register(new BufferPool(shared, 4096, 1, offset: 4096), 0, BufferUse.Receive);
        Assert.Equal((2048, maps + 1), (hostile.Nic.Iommu.BytesExposed, hostile.Nic.Iommu.Maps)); // whole pages expose nothing more
    }

    [Fact]
    public void The_fault_log_keeps_the_last_and_counts_all()
    {
        using Hostile hostile = new(new VirtualNicOptions());
        for (ulong i = 0; i < 2000; i++) Assert.False(hostile.Device.TryWrite(0, i, [1]));
        Assert.Equal(2000, hostile.Nic.Iommu.FaultCount);
        Assert.Equal((1024, 976UL, 1999UL), (hostile.Nic.Iommu.Faults.Count, hostile.Nic.Iommu.Faults.First().Iova, hostile.Nic.Iommu.Faults.Last().Iova));
        hostile.Nic.Dispose();
        Assert.False(hostile.Device.TryWrite(0, 0x1_0000_0000, [1])); // a dead device reaches nothing
        Assert.Equal(2000, hostile.Nic.Iommu.FaultCount);
    }
}
