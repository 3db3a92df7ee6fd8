using NetStack.Memory;

namespace NetStack;

/// <summary>
/// Received payload by handle, and the sum it had when it was verified. It is never summed again: whoever sends it on makes the new
/// checksum of this sum, so that bytes which changed since leave with a checksum that is wrong, and the receiver drops them
/// (docs/adr/0009).
/// </summary>
/// <remarks>Ownership is linear, as that of <see cref="PacketBody"/>: hand it on or call <see cref="Release"/> once. The memory is
/// pinned meanwhile, and may be what a device receives into: keep it short. The Internet checksum finds accidents; it is no defence
/// against a device that chooses what it writes.</remarks>
public struct SummedBody
{
    internal SummedBody(PacketBody body, ushort? sum)
    {
        Body = body;
        Length = body.Length;
        Sum = sum;
    }

    /// <summary>The bytes, by handle. They belong to this value: do not trim or release them by themselves.</summary>
    public PacketBody Body { get; private set; }

    /// <summary>Bytes in it.</summary>
    public int Length { get; private set; }

    /// <summary>The folded sum of the bytes as verified (<see cref="ChecksumAccumulator.Sum"/>); null where the sender computed no
    /// checksum, as UDP over IPv4 may: then nothing was verified, and nothing can be.</summary>
    public ushort? Sum { get; private set; }

    /// <summary>Whether the bytes were verified when they came.</summary>
    public readonly bool IsVerified => Sum is not null;

    /// <summary>Lets go of the bytes; this variable is empty then. Releasing an empty one does nothing.</summary>
    public void Release()
    {
        PacketBody body = Body;
        this = default;
        body.Release();
    }

    /// <summary>Copies the bytes into other buffers, and lets go of those they are in. The sum stays what it
    /// was: if the bytes changed since they were verified, it shows at the receiver as before.</summary>
    /// <param name="pool">Where to: buffers that no device receives into.</param>
    /// <param name="meter">Counts what was read and copied.</param>
    /// <returns>False when too few buffers are free; nothing changed then.</returns>
    public bool TryMoveTo(BufferPool pool, FetchMeter meter)
    {
        ArgumentNullException.ThrowIfNull(pool);
        PacketBody moved = default;
        for (int rest = Length; rest > 0; rest -= pool.BufferSize)
        {
            if (!pool.TryRent(out BufferHandle buffer))
            {
                moved.Release();
                return false;
            }
            moved.Append(new BodySlice(pool, buffer, 0, Math.Min(rest, pool.BufferSize)));
        }
        Body.CopyTo(0, moved, 0, meter);
        PacketBody old = Body;
        Body = moved;
        old.Release();
        return true;
    }

    /// <summary>Moves it out: this variable is empty then.</summary>
    /// <exception cref="InvalidOperationException">The body was released or trimmed by itself: its sum is of other bytes.</exception>
    internal SummedBody Take()
    {
        if (Body.Length != Length) throw new InvalidOperationException($"The body has {Body.Length} bytes, its sum is of {Length}.");
        SummedBody taken = this;
        this = default;
        return taken;
    }

    /// <summary>Whether two one's-complement sums are the same: 0 and 0xFFFF are.</summary>
    internal static bool AreEqual(ushort a, ushort b) => a % 0xFFFF == b % 0xFFFF;
}
