namespace NetStack.Wire.Tests;

/// <summary>Packets built from the library's writers, innermost first.</summary>
internal static class Packets
{
    internal static readonly MacAddress MacA = MacAddress.Parse("02:00:00:00:00:0a");
    internal static readonly MacAddress MacB = MacAddress.Parse("02:00:00:00:00:0b");
    internal static readonly IpAddress A4 = IpAddress.Parse("10.0.0.1");
    internal static readonly IpAddress B4 = IpAddress.Parse("10.0.0.2");
    internal static readonly IpAddress A6 = IpAddress.Parse("fd00::1");
    internal static readonly IpAddress B6 = IpAddress.Parse("fd00::2");

    internal delegate int Writer(Span<byte> destination);

    /// <summary>What a writer writes, followed by a payload.</summary>
    internal static byte[] Head(Writer write, params byte[] payload)
    {
        byte[] room = new byte[4096];
        int length = write(room);
        return [.. room.AsSpan(0, length), .. payload];
    }

    internal static byte[] Ethernet(EtherType type, params byte[] payload) => Head(new EthernetHeader(MacB, MacA, type).Write, payload);

    internal static byte[] Vlan(EtherType type, params byte[] payload) => Head(new VlanHeader(100, 0, false, type).Write, payload);

    internal static byte[] Ipv4(IpProtocol protocol, byte[] payload, byte[]? options = null, int offset = 0, bool more = false)
    {
        options ??= [];
        Ipv4Header ip = new(A4, B4, protocol, (ushort)(20 + options.Length + payload.Length)) { FragmentOffset = offset, MoreFragments = more, Identification = 7 };
        return Head(d => ip.Write(d, options), payload);
    }

    internal static byte[] Ipv6(IpProtocol next, params byte[] payload) => Head(new Ipv6Header(A6, B6, next, (ushort)payload.Length).Write, payload);

    internal static byte[] Extension(IpProtocol next, byte[] content, params byte[] payload) =>
        Head(d => new Ipv6ExtensionHeader(next).Write(d, content), payload);

    internal static byte[] Fragment(IpProtocol next, int offset, bool more, params byte[] payload) =>
        Head(new Ipv6FragmentHeader(next, offset, more, 0x1234).Write, payload);

    internal static byte[] Authentication(IpProtocol next, params byte[] payload) =>
        Head(d => new AuthenticationHeader(next, 1, 2).Write(d, new byte[12]), payload);

    internal static byte[] Tcp(byte[] payload, byte[]? options = null, TcpFlags flags = TcpFlags.Ack | TcpFlags.Psh) =>
        Head(d => new TcpHeader(1000, 80, 1, 2, flags, 512).Write(d, options ?? []), payload);

    internal static byte[] Udp(ushort destinationPort, params byte[] payload) =>
        Head(new UdpHeader(1000, destinationPort, (ushort)(8 + payload.Length)).Write, payload);

    internal static byte[] Vxlan(params byte[] payload) => Udp(VxlanView.Port, Head(new VxlanHeader(46).Write, payload));

    internal static byte[] Geneve(EtherType type, byte[] options, params byte[] payload) =>
        Udp(GeneveView.Port, Head(d => new GeneveHeader(10, (ushort)type).Write(d, options), payload));

    internal static byte[] Gtp(params byte[] payload) => Udp(GtpView.Port, [0x30, 255, (byte)(payload.Length >> 8), (byte)payload.Length, 0, 0, 0, 7, .. payload]);

    internal static byte[] Gre(EtherType type, params byte[] payload) => Head(new GreHeader((ushort)type, Key: 5, Sequence: 6).Write, payload);

    internal static byte[] Mpls(bool bottom, params byte[] payload) => Head(new MplsHeader(16, 0, bottom, 64).Write, payload);

    internal static byte[] Pppoe(ushort protocol, params byte[] payload) =>
        Head(new PppoeHeader(0, 0x11, (ushort)(2 + payload.Length)).Write, Head(new PppHeader(protocol).Write, payload));

    /// <summary>Bytes written as hexadecimal, blanks between them or not.</summary>
    internal static byte[] Hex(string text) => Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c))));
}
