using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NetStack.Fetches.Tests.Counting;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Fetches.Tests.Cases;

/// <summary>How often the bytes of a body may be read; headers always once.</summary>
internal enum BodyReads
{
    /// <summary>Not at all: dropped, or passed on by handle.</summary>
    Never,

    /// <summary>Once each: copied, summed, or both in one pass.</summary>
    Once,

    /// <summary>Whatever it is, it is told and not judged: who trusts the device may look again.</summary>
    Any,

    /// <summary>A control: it reads twice, and the counter has to see it.</summary>
    Twice,
}

/// <summary>A row of the table.</summary>
internal abstract class FetchCase(string group, string name, BodyReads body) : IMeasured, IDisposable
{
    internal const string Frame = "frame";
    internal const string Completion = "completion";

    internal string Group => group;

    internal string Name => name;

    internal BodyReads Body => body;

    /// <summary>Bytes of the frame, from its start, that are fetched as headers: whole lines, as the header chain asks.</summary>
    internal int HeaderBytes { get; private protected set; }

    public abstract Watched[] Prepare();

    public abstract void Run();

    public virtual void Dispose()
    {
    }

    /// <summary>Where bytes of a region lie. Regions are pinned.</summary>
    internal static unsafe nint AddressOf(DmaRegion region, int offset) =>
        (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(new DeviceMemory(region).Span(offset, 1)));

    /// <summary>How many bytes a decoder asks for, of a private copy.</summary>
    internal static int HeaderBytesOf(ReadOnlySpan<byte> frame, LinkType linkType, int wireLength)
    {
        using PrivateFrame copy = new(frame);
        PacketHeaders.Decode(copy.Snapshot, linkType, wireLength);
        return copy.Snapshot.Watermark;
    }
}

/// <summary>A frame in memory of its own.</summary>
internal sealed class PrivateFrame : IDisposable
{
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly FetchMeter _meter = new();
    private PacketBody _body;

    internal PrivateFrame(ReadOnlySpan<byte> bytes)
    {
        Pool = BufferPool.Create(Math.Max(bytes.Length, BufferPool.MinBufferSize), 1);
        Pool.TryRent(out BufferHandle buffer);
        Pool.Write(buffer, 0, bytes);
        _body = new PacketBody(new BodySlice(Pool, buffer, 0, bytes.Length));
        Snapshot = _snapshots.Rent(_body, _meter);
    }

    internal BufferPool Pool { get; }

    internal HeaderSnapshot Snapshot { get; }

    public void Dispose()
    {
        _snapshots.Return(Snapshot);
        _body.Release();
        Pool.Region.Dispose();
    }
}
