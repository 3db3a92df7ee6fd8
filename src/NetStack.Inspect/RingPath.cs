namespace NetStack.Inspect;

/// <summary>A frame that the ring cannot hold however often it is emptied.</summary>
internal sealed class FrameTooLargeException(string message) : Exception(message);

/// <summary>placeholder until the ring lands</summary>
internal sealed class RingPath : IInspectPath
{
    internal RingPath(InspectOptions options, CaptureReader capture)
    {
        throw new FrameTooLargeException("the ring is not built");
    }

    public void Run(PacketPrinter printer)
    {
    }

    public void WriteStats(TextWriter errors, long printed)
    {
    }

    public void Dispose()
    {
    }
}
