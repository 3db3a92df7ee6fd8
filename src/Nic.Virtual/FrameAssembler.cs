using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>How far a completion brought its frame.</summary>
internal enum ChainProgress
{
    /// <summary>More buffers of the frame are to come.</summary>
    Partial,

    /// <summary>The frame is whole.</summary>
    Whole,

    /// <summary>The completion was refused, or belongs to a frame that was.</summary>
    Dropped,
}

/// <summary>Puts a frame together from completions that were checked one by one, and counts frames that break.</summary>
internal sealed class FrameAssembler(int maxFrameLength, int maxBuffers, DropCounters drops, bool checksChain)
{
    private PacketBody _body;
    private RxCompletion _first;
    private int _expected; // chain index of the next buffer
    private bool _skipping; // the rest of a broken frame

    /// <summary>Adds a buffer, whose pin passes to the frame.</summary>
    /// <param name="completion">Its completion.</param>
    /// <param name="slice">The bytes written.</param>
    internal ChainProgress Add(in RxCompletion completion, BodySlice slice)
    {
        bool isLast = IsLast(completion);
        if (completion.ChainIndex == 0 && checksChain)
        {
            Abort(isLast: true); // a frame that was never ended
        }
        else if (_skipping)
        {
            slice.Pool.Release(slice.Buffer);
            _skipping = !isLast;
            return ChainProgress.Dropped;
        }
        if (checksChain && (completion.ChainIndex != _expected || _expected >= maxBuffers || _body.Length + slice.Length > maxFrameLength))
        {
            slice.Pool.Release(slice.Buffer);
            if (_expected == 0) drops.Add(DropReason.BadChain);
            Abort(isLast);
            return ChainProgress.Dropped;
        }
        if (_expected++ == 0) _first = completion;
        else _first.Flags |= completion.Flags & RxFlags.Error; // a device learns of an error late
        _body.Append(slice);
        return isLast ? ChainProgress.Whole : ChainProgress.Partial;
    }

    /// <summary>A completion that could not be used stands where a buffer of the frame should: the frame is lost.</summary>
    internal ChainProgress Refuse(in RxCompletion completion, DropReason reason)
    {
        drops.Add(reason);
        Abort(IsLast(completion));
        return ChainProgress.Dropped;
    }

    /// <summary>Drops a frame that was begun, counted, and what is still to come of it.</summary>
    /// <param name="isLast">Whether nothing more is to come.</param>
    internal void Abort(bool isLast)
    {
        if (_expected > 0) drops.Add(DropReason.BadChain);
        _body.Release();
        _expected = 0;
        _skipping = !isLast;
    }

    /// <summary>Whether a frame that was begun lies in buffers of a pool.</summary>
    internal bool Uses(BufferPool pool)
    {
        for (int i = 0; i < _expected; i++)
        {
            if (_body.Slice(i).Pool == pool) return true;
        }
        return false;
    }

    /// <summary>Gives the whole frame out, and its first completion.</summary>
    internal PacketBody Take(out RxCompletion first, out int buffers)
    {
        first = _first;
        buffers = _expected;
        PacketBody body = _body;
        _body = default;
        _expected = 0;
        return body;
    }

    private static bool IsLast(in RxCompletion completion) => (completion.Flags & RxFlags.EndOfPacket) != 0;
}
