using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>A header that is kept.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Offset">Where it begins, in bytes from the packet's start.</param>
/// <param name="Length">Its bytes that are kept.</param>
/// <param name="End">Where what it carries ends by the length fields, in bytes from the packet's start.</param>
/// <param name="Ip">The index of the IP header around it; -1 where there is none.</param>
internal readonly record struct HeaderPart(LayerKind Kind, int Offset, int Length, int End, int Ip);

/// <summary>
/// Which bytes of a packet are headers: those of the decoded layers; of ICMP, IGMP, NDP and MLD what their formats define, and the
/// headers of the packet that an error quotes. What it does not know is no header.
/// </summary>
internal sealed class HeaderMap
{
    private readonly HeaderPart[] _parts = new HeaderPart[PacketHeaders.MaxLayers + QuotedPart.MaxParts];
    private int _count;
    private int _ip;

    /// <summary>The headers, outermost first; what an error quotes comes last.</summary>
    internal ReadOnlySpan<HeaderPart> Parts => _parts.AsSpan(0, _count);

    /// <summary>Where the last header ends, in bytes from the packet's start.</summary>
    internal int Border { get; private set; }

    /// <summary>Finds them.</summary>
    /// <param name="snapshot">The packet; further lines are fetched as its headers ask.</param>
    /// <param name="headers">What was decoded of it.</param>
    /// <param name="knownOnly">Whether every byte must belong to a field that is known: of a header that was cut short, only its
    /// fixed part is kept, if that is whole.</param>
    internal void Find(HeaderSnapshot snapshot, in PacketHeaders headers, bool knownOnly)
    {
        _count = 0;
        _ip = -1;
        Border = 0;
        ReadOnlySpan<Layer> layers = headers.Layers;
        int captured = snapshot.FrameLength;
        for (int i = 0; i < layers.Length; i++)
        {
            Layer layer = layers[i];
            int length = layer.IsWhole ? layer.Length : LengthOfBroken(headers, i, knownOnly);
            if (i == layers.Length - 1) length = Math.Max(length, ControlMessages.LengthOf(snapshot, layer, knownOnly));
            Add(layer.Kind, layer.Offset, Math.Min(length, captured - layer.Offset), layer.End);
        }
        if (!knownOnly) KeepCutHeader(headers, captured);
        if (layers.Length > 0) AddQuoted(snapshot, layers[^1], headers.BytesOf(layers[^1]), knownOnly);
    }

    /// <summary>Adds a header, and moves the border behind it.</summary>
    internal void Add(LayerKind kind, int offset, int length, int end)
    {
        if (_count == _parts.Length || length <= 0) return;
        _parts[_count] = new HeaderPart(kind, offset, length, end, _ip);
        if (kind is LayerKind.Ipv4 or LayerKind.Ipv6) _ip = _count;
        _count++;
        Border = Math.Max(Border, offset + length);
    }

    /// <summary>Makes the header added last longer.</summary>
    internal void Lengthen(int length)
    {
        HeaderPart last = _parts[_count - 1];
        _parts[_count - 1] = last with { Length = length };
        Border = Math.Max(Border, last.Offset + length);
    }

    /// <summary>Bytes kept of a header that is there but not whole.</summary>
    private static int LengthOfBroken(in PacketHeaders headers, int index, bool knownOnly)
    {
        Layer layer = headers.Layers[index];
        if (knownOnly) return Math.Min(layer.Length, FixedSizeOf(layer.Kind));
        int claimed = layer.Length;
        foreach (Note note in headers.Notes)
        {
            // Where bytes are missing, all that are there are the header's; where the length cannot be, only the fixed part is.
            if (note.LayerIndex == index && note.Code is NoteCode.Truncated or NoteCode.LengthExceedsPacket && note.Claimed <= byte.MaxValue) claimed = Math.Max(claimed, note.Claimed);
        }
        return Math.Min(claimed, layer.End - layer.Offset);
    }

    /// <summary>A header of which less than the fixed part is there: that it was cut in the middle is part of what is shown.</summary>
    private void KeepCutHeader(in PacketHeaders headers, int captured)
    {
        if (headers.Notes.IsEmpty) return;
        Note last = headers.Notes[^1];
        if (last.Kind == LayerKind.None || last.LayerIndex != headers.Layers.Length || last.Code is not (NoteCode.Truncated or NoteCode.LengthExceedsPacket)) return;
        int at = headers.Layers.IsEmpty ? 0 : headers.Layers[^1].PayloadOffset;
        int end = headers.Layers.IsEmpty ? captured : Math.Min(captured, headers.Layers[^1].End);
        Border = Math.Max(Border, Math.Min(at + Math.Min(last.Claimed, FixedSizeOf(last.Kind)), end));
    }

    private void AddQuoted(HeaderSnapshot snapshot, in Layer error, ReadOnlySpan<byte> message, bool knownOnly)
    {
        if (!error.IsWhole) return;
        bool isError = error.Kind switch
        {
            LayerKind.Icmp => IcmpView.TryRead(message, out IcmpView v4) && v4.IsError,
            LayerKind.Icmpv6 => Icmpv6View.TryRead(message, out Icmpv6View v6) && v6.IsError,
            _ => false,
        };
        if (!isError) return;
        _ip = -1;
        new QuotedPart(this, snapshot, Math.Min(error.End, snapshot.FrameLength), knownOnly).Add(error.Offset + IcmpView.FullSize);
    }

    /// <summary>Bytes of the part of a header that is always there.</summary>
    private static int FixedSizeOf(LayerKind kind) => kind switch
    {
        LayerKind.Ethernet => EthernetView.Size,
        LayerKind.LinuxSll => LinuxSllView.Size1,
        LayerKind.LinuxSll2 => LinuxSllView.Size2,
        LayerKind.Ipv4 or LayerKind.Tcp => Ipv4View.MinSize,
        LayerKind.Ipv6 => Ipv6View.Size,
        LayerKind.Authentication => 12,
        LayerKind.Pppoe => PppoeView.Size,
        LayerKind.Llc or LayerKind.Vlan or LayerKind.Mpls or LayerKind.NullLoopback or LayerKind.Loop or LayerKind.Gre or LayerKind.CiscoHdlc or LayerKind.Nflog or LayerKind.Wccp => 4,
        LayerKind.Ppp => 1,
        _ => 8,
    };

    /// <summary>Two bytes as a number, in network order.</summary>
    internal static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}
