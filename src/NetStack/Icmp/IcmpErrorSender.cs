using System.Buffers.Binary;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Icmp;

/// <summary>
/// Sends ICMP and ICMPv6 errors about packets that came in, where the rules allow one (RFC 1122 section 3.2.2, RFC 1812 section
/// 4.3.2, RFC 4443 section 2.4), as often as token buckets let it.
/// </summary>
internal sealed class IcmpErrorSender
{
    private const int MaxSizeV4 = 576;
    private const int MaxSizeV6 = 1280;
    private const byte InternetControl = 0xC0; // RFC 1812 section 4.3.2.5
    private const int Destinations = 256;
    private const int BurstToOne = 6;
    private const int BurstToAll = 50;

    private readonly IpLayer _ip;
    private readonly IIpTables _tables;
    private readonly IpLayerOptions _options;
    private readonly ConnectionHash _hash;
    private readonly TokenBucket[] _byDestination = new TokenBucket[Destinations];
    private TokenBucket _all;

    internal IcmpErrorSender(IpLayer ip, IIpTables tables, IpLayerOptions options, ref SeededRandom random)
    {
        _ip = ip;
        _tables = tables;
        _options = options;
        _hash = ConnectionHash.From(ref random);
    }

    /// <summary>What was sent, and what was not.</summary>
    internal IcmpErrorCounters Counters { get; } = new();

    /// <summary>Nobody listens at the port.</summary>
    internal void PortUnreachable(in InboundDatagram about, Instant now) => Send(about, About(about, 3, 3, 1, 4), 0, false, now);

    /// <summary>IPv4: nobody speaks the protocol.</summary>
    internal void ProtocolUnreachable(in InboundDatagram about, Instant now) => Send(about, (3, 2), 0, false, now);

    /// <summary>There is no way to the destination, which a router says.</summary>
    internal void NoRoute(in InboundDatagram about, Instant now) => Send(about, About(about, 3, 0, 1, 0), 0, false, now);

    /// <summary>The destination's link-layer address could not be found.</summary>
    internal void HostUnreachable(in InboundDatagram about, Instant now) => Send(about, About(about, 3, 1, 1, 3), 0, false, now);

    /// <summary>Forwarding is prohibited.</summary>
    internal void Prohibited(in InboundDatagram about, Instant now) => Send(about, About(about, 3, 13, 1, 1), 0, false, now);

    /// <summary>The packet does not fit into the next link and must not be cut.</summary>
    /// <param name="about">The packet.</param>
    /// <param name="mtu">The largest packet that fits, in bytes.</param>
    /// <param name="now">The present.</param>
    internal void PacketTooBig(in InboundDatagram about, int mtu, Instant now) =>
        Send(about, About(about, 3, 4, 2, 0), (uint)mtu, about.Source.IsV6, now);

    /// <summary>The hop limit is used up (code 0), or fragments did not come in time (code 1).</summary>
    internal void TimeExceeded(in InboundDatagram about, byte code, Instant now) => Send(about, About(about, 11, code, 3, code), 0, false, now);

    /// <summary>The header cannot be.</summary>
    /// <param name="about">The packet.</param>
    /// <param name="code">The code.</param>
    /// <param name="pointer">Where in the packet the fault lies, in bytes.</param>
    /// <param name="evenToGroup">Whether it is sent about a packet to a group too.</param>
    /// <param name="now">The present.</param>
    internal void ParameterProblem(in InboundDatagram about, byte code, int pointer, bool evenToGroup, Instant now) =>
        Send(about, About(about, 12, code, 4, code), about.Source.IsV4 ? (uint)pointer << 24 : (uint)pointer, evenToGroup, now);

    private static (byte Type, byte Code) About(in InboundDatagram about, byte typeV4, byte codeV4, byte typeV6, byte codeV6) =>
        about.Source.IsV4 ? (typeV4, codeV4) : (typeV6, codeV6);

