using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What is known of a packet besides its bytes.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Timestamp">When it was captured, as the source says; null where unknown.</param>
/// <param name="CapturedLength">Bytes captured.</param>
/// <param name="WireLength">Bytes on the wire.</param>
/// <param name="LinkType">How it begins.</param>
/// <param name="Interface">The interface it came in on, from 0.</param>
public readonly record struct PacketInfo(long Number, Timestamp? Timestamp, int CapturedLength, int WireLength, LinkType LinkType, int Interface)
{
    /// <summary>Of a record of a capture.</summary>
    public static PacketInfo From(in CaptureRecord record) =>
        new(record.Number, record.Timestamp, record.CapturedLength, record.WireLength, record.LinkType, record.InterfaceIndex);

    /// <summary>Of a frame that a NIC received.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="number">The number it is to have.</param>
    public static PacketInfo From(in ReceivedFrame frame, long number) =>
        new(number, frame.Arrival, frame.Length, frame.WireLength, frame.LinkType, frame.Interface);
}

/// <summary>Decodes what a capture reader or a NIC gave.</summary>
public static class Decoding
{
    extension(PacketHeaders)
    {
        /// <summary>Decodes the headers of a record: the one fetch.</summary>
        public static PacketHeaders Decode(in CaptureRecord record) => PacketHeaders.Decode(record.Headers, record.LinkType, record.WireLength);

        /// <summary>Decodes the headers of a received frame, from the snapshot it carries.</summary>
        public static PacketHeaders Decode(in ReceivedFrame frame) => PacketHeaders.Decode(frame.Headers, frame.LinkType, frame.WireLength);
    }
}
