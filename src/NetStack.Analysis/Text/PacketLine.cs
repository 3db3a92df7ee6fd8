using System.Buffers;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// One packet as one line of text, in the manner of tcpdump -n: the time, the link layers that say something, then the
/// innermost network and transport headers. UTF-8 straight into the output, nothing allocated.
/// </summary>
/// <param name="format">The time in front.</param>
public sealed class PacketLine(TimeFormat format)
{
    private Timestamp? _first;
    private Timestamp? _previous;
    private bool _nine; // decimals: six until a time needs nine, then nine, so that the lines stay under each other

    /// <summary>Writes a packet and a line end.</summary>
    public void Write(IBufferWriter<byte> output, in PacketHeaders headers)
    {
        LineWriter line = new(output.GetSpan(PacketJson.MaxLine));
        AppendTime(ref line, headers.Info.Timestamp);
        AppendLayers(ref line, headers);
        foreach (Note note in headers.Notes)
        {
            if (note.Code == NoteCode.Unsupported) continue;
            line.Append(" [|"u8);
            NoteText.AppendDetail(ref line, note);
            line.Append(']');
        }
        line.Append('\n');
        output.Advance(line.Length);
    }

    private void AppendTime(ref LineWriter line, Timestamp? timestamp)
    {
        if (format == TimeFormat.None) return;
        if (timestamp is not { } at)
        {
            line.Append("- "u8);
            return;
        }
        _first ??= at;
        _nine |= at.Nanoseconds % 1000 != 0;
        switch (format)
        {
            case TimeFormat.Epoch:
                TimeText.AppendSeconds(ref line, at.TotalNanoseconds, _nine);
                break;
            case TimeFormat.Relative:
                TimeText.AppendSeconds(ref line, at - _first.Value, _nine);
                break;
            case TimeFormat.Delta:
                TimeText.AppendSeconds(ref line, at - (_previous ?? at), _nine);
                break;
            default:
                TimeText.AppendDayTime(ref line, at, _nine);
                break;
        }
        _previous = at;
        line.Append(' ');
    }

    private static void AppendLayers(ref LineWriter line, in PacketHeaders headers)
    {
        ReadOnlySpan<Layer> layers = headers.Layers;
        if (layers.IsEmpty)
        {
            line.Append("link type "u8);
            line.Append((int)headers.Info.LinkType);
            line.Append(", length "u8);
            line.Append(headers.Info.WireLength);
            return;
        }
        bool any = false;
        for (int i = 0; i < layers.Length; i++)
        {
            // A network header is told together with the transport header it carries.
            bool isLast = i == layers.Length - 1;
            if (layers[i].Kind is LayerKind.Ethernet or LayerKind.NullLoopback or LayerKind.Loop && !isLast) continue;
            if (any) line.Append(layers[i - 1].Kind is LayerKind.Ipv4 or LayerKind.Ipv6 or LayerKind.Ipv6Fragment or LayerKind.Authentication ? ": "u8 : ", "u8);
            any = true;
            LayerText.Append(ref line, layers, i, headers);
        }
        if (layers[^1].Kind is LayerKind.Tcp or LayerKind.Udp or LayerKind.Icmp or LayerKind.Icmpv6) return;
        line.Append(", length "u8);
        line.Append(layers[^1].Kind is LayerKind.Ethernet or LayerKind.Arp ? Math.Max(0, headers.Info.WireLength - layers[^1].Offset) : layers[^1].PayloadLength);
    }
}
