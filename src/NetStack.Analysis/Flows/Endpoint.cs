using NetStack.Wire;

namespace NetStack;

/// <summary>What one address sent and received.</summary>
public sealed class Endpoint
{
    internal Endpoint(IpAddress address) => Address = address;

    /// <summary>The address.</summary>
    public IpAddress Address { get; }

    /// <summary>Packets it sent.</summary>
    public long PacketsSent { get; internal set; }

    /// <summary>Bytes on the wire it sent, link headers included.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>Packets sent to it.</summary>
    public long PacketsReceived { get; internal set; }

    /// <summary>Bytes on the wire sent to it.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>TCP segments it sent again, where analysed.</summary>
    public long Retransmissions { get; internal set; }

    /// <summary>Packets both ways.</summary>
    public long Packets => PacketsSent + PacketsReceived;

    /// <summary>Bytes both ways.</summary>
    public long Bytes => BytesSent + BytesReceived;
}
