using System.Diagnostics.CodeAnalysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>
/// Writes pcap, little-endian. The file's one link type and time unit are those of the first packet's interface.
/// </summary>
internal sealed class PcapEncoder(CaptureOutput output, FetchMeter meter) : CaptureEncoder(output, meter)
{
    private readonly List<CaptureInterface> _declared = [];
    private LinkType? _linkType;
    private bool _isMicroseconds;

    internal override void Interface(CaptureInterface declared, EncodedOptions options) => _declared.Add(declared);

    internal override void Packet(in PacketToWrite packet)
    {
        if (_linkType is null) FileHeader(packet.On);
        if (packet.On.LinkType != _linkType)
            throw new NotSupportedException($"A pcap file has one link type: this one has {_linkType}, interface {packet.On.Index} has {packet.On.LinkType}. Write pcapng.");
        Timestamp time = packet.Timestamp ?? default;
        if (time.Seconds is < 0 or > uint.MaxValue) throw NoRoomFor(time, "A pcap file");
        Output.Begin();
        Output.U32((uint)time.Seconds);
        Output.U32((uint)(_isMicroseconds ? time.Nanoseconds / 1000 : time.Nanoseconds));
        Output.U32((uint)packet.Length);
        Output.U32((uint)packet.WireLength);
        Output.Append(packet.Head);
        Output.Append(packet.Body, Meter);
        Output.Commit();
    }

    internal override void Finish()
    {
        if (_linkType is null) FileHeader(_declared.Count > 0 ? _declared[0] : new CaptureInterface(0, LinkType.Ethernet, 0, TimeResolution.Nanoseconds));
    }

    [MemberNotNull(nameof(_linkType))]
    private void FileHeader(CaptureInterface on)
    {
        _linkType = on.LinkType;
        _isMicroseconds = !on.Resolution.IsBinary && on.Resolution.Exponent <= 6;
        Output.Begin();
        Output.U32(_isMicroseconds ? PcapFormat.MagicMicroseconds : PcapFormat.MagicNanoseconds);
        Output.U16(2);
        Output.U16(4);
        Output.U64(0);
        Output.U32(LongestSnap(on.LinkType));
        Output.U32((ushort)on.LinkType);
        Output.Commit();
    }

    /// <summary>Readers cut packets at the file's snap length, so it is the longest of all interfaces; none is the most there can be.</summary>
    private uint LongestSnap(LinkType linkType)
    {
        uint longest = 0;
        foreach (CaptureInterface declared in _declared)
        {
            if (declared.LinkType != linkType) continue;
            if (declared.SnapLength == 0) return CaptureFormat.MaxCapturedOf(linkType);
            longest = Math.Max(longest, declared.SnapLength);
        }
        return longest == 0 ? CaptureFormat.MaxCapturedOf(linkType) : longest;
    }
}
