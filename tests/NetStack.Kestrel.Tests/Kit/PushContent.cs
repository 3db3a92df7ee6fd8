using System.Net;

namespace NetStack.Kestrel.Tests;

/// <summary>A request body that a program writes while it reads the answer.</summary>
internal sealed class PushContent(Func<Stream, Task> write) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.FlushAsync(); // the headers go before the first byte
        await write(stream);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
