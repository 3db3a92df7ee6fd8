using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>When an unmapped page stops being reachable.</summary>
public enum IommuMode
{
    /// <summary>At once: every unmap invalidates the IOTLB.</summary>
    Strict,

    /// <summary>With the next flush, after so many unmaps or so much time: until then a cached translation still works.</summary>
    Deferred,

    /// <summary>Never: mappings are made once and kept for the device's life.</summary>
    Permanent,

    /// <summary>There is no IOMMU, or it lets the device pass (Linux <c>iommu=pt</c>): addresses are the machine's own, and the device reads
    /// and writes all memory, mapped or not. Mapping costs nothing and protects nothing.</summary>
    Off,
}

/// <summary>What an access wants.</summary>
public enum DmaDirection
{
    /// <summary>The device writes memory: received frames.</summary>
    Write,

    /// <summary>The device reads memory: frames to send.</summary>
    Read,
}

/// <summary>An access that was refused.</summary>
/// <param name="Domain">The domain the device used.</param>
/// <param name="Iova">The address.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Direction">What it wanted.</param>
/// <param name="Time">When.</param>
public readonly record struct IommuFault(int Domain, ulong Iova, int Size, DmaDirection Direction, Instant Time);

/// <summary>How the IOMMU is built.</summary>
public sealed record IommuOptions
{
    /// <summary>When an unmapped page stops being reachable.</summary>
    public IommuMode Mode { get; init; } = IommuMode.Strict;

    /// <summary>Bytes in a page: 4,096 or 2,097,152.</summary>
    public int PageSize { get; init; } = DmaRegion.PageSize;

    /// <summary>Cached translations, a power of two.</summary>
    public int IotlbEntries { get; init; } = 256;

    /// <summary>Unmaps that make a deferred flush.</summary>
    public int FlushBatch { get; init; } = 128;

    /// <summary>How long an unmap may wait for a deferred flush.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>What operations cost, in virtual cycles. A model to weigh strategies with, not a measurement.</summary>
    public IommuCosts Costs { get; init; } = IommuCosts.Illustrative;
}

/// <summary>
/// Decides which memory a device reaches. A domain is a set of mappings; a device, or each of its queues, uses one. Addresses
/// are never given out twice, so a stale one cannot meet new memory.
/// </summary>
/// <remarks>Thread rule of <see cref="INic"/>. Translation allocates nothing.</remarks>
public sealed class Iommu
{
    private const int MaxFaults = 1024;

    private readonly IommuOptions _options;
    private readonly int _pageShift;
    private readonly CachedPage[] _cache;
    private readonly List<Mapping> _mappings = [];
    private readonly MachineMemory _machine = new();
    private readonly Queue<IommuFault> _faults = new();
    private readonly List<Action> _onFlush = [];
    private ulong _nextIova = 0x1_0000_0000; // above what a 32-bit length added to 0 could reach
    private int _pendingUnmaps;
    private Instant? _flushDue;

    /// <summary>Builds an IOMMU.</summary>
    /// <exception cref="ArgumentException">The page size or the number of entries cannot be.</exception>
    public Iommu(IommuOptions options)
    {
        if (options.PageSize is not DmaRegion.PageSize and not DmaRegion.HugePageSize) throw new ArgumentException("A page has 4 KiB or 2 MiB.", nameof(options));
        if (!System.Numerics.BitOperations.IsPow2(options.IotlbEntries)) throw new ArgumentException("The IOTLB holds a power of two.", nameof(options));
        _options = options;
        _pageShift = System.Numerics.BitOperations.Log2((uint)options.PageSize);
        _cache = new CachedPage[options.IotlbEntries];
    }

    /// <summary>Pages mapped since the start.</summary>
    public long Maps { get; private set; }

    /// <summary>Pages unmapped since the start.</summary>
    public long Unmaps { get; private set; }

    /// <summary>IOTLB invalidations since the start.</summary>
    public long Invalidations { get; private set; }

    /// <summary>Translations found in the IOTLB.</summary>
    public long IotlbHits { get; private set; }

    /// <summary>Translations that needed a page walk.</summary>
    public long IotlbMisses { get; private set; }

