using NetStack.Memory;

namespace NetStack.Ip;

/// <summary>Copies private bytes into bodies over buffers that a device can read; small ones share a buffer.</summary>
internal sealed class BodyWriter(BufferPool pool)
{
    private BufferWriter _writer = new(pool);

    /// <summary>Where the buffers come from.</summary>
    internal BufferPool Pool => pool;

    /// <summary>Appends bytes to a body.</summary>
    /// <returns>False when no buffer is free; the body is released then.</returns>
    internal bool TryAppend(ref PacketBody body, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int written = _writer.Write(bytes, out BodySlice slice);
            if (written == 0)
            {
                body.Release();
                return false;
            }
            body.Append(slice);
            bytes = bytes[written..];
        }
        return true;
    }

    /// <summary>Lets go of the buffer that is being filled.</summary>
    internal void Release() => _writer.Release();
}
