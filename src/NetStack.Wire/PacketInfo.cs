namespace NetStack.Wire;

/// <summary>What is known of a packet besides its bytes.</summary>
/// <param name="Number">Its number, from 1; 0 where nobody counts.</param>
/// <param name="Timestamp">When it was captured, as the source says; null where unknown.</param>
/// <param name="CapturedLength">Bytes captured.</param>
/// <param name="WireLength">Bytes on the wire, as the source says; may be less than was captured in a wrong file.</param>
/// <param name="LinkType">How it begins.</param>
/// <param name="Interface">The interface it came in on, from 0.</param>
public readonly record struct PacketInfo(long Number, Timestamp? Timestamp, int CapturedLength, int WireLength, LinkType LinkType, int Interface);