    /// <summary>Bytes moved through mappings.</summary>
    public long BytesMoved { get; private set; }

    /// <summary>Bytes moved for each page mapped: below some thousands, a copy would have been cheaper.</summary>
    public double BytesPerMapping => Maps == 0 ? 0 : (double)BytesMoved / Maps;

    /// <summary>Bytes that were mapped only because they share a page with what was asked for; 0 where memory is page-exclusive.</summary>
    public long BytesExposed { get; private set; }

    /// <summary>Faults since the start; the log keeps the last 1,024.</summary>
    public long FaultCount { get; private set; }

    /// <summary>The last faults, oldest first.</summary>
    public IReadOnlyCollection<IommuFault> Faults => _faults;

    /// <summary>What the operations so far cost, in virtual cycles.</summary>
    public long Cycles { get; private set; }

    /// <summary>When a deferred flush is due; null when none is.</summary>
    public Instant? FlushDue => _flushDue;

    /// <summary>Whether the mode keeps mappings for ever.</summary>
    public bool IsPermanent => _options.Mode == IommuMode.Permanent;

    /// <summary>Where a region lies in the machine's memory, mapped or not: what an attacker knows or guesses. With
    /// <see cref="IommuMode.Off"/> a device reaches it there; in every other mode that address is mapped to nothing.</summary>
    public ulong MachineAddressOf(DmaRegion region) => _machine.AddressOf(region);

    /// <summary>Maps a whole region into a domain.</summary>
    /// <returns>The address its first byte has there.</returns>
    public ulong Map(int domain, DmaRegion region, DmaDirection direction) => Map(domain, region, 0, region.Length, direction);

    /// <summary>Maps a part of a region into a domain: every page of the region it touches, since a page is the least that can
    /// be mapped. What lies beside it in these pages is exposed with it, and counted in <see cref="BytesExposed"/>.</summary>
    /// <returns>The address its first byte has there.</returns>
    public ulong Map(int domain, DmaRegion region, int offset, int length, DmaDirection direction)
    {
        if (_options.Mode == IommuMode.Off) return _machine.AddressOf(region) + (ulong)offset;
        int start = offset & -_options.PageSize;
        int end = (int)Math.Min(region.Length, ((long)offset + length + _options.PageSize - 1) & -_options.PageSize);
        int pages = PagesOf(end - start);
        ulong iova = _nextIova;
        _nextIova += (ulong)(pages + 1) << _pageShift; // a page between, so that an overrun faults
        _mappings.Add(new Mapping(domain, iova, region, start, end - start, direction));
        Maps += pages;
        BytesExposed += end - start - length;
        Cycles += _options.Costs.MapCall + (long)pages * _options.Costs.Map;
        return iova + (ulong)(offset - start);
    }

    /// <summary>Unmaps what <see cref="Map(int, DmaRegion, DmaDirection)"/> mapped.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="iova">The address it has there.</param>
    /// <param name="now">The present.</param>
    /// <param name="flushed">Called once the device cannot reach it any more.</param>
    /// <exception cref="InvalidOperationException">Nothing is mapped there.</exception>
    public void Unmap(int domain, ulong iova, Instant now, Action flushed)
    {
        if (IsPermanent) throw new InvalidOperationException("A permanent mapping is kept for the device's life.");
        if (_options.Mode == IommuMode.Off)
        {
            flushed();
            return;
        }
        int index = _mappings.FindIndex(m => m.Domain == domain && m.Contains(iova));
        if (index < 0) throw new InvalidOperationException($"Nothing is mapped at 0x{iova:x} in domain {domain}.");
        Mapping mapping = _mappings[index];
        int pages = PagesOf(mapping.Length);
        _mappings.RemoveAt(index);
        Unmaps += pages;
        Cycles += _options.Costs.UnmapCall + (long)pages * _options.Costs.Unmap;
        if (_options.Mode == IommuMode.Strict)
        {
            Invalidate(mapping);
            flushed();
            return;
        }
        _onFlush.Add(flushed);
        _pendingUnmaps += pages;
        if (_pendingUnmaps >= _options.FlushBatch) Flush();
        else _flushDue ??= now + _options.FlushInterval;
    }

