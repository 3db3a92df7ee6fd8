using System.Net;
using System.Security.Cryptography;

namespace NetStack.Samples;

/// <summary>A request body that stays open while the answer is read.</summary>
internal sealed class DuplexContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<Stream> Opened => _opened.Task;

    internal void Close() => _closed.SetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.FlushAsync(); // the headers go before the first byte
        _opened.SetResult(stream);
        await _closed.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

/// <summary>So many bytes, made as they are sent.</summary>
internal sealed class UploadContent(long size) : HttpContent
{
    private long _written;

    internal long Written => Volatile.Read(ref _written);

    internal string Hash { get; private set; } = "";

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[64 * 1024];
        Random random = new(1);
        for (long left = size; left > 0;)
        {
            int count = (int)Math.Min(left, piece.Length);
            random.NextBytes(piece.AsSpan(0, count));
            hash.AppendData(piece, 0, count);
            await stream.WriteAsync(piece.AsMemory(0, count));
            Interlocked.Add(ref _written, count);
            left -= count;
        }
        Hash = Convert.ToHexString(hash.GetHashAndReset());
    }

    protected override bool TryComputeLength(out long length)
    {
        length = size;
        return true;
    }
}
