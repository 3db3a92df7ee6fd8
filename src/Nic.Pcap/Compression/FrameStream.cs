namespace NetStack.Nic.Pcap;

/// <summary>Uncompresses one frame after the other, keeping its state from step to step.</summary>
internal abstract class FrameDecoder : IDisposable
{
    /// <summary>The format's name, for messages.</summary>
    internal abstract string Name { get; }

    /// <summary>How many bytes a frame begins with, at least.</summary>
    internal abstract int StartLength { get; }

    /// <summary>Goes on a step.</summary>
    /// <param name="input">Compressed bytes.</param>
    /// <param name="output">Where plain bytes go.</param>
    /// <param name="consumed">How many of the input were used up.</param>
    /// <param name="produced">How many plain bytes came out.</param>
    /// <returns>How many compressed bytes the next step wants; 0 where a frame is complete and all of it came out.</returns>
    /// <exception cref="InvalidDataException">The frame is corrupt.</exception>
    internal abstract int Step(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced);

    public abstract void Dispose();
}

/// <summary>
/// Uncompresses a stream of frames. Each step is given as much input as it asked for and no more: so what came before a corrupt
/// place is out before that place is looked at.
/// </summary>
internal sealed class FrameStream(Stream compressed, FrameDecoder decoder) : ForwardStream
{
    private const int InputSize = 128 * 1024;

    private readonly byte[] _input = new byte[InputSize];
    private int _at;
    private int _filled;
    private long _consumed; // compressed bytes
    private int _wanted = decoder.StartLength;
    private bool _isInFrame;
    private bool _hasMoreOutput;
    private Exception? _failure;

    /// <exception cref="InvalidDataException">The stream is corrupt.</exception>
    /// <exception cref="EndOfStreamException">The stream is cut.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (_failure is not null) throw _failure;
        if (buffer.IsEmpty) return 0;
        while (true)
        {
            if (_at == _filled && !_hasMoreOutput && !TryFill()) return _isInFrame ? throw Cut() : 0;
            int produced = Step(buffer);
            if (produced > 0) return produced;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            decoder.Dispose();
            compressed.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Step(Span<byte> buffer)
    {
        int given = Math.Min(_wanted, _filled - _at);
        int wanted, consumed, produced;
        try
        {
            wanted = decoder.Step(_input.AsSpan(_at, given), buffer, out consumed, out produced);
            if (consumed == 0 && produced == 0 && given > 0) throw new InvalidDataException("it makes no progress");
        }
        catch (InvalidDataException e)
        {
            throw _failure = new InvalidDataException($"the {decoder.Name} stream is corrupt near its byte {_consumed}: {e.Message}", e);
        }
        _at += consumed;
        _consumed += consumed;
        _hasMoreOutput = wanted > 0 && produced == buffer.Length;
        _isInFrame = wanted > 0;
        _wanted = wanted > 0 ? wanted : decoder.StartLength;
        return produced;
    }

    private bool TryFill()
    {
        _at = 0;
        _filled = compressed.Read(_input);
        return _filled > 0;
    }

    private EndOfStreamException Cut()
    {
        EndOfStreamException cut = new($"the {decoder.Name} stream is cut at its byte {_consumed}");
        _failure = cut;
        return cut;
    }
}
