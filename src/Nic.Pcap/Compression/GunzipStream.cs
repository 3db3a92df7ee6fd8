using System.IO.Compression;

namespace NetStack.Nic.Pcap;

/// <summary>
/// Uncompresses gzip, of several members too. The framework's stream takes a compressed stream that is cut for one that ends;
/// here that is an <see cref="EndOfStreamException"/>.
/// </summary>
internal sealed class GunzipStream : ForwardStream
{
    /// <summary>Bytes asked for at once: where the stream is corrupt, the framework loses so many before that place.</summary>
    private const int Piece = 2048;

    private readonly MarkedEndStream _compressed;
    private readonly GZipStream _plain;

    /// <summary>Uncompresses a stream, and closes it in the end.</summary>
    internal GunzipStream(Stream compressed)
    {
        _compressed = new MarkedEndStream(compressed);
        _plain = new GZipStream(_compressed, CompressionMode.Decompress);
    }

    /// <exception cref="InvalidDataException">The stream is corrupt.</exception>
    /// <exception cref="EndOfStreamException">The stream is cut.</exception>
    public override int Read(Span<byte> buffer)
    {
        int count;
        try
        {
            count = _plain.Read(buffer[..Math.Min(buffer.Length, Piece)]);
        }
        catch (InvalidDataException) when (_compressed.IsMarked)
        {
            throw Cut();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException("the gzip stream is corrupt", e);
        }
        // Behind a whole member the mark is left alone as garbage; in a member that is cut it is taken for data, and more is wanted.
        return _compressed.IsMarked && (count > 0 || _compressed.IsWantedMore) ? throw Cut() : count;
    }

    private static EndOfStreamException Cut() => new("the gzip stream is cut");

    protected override void Dispose(bool disposing)
    {
        if (disposing) _plain.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Gives one byte more than there is, and knows whether even more was wanted then.</summary>
    private sealed class MarkedEndStream(Stream stream) : ForwardStream
    {
        internal bool IsMarked { get; private set; }

        internal bool IsWantedMore { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            IsWantedMore = IsMarked;
            int count = IsMarked || buffer.IsEmpty ? 0 : stream.Read(buffer);
            if (count > 0 || IsMarked || buffer.IsEmpty) return count;
            IsMarked = true;
            buffer[0] = 0;
            return 1;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) stream.Dispose();
            base.Dispose(disposing);
        }
    }
}
