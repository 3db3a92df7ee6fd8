using System.Buffers.Binary;
using System.Text;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Strip;

/// <summary>Bodies full of a pattern, behind every kind of header: not a piece of it may get into the copy.</summary>
public sealed class CanaryTests
{
    private static readonly byte[] Canary = Encoding.ASCII.GetBytes("\u0001cAnArY!"); // begins like no IP header
    private static readonly byte[] Source4 = [192, 0, 2, 1];
    private static readonly byte[] Destination4 = [198, 51, 100, 9];
    private static readonly byte[] Source6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    private static readonly byte[] Destination6 = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

    public static TheoryData<string> Names => [.. Stacks().Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_body_leaves_no_trace_whole_or_cut_anywhere(string name)
    {
        (LinkType linkType, byte[] header, bool lengthsCover) = Stacks()[name];
        byte[] body = [.. Enumerable.Repeat(Canary, 12).SelectMany(c => c)];
        byte[] packet = lengthsCover ? Complete(header, body) : [.. header, .. body];
        List<(byte[], int)> packets = [(packet, packet.Length)];
        for (int cut = 0; cut < packet.Length; cut++) packets.Add((packet[..cut], packet.Length));
        using CaptureReader capture = CaptureReader.Open(StripFiles.Write(linkType, [.. packets]));
        CaptureStripper stripper = new();
        byte[] copy = StripFiles.Strip(capture, stripper).ToArray();
        AssertNoTrace(copy, name);
        Assert.Equal(0, capture.Meter.BodyBytesRead);
        Assert.Equal(packets.Count, stripper.Packets);

        using AddressAnonymiser names = new([.. Enumerable.Range(0, 96).Select(i => (byte)(i * 7))]);
        using CaptureReader again = CaptureReader.Open(StripFiles.Write(linkType, [.. packets]));
        copy = StripFiles.Strip(again, new CaptureStripper(new CaptureStripperOptions { Anonymiser = names })).ToArray();
        AssertNoTrace(copy, name);
        AssertNoAddress(copy, name);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_byte_of_the_headers_is_kept(string name)
    {
        (LinkType linkType, byte[] header, bool lengthsCover) = Stacks()[name];
        byte[] packet = lengthsCover ? Complete(header, Canary) : [.. header, .. Canary];
        using CaptureReader capture = CaptureReader.Open(StripFiles.Write(linkType, (packet, packet.Length)));
        using CaptureReader copy = CaptureReader.Open(StripFiles.Strip(capture, new CaptureStripper()));
        Assert.True(copy.TryRead(out CaptureRecord record));
        byte[] kept = new byte[record.CapturedLength];
        record.Body.CopyTo(0, kept, copy.Meter);
        Assert.Equal(Convert.ToHexString(packet.AsSpan(0, header.Length)), Convert.ToHexString(kept));
        Assert.Equal(packet.Length, record.WireLength);
    }

    private static void AssertNoTrace(byte[] copy, string name)
    {
        // Any four bytes of the pattern, whatever their place in it.
        byte[] twice = [.. Canary, .. Canary];
        for (int i = 0; i < Canary.Length; i++) Assert.True(copy.AsSpan().IndexOf(twice.AsSpan(i, 4)) < 0, $"{name}: a piece of the body is in the copy");
    }

    private static void AssertNoAddress(byte[] copy, string name)
    {
        foreach (byte[] address in new[] { Source4, Destination4, Source6, Destination6, "BCDEFG"u8.ToArray(), "RSTUVW"u8.ToArray() })
            Assert.True(copy.AsSpan().IndexOf(address) < 0, $"{name}: the address {Convert.ToHexString(address)} is in the copy");
    }

    private static Dictionary<string, (LinkType LinkType, byte[] Header, bool LengthsCover)> Stacks()
    {
        byte[] udp = [0x30, 0x39, 0, 53, 0, 0, 0x12, 0x34];
        byte[] tcp = [0x30, 0x39, 1, 0xBB, 0, 0, 0, 1, 0, 0, 0, 2, 0x80, 0x18, 1, 0, 0x43, 0x21, 0, 0, 1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8];
        byte[] V4(byte protocol, byte[] next, byte[]? options = null, ushort fragment = 0) =>
            [(byte)(0x45 + (options?.Length ?? 0) / 4), 0, 0, 0, 0, 1, (byte)(fragment >> 8), (byte)fragment, 64, protocol, 0xAB, 0xCD, .. Source4, .. Destination4, .. options ?? [], .. next];
        byte[] V6(byte protocol, byte[] next) => [0x60, 0, 0, 0, 0, 0, protocol, 64, .. Source6, .. Destination6, .. next];
        byte[] Eth(ushort type, byte[] next) => [.. "BCDEFG"u8, .. "RSTUVW"u8, (byte)(type >> 8), (byte)type, .. next];
        byte[] error = [3, 3, 0x11, 0x11, 0, 0, 0, 0];
        byte[] error6 = [1, 4, 0x11, 0x11, 0, 0, 0, 0];
        return new()
        {
            ["tcp"] = (LinkType.Ethernet, Eth(0x800, V4(6, tcp)), true),
            ["udp"] = (LinkType.Ethernet, Eth(0x800, V4(17, udp)), true),
            ["options"] = (LinkType.Ethernet, Eth(0x800, V4(6, tcp, [7, 7, 4, .. Source4, 0])), true),
            ["source route"] = (LinkType.Ethernet, Eth(0x800, V4(17, udp, [131, 11, 4, .. Source4, .. Destination4, 0])), true),
            ["IPv6 udp"] = (LinkType.Ethernet, Eth(0x86DD, V6(17, udp)), true),
            ["IPv6 chain"] = (LinkType.Ethernet, Eth(0x86DD, V6(0, [43, 0, 1, 4, 0, 0, 0, 0, 60, 2, 0, 1, 0, 0, 0, 0, .. Destination6, 6, 2, 201, 16, .. Source6, 1, 2, 0, 0, .. tcp])), true),
            ["AH"] = (LinkType.Ethernet, Eth(0x800, V4(51, [6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9, 8, 8, 8, 8, 7, 7, 7, 7, .. tcp])), true),
            ["echo"] = (LinkType.Ethernet, Eth(0x800, V4(1, [8, 0, 0x11, 0x11, 0, 1, 0, 2])), true),
            ["ICMP error, TCP"] = (LinkType.Ethernet, Eth(0x800, V4(1, [.. error, .. V4(6, tcp)])), true),
            ["ICMP error, UDP"] = (LinkType.Ethernet, Eth(0x800, V4(1, [.. error, .. V4(17, udp)])), true),
            ["ICMP error, unknown"] = (LinkType.Ethernet, Eth(0x800, V4(1, [.. error, .. V4(50, [])])), true),
            ["ICMP error, fragment"] = (LinkType.Ethernet, Eth(0x800, V4(1, [.. error, .. V4(17, [], null, 100)])), true),
            ["ICMP redirect"] = (LinkType.Ethernet, Eth(0x800, V4(1, [5, 1, 0x11, 0x11, .. Source4, .. V4(17, udp)])), true),
            ["ICMPv6 error"] = (LinkType.Ethernet, Eth(0x86DD, V6(58, [.. error6, .. V6(44, [17, 0, 0, 1, 0, 0, 0, 1, .. udp])])), true),
            ["NDP"] = (LinkType.Ethernet, Eth(0x86DD, V6(58, [135, 0, 0x11, 0x11, 0, 0, 0, 0, .. Source6, 1, 1, .. "BCDEFG"u8])), true),
            ["NDP prefix"] = (LinkType.Ethernet, Eth(0x86DD, V6(58, [134, 0, 0x11, 0x11, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 128, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, .. Source6])), true),
            ["NDP redirect"] = (LinkType.Ethernet, Eth(0x86DD, V6(58, [137, 0, 0x11, 0x11, 0, 0, 0, 0, .. Source6, .. Destination6, 2, 1, .. "RSTUVW"u8])), true),
            ["MLD report"] = (LinkType.Ethernet, Eth(0x86DD, V6(58, [143, 0, 0x11, 0x11, 0, 0, 0, 1, 1, 0, 0, 1, 0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, .. Source6])), true),
            ["IGMP report"] = (LinkType.Ethernet, Eth(0x800, V4(2, [0x22, 0, 0x11, 0x11, 0, 0, 0, 1, 1, 0, 0, 1, 224, 0, 0, 251, .. Source4])), true),
            ["IGMP leave"] = (LinkType.Ethernet, Eth(0x800, V4(2, [0x17, 0, 0x11, 0x11, 224, 0, 0, 251])), true),
            ["later fragment"] = (LinkType.Ethernet, Eth(0x800, V4(17, [], null, 0x2005)), true),
            ["later fragment, IPv6"] = (LinkType.Ethernet, Eth(0x86DD, V6(44, [17, 0, 0, 0x49, 0, 0, 0, 1])), true),
            ["first fragment"] = (LinkType.Ethernet, Eth(0x800, V4(17, udp, null, 0x2000)), true),
            ["ESP"] = (LinkType.Ethernet, Eth(0x800, V4(50, [])), true),
            ["SCTP"] = (LinkType.Ethernet, Eth(0x800, V4(132, [])), true),
            ["ARP"] = (LinkType.Ethernet, Eth(0x806, [0, 1, 8, 0, 6, 4, 0, 1, .. "BCDEFG"u8, .. Source4, .. "RSTUVW"u8, .. Destination4]), false),
            ["padding"] = (LinkType.Ethernet, Eth(0x800, V4(17, udp)), false),
            ["802.3"] = (LinkType.Ethernet, Eth(20, [0x42, 0x42, 3]), false),
            ["SNAP"] = (LinkType.Ethernet, Eth(100, [0xAA, 0xAA, 3, 0, 0, 0, 8, 0, .. V4(17, udp)]), true),
            ["unknown EtherType"] = (LinkType.Ethernet, Eth(0x88B5, []), false),
            ["VLAN"] = (LinkType.Ethernet, Eth(0x88A8, [0, 5, 0x81, 0, 0, 6, 8, 0, .. V4(6, tcp)]), true),
            ["MPLS"] = (LinkType.Ethernet, Eth(0x8847, [0, 1, 0, 64, 0, 2, 1, 64, .. V4(6, tcp)]), true),
            ["PPPoE"] = (LinkType.Ethernet, Eth(0x8864, [0x11, 0, 0, 1, 1, 0, 0, 0x21, .. V4(6, tcp)]), true),
            ["PPPoE discovery"] = (LinkType.Ethernet, Eth(0x8863, [0x11, 9, 0, 1, 0, 96]), false),
            ["VXLAN"] = (LinkType.Ethernet, Eth(0x800, V4(17, [0x30, 0x39, 0x12, 0xB5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 7, 0, .. Eth(0x86DD, V6(6, tcp))])), true),
            ["Geneve"] = (LinkType.Ethernet, Eth(0x800, V4(17, [0x30, 0x39, 0x17, 0xC1, 0, 0, 0, 0, 1, 0, 0x65, 0x58, 0, 0, 7, 0, 0, 1, 2, 0, .. Eth(0x800, V4(17, udp))])), true),
            ["GRE"] = (LinkType.Ethernet, Eth(0x800, V4(47, [0xB0, 0, 8, 0, 1, 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, .. V4(1, [0, 0, 0x11, 0x11, 0, 1, 0, 2])])), true),
            ["ERSPAN"] = (LinkType.Ethernet, Eth(0x800, V4(47, [0x10, 0, 0x88, 0xBE, 0, 0, 0, 6, 0x10, 5, 0, 7, 0, 0, 0, 9, .. Eth(0x800, V4(17, udp))])), true),
            ["WCCP"] = (LinkType.Ethernet, Eth(0x800, V4(47, [0, 0, 0x88, 0x3E, 0, 1, 0, 2, .. V4(6, tcp)])), true),
            ["GTP"] = (LinkType.Ethernet, Eth(0x800, V4(17, [0x30, 0x39, 8, 0x68, 0, 0, 0, 0, 0x34, 255, 1, 0, 0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0x10, 9, 0, .. V4(6, tcp)])), true),
            ["Cisco HDLC"] = (LinkType.CiscoHdlc, [0x0F, 0, 8, 0, .. V4(6, tcp)], true),
            ["NFLOG"] = (LinkType.Nflog, [2, 0, 0, 5, 16, 0, 8, 0, 0, 6, 0, 0, .. "BCDEFG"u8, 0, 0, 0, 1, 9, 0, .. V4(6, tcp)], true),
            ["GRE, unknown"] = (LinkType.Ethernet, Eth(0x800, V4(47, [0, 0, 0x12, 0x34])), true),
            ["IP in IP"] = (LinkType.Ethernet, Eth(0x800, V4(4, V4(41, V6(17, udp)))), true),
            ["raw"] = (LinkType.Raw, V4(6, tcp), true),
            ["null"] = (LinkType.Null, [2, 0, 0, 0, .. V4(6, tcp)], true),
            ["SLL"] = (LinkType.LinuxSll, [0, 0, 0, 1, 0, 6, .. "BCDEFG"u8, 0, 0, 8, 0, .. V4(6, tcp)], true),
            ["SLL2"] = (LinkType.LinuxSll2, [8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, .. "BCDEFG"u8, 0, 0, .. V4(6, tcp)], true),
            ["PPP"] = (LinkType.Ppp, [0xFF, 3, 0, 0x21, .. V4(6, tcp)], true),
            ["unknown link"] = (LinkType.Ieee80211, [], false),
        };
    }

    /// <summary>Headers with a body that all length fields cover: IPv4, IPv6 and 802.3 lengths at zero are filled in.</summary>
    private static byte[] Complete(byte[] header, byte[] body)
    {
        byte[] packet = [.. header, .. body];
        for (int at = 0; at + 20 <= header.Length; at++)
        {
            bool isV4 = (packet[at] >> 4) == 4 && (packet[at] & 15) >= 5 && packet[at + 10] == 0xAB && packet[at + 11] == 0xCD;
            if (isV4) BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at + 2), (ushort)(packet.Length - at));
            bool isV6 = at + 40 <= header.Length && packet[at] == 0x60 && packet.AsSpan(at + 8, 16).SequenceEqual(Source6);
            if (isV6) BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at + 4), (ushort)(packet.Length - at - 40));
        }
        return packet;
    }
}
