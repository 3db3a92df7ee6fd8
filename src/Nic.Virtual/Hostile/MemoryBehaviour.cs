using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// A hostile device that goes for memory. It remembers every buffer it was ever given and what became of it, as a device can; it
/// writes and reads by DMA, so the IOMMU has its say. It uses every opportunity unless told otherwise.
/// </summary>
/// <remarks>Allocates only while it meets buffers it has not met before.</remarks>
public abstract class MemoryBehaviour : HostileBehaviour
{
    private readonly Dictionary<uint, ulong> _posted = []; // by number
    private readonly List<byte[]> _loot = [];
    private readonly byte[] _noise = new byte[256];
    private DeviceControls? _controls;

    private protected MemoryBehaviour(string id, string name, ulong seed)
        : base(id, name, seed) => Eagerness = 1;

    /// <summary>Reads and writes that the IOMMU refused.</summary>
    public long Refused { get; private set; }

    /// <summary>Whether it has read something that begins with these bytes.</summary>
    public bool Has(ReadOnlySpan<byte> bytes)
    {
        foreach (byte[] piece in _loot)
        {
            if (piece.AsSpan().StartsWith(bytes)) return true;
        }
        return false;
    }

    /// <summary>Every buffer the device was given, by its address.</summary>
    private protected Dictionary<ulong, KnownBuffer> Known { get; } = [];

    /// <summary>Where the headers of the frame end that is being placed.</summary>
    private protected int HeadersEnd { get; private set; }

    /// <inheritdoc/>
    public override void OnAttach(DeviceControls controls) => _controls = controls;

    /// <inheritdoc/>
    public override void OnPosted(int queue, in PostedBuffer buffer)
    {
        _posted[buffer.BufferId] = buffer.Address;
        Known[buffer.Address] = new KnownBuffer(queue, buffer.Address, buffer.Capacity, Filled: 0, HeadersEnd: 0, IsPosted: true);
    }

    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
        int end = VirtualDevice.HeadersEnd(frame, FrameKey.Read(frame, (LinkType)completion.LinkType));
        HeadersEnd = end > 0 ? end : Math.Min(frame.Length, EthernetView.Size);
    }

    /// <inheritdoc/>
    public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls)
    {
        if (!_posted.TryGetValue(completion.BufferId, out ulong address)) return;
        KnownBuffer buffer = Known[address];
        int filled = (int)Math.Min(completion.ByteCount, (uint)buffer.Capacity);
        buffer = buffer with { Filled = filled, HeadersEnd = completion.ChainIndex == 0 ? Math.Min(HeadersEnd, filled) : 0, IsPosted = false };
        Known[address] = buffer;
        OnFilled(buffer);
    }

    /// <summary>Called after a buffer was completed.</summary>
    private protected virtual void OnFilled(in KnownBuffer buffer)
    {
    }

    /// <summary>Overwrites memory with noise, if it uses the opportunity.</summary>
    /// <returns>Whether it did.</returns>
    private protected bool Rewrite(int queue, ulong address, int length)
    {
        if (length <= 0 || !Strike()) return false;
        for (int at = 0; at < length; at += _noise.Length)
        {
            Span<byte> noise = _noise.AsSpan(0, Math.Min(_noise.Length, length - at));
            Fill(noise);
            if (!Write(queue, address + (ulong)at, noise)) return false;
        }
        return true;
    }

    /// <summary>Writes memory, within a strike.</summary>
    /// <returns>Whether the IOMMU let it.</returns>
    private protected bool Write(int queue, ulong address, ReadOnlySpan<byte> bytes)
    {
        if (_controls!.TryWrite(queue, address, bytes)) return true;
        Refused++;
        return false;
    }

    /// <summary>Reads memory and keeps what it read, if it uses the opportunity.</summary>
    private protected void Steal(int queue, ulong address, int length)
    {
        if (length <= 0 || !Strike()) return;
        byte[] loot = new byte[length];
        if (_controls!.TryRead(queue, address, loot)) _loot.Add(loot);
        else Refused++;
    }
}

/// <summary>A buffer as a device remembers it.</summary>
/// <param name="Queue">The queue it was posted to.</param>
/// <param name="Address">Where it lies, for the device.</param>
/// <param name="Capacity">Its bytes.</param>
/// <param name="Filled">How many of them were written.</param>
/// <param name="HeadersEnd">Where the headers in it end.</param>
/// <param name="IsPosted">Whether the device has it still.</param>
internal readonly record struct KnownBuffer(int Queue, ulong Address, int Capacity, int Filled, int HeadersEnd, bool IsPosted)
{
    /// <summary>The address after its last byte.</summary>
    internal ulong End => Address + (ulong)Capacity;
}
