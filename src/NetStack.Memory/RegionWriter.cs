namespace NetStack.Memory;

/// <summary>Who may write a <see cref="DmaRegion"/> while we hold it.</summary>
public enum RegionWriter
{
    /// <summary>A device, at any moment: bytes are fetched once and judged on the private copy.</summary>
    Device = 0,

    /// <summary>Only this process, through the region's owner: no byte changes under a reader.</summary>
    Owner = 1,
}
