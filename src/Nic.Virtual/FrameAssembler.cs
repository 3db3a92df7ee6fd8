using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>Puts a frame together from completions that were checked one by one, and checks what holds for the frame.</summary>
internal sealed class FrameAssembler(int maxFrameLength, int maxBuffers)
{
    private PacketBody _body;
    private RxCompletion _first;
    private int _expected; // chain index of the next buffer
    private bool _skipping; // the rest of a broken frame

    /// <summary>Adds a buffer, whose pin passes to the frame.</summary>
    /// <param name="completion">Its completion.</param>
    /// <param name="slice">The bytes written.</param>
    /// <param name="drop">Why the frame is broken; only where the result is <see cref="Progress.Broken"/>.</param>
    internal Progress Add(in RxCompletion completion, BodySlice slice, out DropReason drop)
    {
        drop = DropReason.BadChain;
        bool isLast = (completion.Flags & RxFlags.EndOfPacket) != 0;
        if (completion.ChainIndex == 0 && _expected != 0)
        {
            // The frame before was never ended; this begins a new one.
            _body.Release();
            _expected = 0;
            _skipping = false;
            Begin(completion, slice);
            return Progress.BrokenBefore;
        }
        if (_skipping && completion.ChainIndex != 0)
        {
            slice.Pool.Release(slice.Buffer);
            if (isLast) _skipping = false;
            return Progress.Skipped;
        }
        _skipping = false;
        if (completion.ChainIndex != _expected || _expected >= maxBuffers || _body.Length + slice.Length > maxFrameLength)
        {
            slice.Pool.Release(slice.Buffer);
            Abort(isLast);
            return Progress.Broken;
        }
        if (_expected == 0) Begin(completion, slice);
        else Append(slice);
        return isLast ? Progress.Whole : Progress.Partial;
    }

    /// <summary>A completion that could not be used stands where a buffer of the frame should: the frame is lost.</summary>
    internal bool Abort(bool isLast)
    {
        bool had = _expected > 0;
        _body.Release();
        _expected = 0;
        _skipping = !isLast;
        return had;
    }

    /// <summary>Whether the frame that <see cref="Add"/> just began must be finished by its own last flag.</summary>
    internal bool FirstIsLast => (_first.Flags & RxFlags.EndOfPacket) != 0;

    /// <summary>Gives the whole frame out, and its first completion; buffers that hold nothing are released.</summary>
    internal PacketBody Take(out RxCompletion first, out int buffers)
    {
        first = _first;
        buffers = _expected;
        PacketBody body = _body;
        _body = default;
        _expected = 0;
        return body;
    }

    private void Begin(in RxCompletion completion, BodySlice slice)
    {
        _first = completion;
        _body = default;
        Append(slice);
    }

    private void Append(BodySlice slice)
    {
        _body.Append(slice);
        _expected++;
    }

    internal enum Progress
    {
        Partial,
        Whole,
        Skipped,
        Broken,
        BrokenBefore,
    }
}