    private void Send(in InboundDatagram about, (byte Type, byte Code) message, uint rest, bool evenToGroup, Instant now)
    {
        if (!MayAnswer(about, evenToGroup))
        {
            Counters.Forbidden++;
            return;
        }
        ref TokenBucket own = ref _byDestination[_hash.Of(default, 0, about.Source, 0) % Destinations];
        if (!own.TryTake(_options.IcmpErrorsPerSecondAndDestination, BurstToOne, now) || !_all.TryTake(_options.IcmpErrorsPerSecond, BurstToAll, now))
        {
            Counters.RateLimited++;
            return;
        }
        if (Compose(about, message, rest, now) == SendOutcome.Sent) Counters.Sent++;
        else Counters.Unsent++;
    }

    private SendOutcome Compose(in InboundDatagram about, (byte Type, byte Code) message, uint rest, Instant now)
    {
        bool isV4 = about.Source.IsV4;
        int room = (isV4 ? MaxSizeV4 - Ipv4View.MinSize : MaxSizeV6 - Ipv6View.Size) - IcmpHeader.Size;
        ReadOnlySpan<byte> header = about.NetworkHeader[..Math.Min(room, about.NetworkHeader.Length)];
        ReadOnlySpan<byte> quoted = about.Bytes.Require(room - header.Length);
        quoted = quoted[..Math.Min(quoted.Length, room - header.Length)];
        PacketBody body = default;
        if (!_ip.Bodies.TryAppend(ref body, header) || !_ip.Bodies.TryAppend(ref body, quoted)) return SendOutcome.NoRoom;
        Span<byte> icmp = stackalloc byte[IcmpHeader.Size];
        new IcmpHeader(message.Type, message.Code, rest).Write(icmp);
        IpSend send = new(SourceFor(about), about.Source, isV4 ? IpProtocol.Icmp : IpProtocol.Icmpv6)
        {
            Interface = Martians.IsLinkLocalV6(about.Source) ? about.Interface : null,
            TrafficClass = isV4 ? InternetControl : (byte)0,
            ChecksumOffset = 2,
        };
        return _ip.Send(send, icmp, body, now);
    }

    /// <summary>The address that was spoken to, if it is one of ours (RFC 4443 section 2.2).</summary>
    private IpAddress SourceFor(in InboundDatagram about) =>
        !about.IsGroupAddressed && _tables.IsLocalAddress(about.Destination) ? about.Destination : default;

    private bool MayAnswer(in InboundDatagram about, bool evenToGroup)
    {
        IpAddress source = about.Source;
        if (source.IsNone || source.IsUnspecified || source.IsMulticast) return false;
        if (about.IsGroupAddressed && !evenToGroup) return false;
        if (source.IsV4 && (source.Value >= 0xF000_0000 || IsLater(about))) return false;
        if (_tables.InterfaceAt(about.Interface) is { } nic && _tables.Classify(nic, source) == AddressClass.Broadcast) return false;
        return source.IsV4 ? !IsErrorV4(about) : !IsErrorV6(about);
    }

    private static bool IsLater(in InboundDatagram about) => (BinaryPrimitives.ReadUInt16BigEndian(about.NetworkHeader[6..]) & 0x1FFF) != 0;

    private static bool IsErrorV4(in InboundDatagram about)
    {
        if (about.Protocol != IpProtocol.Icmp) return false;
        return !IcmpView.TryRead(about.Bytes.Require(IcmpView.MinSize), out IcmpView view) || view.IsError;
    }

    /// <summary>Also a redirect counts (RFC 4443 section 2.4 e.2), and what cannot be seen.</summary>
    private static bool IsErrorV6(in InboundDatagram about)
    {
        Ipv6Chain chain = Ipv6Chain.Walk(about.Bytes, about.Protocol);
        if (chain.IsLaterFragment || chain.Protocol != IpProtocol.Icmpv6) return false;
        return !Icmpv6View.TryRead(about.Bytes.Slice(Math.Min(chain.Offset, about.Bytes.Length)).Require(Icmpv6View.MinSize), out Icmpv6View view)
            || view.Type < 128 || view.Type == NdpView.Redirect;
    }
}
