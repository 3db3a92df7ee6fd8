using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>
/// One line of text of each view, in the words that tcpdump -nn -e -v has for the same bytes (4.99.3 was asked; random values
/// are compared with it directly in <see cref="TcpdumpTests"/>).
/// </summary>
public sealed class TextTests
{
    private delegate void Teller(ReadOnlySpan<byte> bytes, ref LineWriter line);

    [Theory]
    [InlineData("02000000000b 02000000000a 0800", "02:00:00:00:00:0a > 02:00:00:00:00:0b")]
    public void Ethernet(string hex, string text) => Tells(hex, text, (b, ref line) => { EthernetView.TryRead(b, out EthernetView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("aaaa03 000000 0806", "LLC, dsap 0xaa, ssap 0xaa, ctrl 0x03: oui 0x000000, ethertype ARP (0x0806)")]
    [InlineData("aaaa03 00000c 2000", "LLC, dsap 0xaa, ssap 0xaa, ctrl 0x03: oui 0x00000c, pid 0x2000")]
    [InlineData("424203", "LLC, dsap 0x42, ssap 0x42, ctrl 0x03")]
    public void Llc(string hex, string text) => Tells(hex, text, (b, ref line) => { LlcView.TryRead(b, out LlcView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("3064 0800", "vlan 100, p 1, DEI")]
    [InlineData("0064 0800", "vlan 100, p 0")]
    public void Vlan(string hex, string text) => Tells(hex, text, (b, ref line) => { VlanView.TryRead(b, out VlanView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("00010040", "MPLS (label 16, tc 0, ttl 64)")]
    [InlineData("00010740", "MPLS (label 16, tc 3, [S], ttl 64)")]
    public void Mpls(string hex, string text) => Tells(hex, text, (b, ref line) => { MplsView.TryRead(b, out MplsView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("11 00 0011 0016", "PPPoE [ses 0x11]")]
    [InlineData("11 09 0000 0004", "PPPoE PADI")]
    [InlineData("11 a7 0007 0000", "PPPoE PADT [ses 0x7]")]
    [InlineData("11 42 0000 0000", "PPPoE PAD-42")]
    public void Pppoe(string hex, string text) => Tells(hex, text, (b, ref line) => { PppoeView.TryRead(b, out PppoeView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("0001 0800 06 04 0001 02000000000a 0a000001 000000000000 0a000002", "ARP, Request who-has 10.0.0.2 tell 10.0.0.1")]
    [InlineData("0001 0800 06 04 0002 02000000000a 0a000001 02000000000b 0a000002", "ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:0a")]
    [InlineData("0001 0800 06 04 0003 02000000000a 0a000001 02000000000b 0a000002", "ARP, Reverse Request who-is 02:00:00:00:00:0b tell 02:00:00:00:00:0a")]
    [InlineData("0001 0800 06 04 0004 02000000000a 0a000001 02000000000b 0a000002", "ARP, Reverse Reply 02:00:00:00:00:0b at 10.0.0.2")]
    [InlineData("0001 0800 06 04 0001 02000000000a", "ARP, op 1, htype 1, ptype 0x0800")]
    public void Arp(string hex, string text) => Tells(hex, text, (b, ref line) => { ArpView.TryRead(b, out ArpView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("4500 001d 0007 4000 40 11 0000 0a000001 0a000002", "tos 0x0, ttl 64, id 7, offset 0, flags [DF], proto UDP (17), length 29")]
    [InlineData("472a 0025 0007 6000 40 11 0000 0a000001 0a000002 94040000 01010100", "tos 0x2a,ECT(0), ttl 64, id 7, offset 0, flags [+, DF], proto UDP (17), length 37, options (RA,NOP,NOP,NOP,EOL)")]
    [InlineData("4503 0014 0007 20b9 40 fd 0000 0a000001 0a000002", "tos 0x3,CE, ttl 64, id 7, offset 1480, flags [+], proto unknown (253), length 20")]
    [InlineData("4500 0014 0007 0000 40 06 0000 0a000001 0a000002", "tos 0x0, ttl 64, id 7, offset 0, flags [none], proto TCP (6), length 20")]
    public void Ipv4(string hex, string text) => Tells(hex, text, (b, ref line) => { Ipv4View.TryRead(b, out Ipv4View v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("61012345 0009 11 40", "class 0x10, flowlabel 0x12345, hlim 64, next-header UDP (17) payload length: 9")]
    [InlineData("60000000 0011 2c 40", "hlim 64, next-header Fragment (44) payload length: 17")]
    public void Ipv6(string hex, string text) => Tells(hex + new string('0', 64), text, (b, ref line) => { Ipv6View.TryRead(b, out Ipv6View v); v.AppendTo(ref line); });

    [Theory]
    [InlineData(LayerKind.Ipv6HopByHop, "HBH")]
    [InlineData(LayerKind.Ipv6DestinationOptions, "DSTOPT")]
    [InlineData(LayerKind.Ipv6Routing, "RT6 (len=2, type=0, segleft=1)")]
    public void Ipv6_extension_headers(LayerKind kind, string text) =>
        Tells("1102 0001 00000000", text, (b, ref line) => { Ipv6ExtensionView.TryRead(b, out Ipv6ExtensionView v); v.AppendTo(ref line, kind); });

    [Theory]
    [InlineData("1100 0001 12345678", "frag (0x12345678:0+)")]
    [InlineData("1100 05a8 00000009", "frag (0x00000009:1448)")]
    public void Ipv6_fragments(string hex, string text) => Tells(hex, text, (b, ref line) => { Ipv6FragmentView.TryRead(b, out Ipv6FragmentView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("1104 0000 00000001 00000002 0102030405060708090a0b0c", "AH(spi=0x00000001,seq=0x2,icv=0x0102030405060708090a0b0c)")]
    public void Authentication_headers(string hex, string text) => Tells(hex, text, (b, ref line) => { AuthenticationView.TryRead(b, out AuthenticationView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("3000 0800 00000005 00000006", "GREv0, key=0x5, seq 6, proto IPv4 (0x0800)")]
    [InlineData("0000 6558", "GREv0, proto TEB (0x6558)")]
    [InlineData("3081 880b 00140009 00000005 00000006", "GREv1, call 9, seq 5, ack 6, proto PPP (0x880b)")]
    public void Gre(string hex, string text) => Tells(hex, text, (b, ref line) => { GreView.TryRead(b, out GreView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("0800 0000 00002e00", "VXLAN, flags [I] (0x08), vni 46")]
    [InlineData("0000 0000 00002e00", "VXLAN, flags [.] (0x00), vni 46")]
    public void Vxlan(string hex, string text) => Tells(hex, text, (b, ref line) => { VxlanView.TryRead(b, out VxlanView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("0000 6558 00000a00", "Geneve, Flags [none], vni 0xa")]
    [InlineData("0140 80dd 00000a00 01028000", "Geneve, Flags [C], vni 0xa, proto unknown (0x80dd), options [4 bytes]")]
    public void Geneve(string hex, string text) => Tells(hex, text, (b, ref line) => { GeneveView.TryRead(b, out GeneveView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("30ff 0010 9e40ba4f", "GTP-U v1, T-PDU, teid 0x9e40ba4f")]
    [InlineData("3201 0004 00000000 00070000", "GTP-U v1, echo request, teid 0x00000000, seq 7")]
    [InlineData("3063 0004 00000001", "GTP-U v1, type 99, teid 0x00000001")]
    public void Gtp(string hex, string text) => Tells(hex, text, (b, ref line) => { GtpView.TryRead(b, out GtpView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("1065 c001 00084065", "ERSPAN type II, session 1, vlan 101, index 540773")]
    [InlineData("2014 0402 00000009 00000000", "ERSPAN type III, session 2, vlan 20, truncated, timestamp 9")]
    public void Erspan(string hex, string text) => Tells(hex, text, (b, ref line) => { ErspanView.TryRead(b, out ErspanView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("0f00 0800", "CHDLC, proto IPv4 (0x0800)")]
    [InlineData("8f00 8035", "SLARP")]
    public void Cisco_hdlc(string hex, string text) => Tells(hex, text, (b, ref line) => { CiscoHdlcView.TryRead(b, out CiscoHdlcView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("0200 002a", "NFLOG, IPv4, group 42")]
    [InlineData("0700 0001", "NFLOG, family 7, group 1")]
    public void Nflog(string hex, string text) => Tells(hex, text, (b, ref line) => { NflogView.TryRead(b, out NflogView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("0559 0048", "WCCP redirect, service 89, bucket 72")]
    [InlineData("c001 0203", "WCCP redirect, dynamic service 1, bucket 2")]
    public void Wccp(string hex, string text) => Tells(hex, text, (b, ref line) => { WccpRedirectView.TryRead(b, out WccpRedirectView v); v.AppendTo(ref line); });

    [Theory]
    [InlineData("5", "Flags [S.], seq 1, ack 2, win 512, length 0", 0x012)]
    [InlineData("5", "Flags [FP.], seq 1:4, ack 2, win 512, length 3", 0x019)]
    [InlineData("5", "Flags [none], win 512, length 0", 0x000)]
    [InlineData("5", "Flags [.UEWe], ack 2, win 512, urg 9, length 0", 0x1F0)]
    public void Tcp(string offset, string text, int flags) => Tells($"9c40 9c41 00000001 00000002 {offset}{flags:x3} 0200 0000 0009", text, (b, ref line) =>
    {
        TcpView.TryRead(b, out TcpView v);
        v.AppendTo(ref line, text.EndsWith('3') ? 3 : 0);
    });

    [Theory]
    [InlineData("0402 080a 00000001 00000002 0303 07", ", options [sackOK,TS val 1 ecr 2,wscale 7]")]
    [InlineData("0101 0512 00000001 00000002 00000003 00000004", ", options [nop,nop,sack 2 {1:2}{3:4}]")]
    [InlineData("fe02 00", ", options [unknown-254,eol]")]
    [InlineData("", "")]
    public void Tcp_options(string hex, string text) => Tells(hex, text, (b, ref line) => TcpOptions.AppendTo(ref line, b));

    private static void Tells(string hex, string text, Teller tell)
    {
        LineWriter line = new(new byte[512]);
        tell(Hex(hex), ref line);
        Assert.Equal(text, line.ToString());
    }
}
