using NetStack.Wire;

namespace NetStack;

/// <summary>
/// What a packet's time is beside those of the capture's first packet and of the one before: <c>frame.time_relative</c> and
/// <c>frame.time_delta</c>. Every packet must be shown to it, in order; a filter and a writer that share one see the same.
/// </summary>
public sealed class CaptureTimes
{
    private long _number = -1;
    private Timestamp? _first;
    private Timestamp? _present;

    /// <summary>Nanoseconds since the first packet that has a time; null where this one has none.</summary>
    public Int128? SinceFirst { get; private set; }

    /// <summary>Nanoseconds since the packet before; 0 for the first; null where this one has no time.</summary>
    public Int128? SincePrevious { get; private set; }

    /// <summary>Goes on to a packet; the same packet again changes nothing.</summary>
    public void Advance(in PacketInfo packet)
    {
        if (packet.Number == _number && packet.Number != 0) return;
        _number = packet.Number;
        SinceFirst = SincePrevious = null;
        if (packet.Timestamp is not { } at) return;
        _first ??= at;
        SinceFirst = at - _first.Value;
        SincePrevious = at - (_present ?? at);
        _present = at;
    }
}
