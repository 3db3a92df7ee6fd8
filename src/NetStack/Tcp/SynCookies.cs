using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>What a SYN cookie's timestamp carries of the SYN's options.</summary>
/// <param name="WindowScale">The peer's window scale, 0 to 14; -1 for none.</param>
/// <param name="HasSack">Whether SACK is permitted.</param>
/// <param name="HasEcn">Whether ECN was asked for.</param>
internal readonly record struct CookieOptions(int WindowScale, bool HasSack, bool HasEcn);

/// <summary>
/// SYN cookies (RFC 4987 section 3.6): an initial sequence number of which the handshake's last ACK is proof, so that nothing
/// need be kept of a SYN. Layout as in Linux: eight bits of a counter of 64 s, 24 bits of keyed hash plus the index of the MSS. A
/// cookie is good in the period in which it was made and the next. Where the peer uses timestamps, ours carries its options in
/// the low six bits.
/// </summary>
/// <param name="first">A secret.</param>
/// <param name="second">Another secret.</param>
internal readonly struct SynCookies(ConnectionHash first, ConnectionHash second)
{
    private const long Period = 64_000_000_000;
    private const int MaxAge = 2; // in periods
    private const uint DataMask = 0x00FF_FFFF;
    private const int OptionBits = 6;
    private const uint NoScale = 0xF;
    private const uint SackBit = 0x10;
    private const uint EcnBit = 0x20;

    // From what is common: the default, IPv6's least, tunnels, PPPoE, Ethernet, jumbo frames.
    private static readonly ushort[] SegmentSizes = [536, 1220, 1300, 1400, 1440, 1460, 4036, 8940];

    /// <summary>The cookie: the initial sequence number of our SYN-ACK.</summary>
    /// <param name="local">Our address.</param>
    /// <param name="localPort">Our port.</param>
    /// <param name="remote">The peer's address.</param>
    /// <param name="remotePort">The peer's port.</param>
    /// <param name="peerSequence">The SYN's sequence number.</param>
    /// <param name="maximumSegmentSize">The peer's MSS in bytes; the cookie holds the next lower of a table.</param>
    /// <param name="now">When.</param>
    internal SequenceNumber Make(
        IpAddress local, ushort localPort, IpAddress remote, ushort remotePort, SequenceNumber peerSequence, int maximumSegmentSize, Instant now)
    {
        uint index = 0;
        while (index + 1 < SegmentSizes.Length && SegmentSizes[(int)index + 1] <= maximumSegmentSize) index++;
        uint count = CountAt(now);
        uint name = (uint)first.Of(local, localPort, remote, remotePort);
        uint data = unchecked((uint)second.Of(local, localPort, remote, remotePort, count) + index) & DataMask;
        return new SequenceNumber(unchecked(name + peerSequence.Value + (count << 24) + data));
    }

    /// <summary>Checks the cookie that an ACK brings back.</summary>
    /// <param name="local">Our address.</param>
    /// <param name="localPort">Our port.</param>
    /// <param name="remote">The peer's address.</param>
    /// <param name="remotePort">The peer's port.</param>
    /// <param name="peerSequence">The SYN's sequence number: SEG.SEQ - 1 of the ACK.</param>
    /// <param name="cookie">SEG.ACK - 1.</param>
    /// <param name="now">When.</param>
    /// <param name="maximumSegmentSize">The MSS it holds, in bytes.</param>
    /// <returns>False when it is no cookie of ours for this connection, or too old.</returns>
    internal bool TryCheck(
        IpAddress local, ushort localPort, IpAddress remote, ushort remotePort, SequenceNumber peerSequence, SequenceNumber cookie, Instant now,
        out int maximumSegmentSize)
    {
        maximumSegmentSize = 0;
        uint name = (uint)first.Of(local, localPort, remote, remotePort);
        uint rest = unchecked(cookie.Value - name - peerSequence.Value);
        uint count = CountAt(now);
        uint age = unchecked(count - (rest >> 24)) & 0xFF;
        if (age >= MaxAge) return false;
        uint index = unchecked(rest - (uint)second.Of(local, localPort, remote, remotePort, count - age)) & DataMask;
        if (index >= SegmentSizes.Length) return false;
        maximumSegmentSize = SegmentSizes[(int)index];
        return true;
    }

    /// <summary>The value of the timestamp clock with options in it: at most 128 ticks early, never late.</summary>
    /// <param name="clock">The clock, before the connection's offset is added.</param>
    /// <param name="options">The SYN's options.</param>
    internal static uint PutOptions(uint clock, CookieOptions options)
    {
        uint bits = options.WindowScale < 0 ? NoScale : (uint)Math.Min(options.WindowScale, 14);
        if (options.HasSack) bits |= SackBit;
        if (options.HasEcn) bits |= EcnBit;
        uint value = (clock & ~((1u << OptionBits) - 1)) | bits;
        return unchecked((int)(value - clock)) > 0 ? unchecked(value - (1u << OptionBits)) : value;
    }

    /// <summary>The options from a timestamp that came back.</summary>
    /// <param name="echo">TSecr less the connection's offset.</param>
    internal static CookieOptions TakeOptions(uint echo)
    {
        uint scale = echo & NoScale;
        return new CookieOptions(scale == NoScale ? -1 : (int)scale, (echo & SackBit) != 0, (echo & EcnBit) != 0);
    }

    private static uint CountAt(Instant now) => unchecked((uint)(now.Nanoseconds / Period));
}
