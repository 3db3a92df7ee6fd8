namespace NetStack.Wire;

/// <summary>How the first bytes of a frame are to be read: the LINKTYPE_ numbers of pcap and pcapng.</summary>
/// <remarks>Any number may appear in a file; only those named here are decoded further by this library.</remarks>
public enum LinkType : ushort
{
    /// <summary>BSD loopback: address family in the byte order of the writing host.</summary>
    Null = 0,

    /// <summary>Ethernet.</summary>
    Ethernet = 1,

    /// <summary>PPP, possibly with HDLC-like framing bytes.</summary>
    Ppp = 9,

    /// <summary>PPP in HDLC-like framing (RFC 1662).</summary>
    PppHdlc = 50,

    /// <summary>PPPoE session packets without Ethernet.</summary>
    PppEther = 51,

    /// <summary>Raw IP; the first nibble tells the version.</summary>
    Raw = 101,

    /// <summary>Cisco HDLC.</summary>
    CiscoHdlc = 104,

    /// <summary>IEEE 802.11.</summary>
    Ieee80211 = 105,

    /// <summary>OpenBSD loopback: address family in network byte order.</summary>
    Loop = 108,

    /// <summary>Linux cooked capture v1.</summary>
    LinuxSll = 113,

    /// <summary>IEEE 802.11 after a radiotap header.</summary>
    Ieee80211Radiotap = 127,

    /// <summary>Raw IPv4.</summary>
    Ipv4 = 228,

    /// <summary>Raw IPv6.</summary>
    Ipv6 = 229,

    /// <summary>Linux's NFLOG: attributes, the packet among them.</summary>
    Nflog = 239,

    /// <summary>Linux cooked capture v2.</summary>
    LinuxSll2 = 276,
}
