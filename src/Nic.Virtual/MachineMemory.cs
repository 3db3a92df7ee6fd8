using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>
/// The memory of the machine by its own addresses, as a device sees it where no IOMMU stands between: every region that was
/// ever named here, until it is freed. The addresses lie where no mapping ever does.
/// </summary>
internal sealed class MachineMemory
{
    private const ulong Start = 1UL << 46;

    private readonly List<Place> _places = [];
    private ulong _next = Start;
    private int _last; // where the last search ended: mostly the next one's answer

    private readonly record struct Place(DmaRegion Region, ulong Address);

    /// <summary>Where a region begins.</summary>
    internal ulong AddressOf(DmaRegion region)
    {
        foreach (Place place in _places)
        {
            if (place.Region == region) return place.Address;
        }
        _places.RemoveAll(static p => p.Region.IsDisposed);
        ulong address = _next;
        _next += (ulong)region.Length + DmaRegion.HugePageSize & ~(ulong)(DmaRegion.HugePageSize - 1);
        _places.Add(new Place(region, address));
        return address;
    }

    /// <summary>The region that holds so many bytes at an address.</summary>
    internal bool TryFind(ulong address, int size, out DmaRegion region, out int offset)
    {
        for (int i = 0; i < _places.Count; i++)
        {
            _last = _last < _places.Count ? _last : 0;
            Place place = _places[_last];
            if (size <= place.Region.Length && address >= place.Address && address - place.Address <= (ulong)(place.Region.Length - size) && !place.Region.IsDisposed)
            {
                region = place.Region;
                offset = (int)(address - place.Address);
                return true;
            }
            _last++;
        }
        region = null!;
        offset = 0;
        return false;
    }
}
