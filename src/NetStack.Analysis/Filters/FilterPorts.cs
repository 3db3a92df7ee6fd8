using System.Collections.Frozen;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>A port that has a name, and whose it is; no protocol where both TCP and UDP use it.</summary>
internal readonly record struct NamedPort(ushort Port, IpProtocol? Protocol);

/// <summary>Names of ports (IANA), as /etc/services has them. The table is our own so that a filter means the same on every machine.</summary>
internal static class FilterPorts
{
    internal static readonly FrozenDictionary<string, NamedPort> Names = new Dictionary<string, NamedPort>
    {
        ["echo"] = Both(7), ["discard"] = Both(9), ["daytime"] = Both(13), ["chargen"] = Both(19), ["ftp-data"] = Tcp(20), ["ftp"] = Tcp(21), ["ssh"] = Tcp(22),
        ["telnet"] = Tcp(23), ["smtp"] = Tcp(25), ["mail"] = Tcp(25), ["time"] = Both(37), ["whois"] = Tcp(43), ["tacacs"] = Both(49), ["domain"] = Both(53),
        ["bootps"] = Udp(67), ["bootpc"] = Udp(68), ["tftp"] = Udp(69), ["gopher"] = Tcp(70), ["finger"] = Tcp(79), ["http"] = Tcp(80), ["www"] = Tcp(80),
        ["kerberos"] = Both(88), ["iso-tsap"] = Tcp(102), ["pop3"] = Tcp(110), ["pop-3"] = Tcp(110), ["sunrpc"] = Both(111), ["portmapper"] = Both(111),
        ["auth"] = Tcp(113), ["ident"] = Tcp(113), ["nntp"] = Tcp(119), ["ntp"] = Udp(123), ["epmap"] = Tcp(135), ["netbios-ns"] = Udp(137),
        ["netbios-dgm"] = Udp(138), ["netbios-ssn"] = Tcp(139), ["imap2"] = Tcp(143), ["imap"] = Tcp(143), ["snmp"] = Both(161), ["snmp-trap"] = Both(162),
        ["snmptrap"] = Both(162), ["xdmcp"] = Udp(177), ["bgp"] = Tcp(179), ["ldap"] = Both(389), ["https"] = Both(443), ["microsoft-ds"] = Tcp(445),
        ["submissions"] = Tcp(465), ["ssmtp"] = Tcp(465), ["smtps"] = Tcp(465), ["isakmp"] = Udp(500), ["exec"] = Tcp(512), ["biff"] = Udp(512),
        ["login"] = Tcp(513), ["who"] = Udp(513), ["shell"] = Tcp(514), ["syslog"] = Both(514), ["printer"] = Tcp(515), ["talk"] = Udp(517), ["route"] = Udp(520),
        ["router"] = Udp(520), ["dhcpv6-client"] = Udp(546), ["dhcpv6-server"] = Udp(547), ["afpovertcp"] = Tcp(548), ["rtsp"] = Both(554), ["nntps"] = Tcp(563),
        ["submission"] = Tcp(587), ["ipp"] = Tcp(631), ["ldaps"] = Both(636), ["ldp"] = Both(646), ["kerberos-adm"] = Tcp(749), ["domain-s"] = Both(853),
        ["rsync"] = Tcp(873), ["ftps-data"] = Tcp(989), ["ftps"] = Tcp(990), ["telnets"] = Tcp(992), ["imaps"] = Tcp(993), ["pop3s"] = Tcp(995),
        ["socks"] = Tcp(1080), ["rmiregistry"] = Tcp(1099), ["openvpn"] = Both(1194), ["ms-sql-s"] = Tcp(1433), ["ms-sql-m"] = Udp(1434), ["l2f"] = Udp(1701),
        ["l2tp"] = Udp(1701), ["radius"] = Both(1812), ["radius-acct"] = Both(1813), ["nfs"] = Both(2049), ["cvspserver"] = Tcp(2401), ["zebra"] = Tcp(2601),
        ["bgpd"] = Tcp(2605), ["ospfd"] = Tcp(2604), ["iscsi-target"] = Tcp(3260), ["mysql"] = Tcp(3306), ["ms-wbt-server"] = Tcp(3389), ["svn"] = Tcp(3690),
        ["epmd"] = Tcp(4369), ["ipsec-nat-t"] = Udp(4500), ["iax"] = Udp(4569), ["munin"] = Tcp(4949), ["sip"] = Both(5060), ["sip-tls"] = Both(5061),
        ["xmpp-client"] = Tcp(5222), ["xmpp-server"] = Tcp(5269), ["mdns"] = Udp(5353), ["postgresql"] = Tcp(5432), ["postgres"] = Tcp(5432), ["amqps"] = Tcp(5671),
        ["amqp"] = Tcp(5672), ["x11"] = Tcp(6000), ["redis"] = Tcp(6379), ["syslog-tls"] = Tcp(6514), ["ircd"] = Tcp(6667), ["http-alt"] = Tcp(8080),
        ["webcache"] = Tcp(8080), ["git"] = Tcp(9418), ["ptp-event"] = Udp(319), ["ptp-general"] = Udp(320), ["kpasswd"] = Both(464), ["zabbix-agent"] = Tcp(10050),
        ["zabbix-trapper"] = Tcp(10051),
    }.ToFrozenDictionary();

    private static NamedPort Tcp(ushort port) => new(port, IpProtocol.Tcp);

    private static NamedPort Udp(ushort port) => new(port, IpProtocol.Udp);

    private static NamedPort Both(ushort port) => new(port, null);
}
