using System.Net;
using System.Security.Cryptography;

namespace NetStack.Kestrel.Tests;

/// <summary>So many bytes, made as they are sent.</summary>
internal sealed class GeneratedContent(long size, int seed = 11) : HttpContent
{
    private long _written;

    internal long Written => Volatile.Read(ref _written);

    internal string Hash { get; private set; } = "";

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[128 * 1024];
        Random random = new(seed);
        for (long left = size; left > 0;)
        {
            int count = (int)Math.Min(left, piece.Length);
            random.NextBytes(piece.AsSpan(0, 64)); // the rest stays: noise enough to see an error
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
