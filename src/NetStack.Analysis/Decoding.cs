using NetStack.Nic;
using NetStack.Wire;

namespace NetStack;

/// <summary>Decodes what a capture reader or a NIC gave.</summary>
public static class Decoding
{
    extension(PacketHeaders)
    {
        /// <summary>Decodes the headers of a record: the one fetch.</summary>
        public static PacketHeaders Decode(in CaptureRecord record) =>
            PacketHeaders.Decode(record.Headers, new PacketInfo(record.Number, record.Timestamp, record.CapturedLength, record.WireLength, record.LinkType, record.InterfaceIndex));

        /// <summary>Decodes the headers of a received frame, from the snapshot it carries.</summary>
        /// <param name="frame">The frame.</param>
        /// <param name="number">The number it is to have.</param>
        public static PacketHeaders Decode(in ReceivedFrame frame, long number) =>
            PacketHeaders.Decode(frame.Headers, new PacketInfo(number, frame.Arrival, frame.Length, frame.WireLength, frame.LinkType, frame.Interface));
    }
}