    /// <summary>Flushes what is due.</summary>
    public void Poll(Instant now)
    {
        if (_flushDue is { } due && now >= due) Flush();
    }

    /// <summary>
    /// Where in memory an access lands. It must lie in one mapping; crossing pages of one mapping is fine.
    /// </summary>
    /// <returns>False, with a fault in the log, when the domain may not do that there.</returns>
    internal bool TryTranslate(int domain, ulong iova, int size, DmaDirection direction, Instant now, out DmaRegion region, out int offset)
    {
        if (_options.Mode == IommuMode.Off ? _machine.TryFind(iova, size, out region, out offset) : TryFind(domain, iova, size, direction, out region, out offset))
        {
            BytesMoved += size;
            return true;
        }
        Fault(new IommuFault(domain, iova, size, direction, now));
        return false;
    }

    private bool TryFind(int domain, ulong iova, int size, DmaDirection direction, out DmaRegion region, out int offset)
    {
        Mapping? mapping = Find(domain, iova, size, direction);
        region = mapping?.Region!;
        offset = mapping is null ? 0 : mapping.Offset + (int)(iova - mapping.Iova);
        return mapping is not null;
    }

    /// <summary>The mapping an access lies in, if each page of it translates.</summary>
    private Mapping? Find(int domain, ulong iova, int size, DmaDirection direction)
    {
        Mapping? mapping = Translate(domain, iova >> _pageShift);
        if (mapping is null || mapping.Region.IsDisposed || mapping.Direction != direction || !mapping.Contains(iova, size)) return null;
        ulong last = (iova + (ulong)Math.Max(size, 1) - 1) >> _pageShift;
        for (ulong page = (iova >> _pageShift) + 1; page <= last; page++)
        {
            if (Translate(domain, page) is null) return null;
        }
        return mapping;
    }

    private Mapping? Translate(int domain, ulong page)
    {
        ref CachedPage cached = ref _cache[(int)((page ^ (ulong)domain * 0x9E3779B1) & (ulong)(_cache.Length - 1))];
        if (cached.Mapping is not null && cached.Page == page && cached.Mapping.Domain == domain)
        {
            IotlbHits++;
            return cached.Mapping;
        }
        IotlbMisses++;
        Cycles += _options.Costs.IotlbMiss;
        cached = new CachedPage { Page = page, Mapping = Walk(domain, page << _pageShift) };
        return cached.Mapping;
    }

    private Mapping? Walk(int domain, ulong iova)
    {
        foreach (Mapping mapping in _mappings)
        {
            if (mapping.Domain == domain && mapping.Contains(iova)) return mapping;
        }
        return null;
    }

    /// <summary>Drops the cached pages of one mapping.</summary>
    private void Invalidate(Mapping mapping)
    {
        foreach (ref CachedPage cached in _cache.AsSpan())
        {
            if (cached.Mapping == mapping) cached = default;
        }
        Invalidations++;
        Cycles += _options.Costs.Invalidate;
    }

    private void Flush()
    {
        Array.Clear(_cache);
        Invalidations++;
        Cycles += _options.Costs.Invalidate;
        _pendingUnmaps = 0;
        _flushDue = null;
        Action[] flushed = [.. _onFlush];
        _onFlush.Clear();
        foreach (Action action in flushed) action();
    }

    private void Fault(IommuFault fault)
    {
        FaultCount++;
        if (_faults.Count == MaxFaults) _faults.Dequeue();
        _faults.Enqueue(fault);
    }

    private int PagesOf(int length) => (length + _options.PageSize - 1) >> _pageShift;

    private sealed record Mapping(int Domain, ulong Iova, DmaRegion Region, int Offset, int Length, DmaDirection Direction)
    {
        internal bool Contains(ulong iova, int size = 1) => size >= 0 && iova >= Iova && iova - Iova <= (ulong)Length && (ulong)size <= (ulong)Length - (iova - Iova);
    }

    private struct CachedPage
    {
        internal ulong Page;
        internal Mapping? Mapping;
    }
}
