using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>TCP, UDP, ICMP and IGMP in words. It remembers the network header that was told before.</summary>
internal sealed class TransportText(PacketLineOptions options)
{
    private readonly TcpSequences _sequences = new();
    private ChecksumText.Pseudo _pseudo;

    /// <summary>A packet begins.</summary>
    internal void Begin() => _pseudo = default;

    /// <summary>What comes is between these addresses.</summary>
    internal void Within(IpAddress source, IpAddress destination, bool isFragment) => _pseudo = new(source, destination, default, isFragment);

    /// <summary>What comes is not whole.</summary>
    internal void InPieces() => _pseudo = _pseudo with { IsFragment = true };

    internal void Append(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes, in PacketHeaders headers)
    {
        switch (layer.Kind)
        {
            case LayerKind.Tcp when TcpView.TryRead(bytes, out TcpView tcp):
                Tcp(ref line, layer, tcp, headers);
                break;
            case LayerKind.Udp when UdpView.TryRead(bytes, out UdpView udp):
                Udp(ref line, layer, udp, headers);
                break;
            case LayerKind.Icmp when IcmpView.TryRead(bytes, out IcmpView icmp):
                icmp.AppendTo(ref line, layer.End - layer.Offset);
                if (Wants(1) && TrySum(headers, layer, IpProtocol.Icmp, out ushort rest) && rest != 0)
                {
                    line.Append(" (wrong icmp cksum "u8);
                    line.AppendHex(icmp.Checksum);
                    line.Append(" (->"u8);
                    line.AppendHex(ChecksumText.ShouldBe(icmp.Checksum, rest));
                    line.Append(")!)"u8);
                }
                break;
            case LayerKind.Icmpv6 when Icmpv6View.TryRead(bytes, out Icmpv6View icmpv6):
                if (Wants(1) && TrySum(headers, layer, IpProtocol.Icmpv6, out ushort rest6)) ChecksumText.Other(ref line, "icmp6"u8, icmpv6.Checksum, rest6);
                icmpv6.AppendTo(ref line, layer.End - layer.Offset);
                break;
            case LayerKind.Igmp when IgmpView.TryRead(bytes, out IgmpView igmp):
                igmp.AppendTo(ref line);
                break;
            default:
                line.Append(LayerJson.NameOf(layer.Kind));
                break;
        }
    }

    private void Tcp(ref LineWriter line, in Layer layer, TcpView tcp, in PacketHeaders headers)
    {
        if (options.Quiet)
        {
            line.Append("tcp "u8);
            line.Append(layer.PayloadLength);
            return;
        }
        TcpOrigins origins = options.AbsoluteSequence ? default : _sequences.Of(_pseudo.Source, _pseudo.Destination, tcp);
        bool colored = options.Color && (tcp.Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Rst)) != 0;
        Ink.Begin(ref line, colored, (tcp.Flags & TcpFlags.Rst) != 0 ? Ink.Red : (tcp.Flags & TcpFlags.Syn) != 0 ? Ink.Green : Ink.Magenta);
        tcp.AppendFlagsTo(ref line);
        Ink.End(ref line, colored);
        if (Wants(1) && TrySum(headers, layer, IpProtocol.Tcp, out ushort rest)) ChecksumText.Tcp(ref line, tcp.Checksum, rest);
        bool withSequence = options.Verbosity > 1 || layer.PayloadLength > 0 || (tcp.Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Rst)) != 0;
        tcp.AppendNumbersTo(ref line, layer.PayloadLength, origins, withSequence);
    }

    private void Udp(ref LineWriter line, in Layer layer, UdpView udp, in PacketHeaders headers)
    {
        // tcpdump: over IPv4 from -vv on, over IPv6 from -v on.
        if (Wants(_pseudo.Source.IsV6 ? 1 : 2))
        {
            if (udp.Checksum == 0 && _pseudo.Source.IsV4) line.Append("[no cksum] "u8);
            else if (TrySum(headers, layer, IpProtocol.Udp, out ushort rest)) ChecksumText.Other(ref line, "udp"u8, udp.Checksum, rest);
        }
        udp.AppendTo(ref line, layer.PayloadLength);
    }

    private bool Wants(int verbosity) => options.Verbosity >= verbosity && !options.NoChecksums;

    private bool TrySum(in PacketHeaders headers, in Layer layer, IpProtocol protocol, out ushort rest) =>
        ChecksumText.TrySum(headers, layer, _pseudo with { Protocol = protocol }, out rest);
}
