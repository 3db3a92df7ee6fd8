namespace NetStack.Ip;

/// <summary>Takes neighbour discovery messages (RFC 4861): types 133 to 137.</summary>
internal interface INdpHandler
{
    /// <summary>Takes a message whose checksum is right, whose hop limit was 255 and whose code is 0 (RFC 4861 section 6.1, 7.1).
    /// <see cref="InboundDatagram.Bytes"/> is private and holds the whole ICMPv6 message.</summary>
    void Receive(IIpInterface nic, in InboundDatagram message, Instant now);
}
