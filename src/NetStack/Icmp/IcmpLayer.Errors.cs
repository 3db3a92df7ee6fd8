using System.Buffers.Binary;
using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Icmp;

/// <remarks>Errors about what we sent. Anybody can send one: it must quote a packet from one of our addresses, and the transport
/// must expect what is quoted, before anything is believed (RFC 5927).</remarks>
public sealed partial class IcmpLayer
{
    private const int MinQuotedTransport = 8;

    /// <summary>Common MTUs (RFC 1191 section 7.1), for routers that do not say theirs.</summary>
    private static ReadOnlySpan<ushort> Plateaus => [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

    private void TakeErrorV4(in InboundDatagram datagram, ReadOnlySpan<byte> message, Instant now)
    {
        if (!TryReadQuote(message[IcmpHeader.Size..], out Quote quote) || !quote.Source.IsV4)
        {
            Drop(IcmpDropReason.BadQuote);
            return;
        }
        IcmpErrorKind kind = KindOfV4(message[0], message[1]);
        int mtu = 0;
        if (kind == IcmpErrorKind.PacketTooBig)
        {
            mtu = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
            if (mtu == 0) mtu = PlateauBelow(quote.TotalLength);
        }
        TakeError(datagram.Interface, ReportOf(quote, kind, (message[0], message[1]), datagram.Source, mtu), now);
    }

    private void TakeErrorV6(in InboundDatagram datagram, ReadOnlySpan<byte> message, Instant now)
    {
        if (!TryReadQuote(message[IcmpHeader.Size..], out Quote quote) || !quote.Source.IsV6)
        {
            Drop(IcmpDropReason.BadQuote);
            return;
        }
        IcmpErrorKind kind = KindOfV6(message[0], message[1]);
        uint mtu = kind == IcmpErrorKind.PacketTooBig ? BinaryPrimitives.ReadUInt32BigEndian(message[4..]) : 0;
        TakeError(datagram.Interface, ReportOf(quote, kind, (message[0], message[1]), datagram.Source, (int)Math.Min(mtu, ushort.MaxValue)), now);
    }

    /// <summary>Reads a quoted packet as far as its transport; false where that is not there, or in another fragment.</summary>
    private static bool TryReadQuote(ReadOnlySpan<byte> packet, out Quote quote)
    {
        quote = default;
        if (Ipv6View.TryRead(packet, out Ipv6View v6) && v6.Version == 6)
        {
            ReadOnlySpan<byte> rest = packet[Ipv6View.Size..];
            Ipv6Chain chain = Ipv6Chain.Walk(new InboundBytes(rest), v6.NextHeader);
            if (chain.IsLaterFragment || chain.Offset + MinQuotedTransport > rest.Length) return false;
            quote = new Quote { Source = v6.Source, Destination = v6.Destination, Protocol = chain.Protocol, Transport = rest[chain.Offset..] };
            return true;
        }
        if (!Ipv4View.TryRead(packet, out Ipv4View v4) || v4.Version != 4 || v4.HeaderLength < Ipv4View.MinSize) return false;
        if (v4.FragmentOffset != 0 || packet.Length < v4.HeaderLength + MinQuotedTransport) return false;
        quote = new Quote
        {
            Source = v4.Source,
            Destination = v4.Destination,
            Protocol = v4.Protocol,
            TotalLength = v4.TotalLength,
            Transport = packet[v4.HeaderLength..],
        };
        return true;
    }

    private static IcmpErrorReport ReportOf(in Quote quote, IcmpErrorKind kind, (byte Type, byte Code) message, IpAddress reporter, int mtu) => new()
    {
        Kind = kind,
        Message = message,
        Reporter = reporter,
        Source = quote.Source,
        Destination = quote.Destination,
        Protocol = quote.Protocol,
        Quoted = quote.Transport,
        Mtu = mtu,
    };

    private void TakeError(int nic, in IcmpErrorReport report, Instant now)
    {
        ITransport? transport = Ip.TransportOf(report.Protocol);
        if (!_tables.IsLocalAddress(report.Source) || transport is null || !transport.IsExpected(report))
        {
            if (!_tables.IsLocalAddress(report.Source) || Ip.Tap is null || !Ip.Tap.OnError(report)) Drop(IcmpDropReason.UnexpectedError);
            return;
        }
        if (report.Kind != IcmpErrorKind.PacketTooBig)
        {
            transport.OnError(report, now);
            return;
        }
        if (Ip.Options.IgnorePacketTooBig || (report.Destination.IsV6 && report.Mtu < PathMtuCache.FloorV6))
        {
            Drop(IcmpDropReason.PacketTooBigIgnored);
            return;
        }
        transport.OnError(report with { Mtu = Ip.LearnPathMtu(report.Destination, report.Mtu, nic, now) }, now);
    }

    private static int PlateauBelow(int length)
    {
        foreach (ushort plateau in Plateaus)
        {
            if (plateau < length) return plateau;
        }
        return Plateaus[^1];
    }

    private static IcmpErrorKind KindOfV4(byte type, byte code) => (type, code) switch
    {
        (3, 2) => IcmpErrorKind.ProtocolUnreachable,
        (3, 3) => IcmpErrorKind.PortUnreachable,
        (3, 4) => IcmpErrorKind.PacketTooBig,
        (3, 9 or 10 or 13 or 14 or 15) => IcmpErrorKind.Prohibited,
        (3, _) => IcmpErrorKind.HostUnreachable,
        (11, _) => IcmpErrorKind.TimeExceeded,
        _ => IcmpErrorKind.ParameterProblem,
    };

    private static IcmpErrorKind KindOfV6(byte type, byte code) => (type, code) switch
    {
        (1, 1 or 5 or 6) => IcmpErrorKind.Prohibited,
        (1, 4) => IcmpErrorKind.PortUnreachable,
        (1, _) => IcmpErrorKind.HostUnreachable,
        (2, _) => IcmpErrorKind.PacketTooBig,
        (3, _) => IcmpErrorKind.TimeExceeded,
        (4, 1) => IcmpErrorKind.ProtocolUnreachable,
        _ => IcmpErrorKind.ParameterProblem,
    };

    bool ITransport.IsExpected(in IcmpErrorReport error) => FindSender(error) is not null;

    void ITransport.OnError(in IcmpErrorReport error, Instant now)
    {
        // The next request that is too big for the path is fragmented, unless it must not be.
        if (FindSender(error) is { } socket && (error.Kind != IcmpErrorKind.PacketTooBig || socket.DontFragment)) socket.SetError(DatagramError.From(error, 0));
    }

    /// <summary>The echo socket whose request is quoted.</summary>
    private EchoSocket? FindSender(in IcmpErrorReport error)
    {
        bool isV6 = error.Source.IsV6;
        if (!IcmpView.TryRead(error.Quoted, out IcmpView view) || !view.IsWhole || view.Type != (isV6 ? 128 : 8)) return null;
        return _sockets.GetValueOrDefault((isV6, view.Identifier));
    }

    /// <summary>A quoted packet.</summary>
    private readonly ref struct Quote
    {
        internal IpAddress Source { get; init; }

        internal IpAddress Destination { get; init; }

        internal IpProtocol Protocol { get; init; }

        internal int TotalLength { get; init; }

        internal ReadOnlySpan<byte> Transport { get; init; }
    }
}
