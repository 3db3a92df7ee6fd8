using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>A device that overwrites every byte right after it was fetched: a second fetch would see other bytes.</summary>
internal sealed class Scrambler(DmaRegion region, ulong seed)
{
    private SeededRandom _random = new(seed);

    internal void Rewrite(int offset, int length) => _random.Fill(new DeviceMemory(region).Span(offset, length));
}
