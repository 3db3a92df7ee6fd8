using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>What a file format tells of a packet, or of a block that is none.</summary>
internal struct PacketFields
{
    internal CaptureBlockType Type;
    internal PacketBody Body; // the packet, or the content of another block
    internal PacketBody Options;
    internal Timestamp? Timestamp;
    internal int WireLength;
    internal int Interface;
    internal LinkType LinkType;
    internal bool IsBigEndian;
    internal int SectionInterface; // the first interface of the section

    internal readonly bool IsPacket => Type is CaptureBlockType.EnhancedPacket or CaptureBlockType.SimplePacket or CaptureBlockType.ObsoletePacket;

    internal void Release()
    {
        Body.Release();
        Options.Release();
    }
}

/// <summary>How a format's reading of the next packet went.</summary>
internal enum ReadOutcome
{
    Block,
    End,
    Damaged,
}
