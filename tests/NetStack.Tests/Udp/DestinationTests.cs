using NetStack.Icmp;
using NetStack.Ip;
using NetStack.Multicast;
using NetStack.Tests.Ip;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Udp;

/// <summary>Which datagrams reach a socket by what it is bound and connected to, and where an echo socket may send.</summary>
[Rfc(1122, "4.1.3.5")]
public sealed class DestinationTests
{
    private static readonly IpAddress Broadcast = IpAddress.Parse("192.0.2.255");

    public static TheoryData<bool, string, bool, string> Cases
    {
        get
        {
            TheoryData<bool, string, bool, string> data = [];
            foreach (bool isV6 in new[] { false, true })
            {
                foreach (string bound in (string[])["any", "unicast", "broadcast", "group"])
                {
                    foreach (string to in (string[])["unicast", "broadcast", "group"])
                    {
                        if (isV6 && "broadcast" is var none && (bound == none || to == none)) continue;
                        data.Add(isV6, bound, false, to);
                        if (bound is "any" or "unicast") data.Add(isV6, bound, true, to);
                    }
                }
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_datagram_reaches_the_socket_whose_address_is_its_destination(bool isV6, string bound, bool isConnected, string to)
    {
        using TestHost host = new();
        (IpAddress peer, IpAddress us) = isV6 ? (TestHost.Peer6, TestHost.Us6) : (TestHost.Peer4, TestHost.Us4);
        UdpSocket socket = host.Udp.Open(isV6 ? UdpFamily.V6 : UdpFamily.V4);
        IpAddress group = IpAddress.Parse(isV6 ? "ff02::99" : "224.0.0.99");
        IpAddress local = Of(bound);
        Assert.Equal(UdpBindResult.Success, socket.Bind(new UdpEndpoint(local, 9), nic: bound is "group" or "broadcast" ? 1 : null));
        Assert.Equal(GroupResult.Success, socket.Join(1, group, host.Now));
        if (isConnected) Assert.Equal(UdpBindResult.Success, socket.Connect(new UdpEndpoint(peer, 7)));
        IpAddress destination = Of(to);
        host.Inject(Packets.Of(IpProtocol.Udp, Packets.Udp(7, 9, [1], peer, destination), peer, destination), isLinkGroup: to != "unicast");
        bool isMeant = local.IsNone || to == bound; // a group that was joined is heard of the peer, too, unlike on Linux
        Assert.Equal(isMeant ? 1 : 0, socket.Count);
        Assert.True(!isMeant || socket.TryReceive(new byte[9], out UdpDatagramInfo info) && info.To.Address == destination);
        socket.Close(host.Now);

        IpAddress Of(string what) => what switch { "any" => default, "unicast" => us, "broadcast" => Broadcast, _ => group };
    }

    [Theory]
    [InlineData("192.0.2.9", false, DatagramSendResult.Sent), InlineData("224.0.0.99", false, DatagramSendResult.Sent)]
    [InlineData("192.0.2.255", false, DatagramSendResult.AccessDenied), InlineData("192.0.2.255", true, DatagramSendResult.Sent)]
    [InlineData("2001:db8::9", false, DatagramSendResult.Sent), InlineData("ff02::99", false, DatagramSendResult.Sent)]
    public void An_echo_socket_sends_to_whom_it_may_and_hears_who_answers(string to, bool mayBroadcast, DatagramSendResult expected)
    {
        using TestHost host = new();
        IpAddress destination = IpAddress.Parse(to);
        bool isV6 = destination.IsV6;
        EchoSocket socket = host.Icmp.OpenEcho(isV6, 5)!;
        socket.Broadcast = mayBroadcast;
        Assert.Equal(expected, socket.Send(destination, 3, [1, 2], host.Now));
        if (expected != DatagramSendResult.Sent) return;
        SentPacket request = host.Nic.TakeOne();
        Assert.Equal(destination, isV6 ? request.V6.Destination : request.V4.Destination);
        (IpAddress peer, IpAddress us) = isV6 ? (TestHost.Peer6, request.V6.Source) : (TestHost.Peer4, TestHost.Us4);
        byte[] reply = Packets.Icmp(isV6 ? (byte)129 : (byte)0, 0, 0x5_0003, [1, 2], isV6 ? peer : default, us);
        host.Inject(Packets.Of(isV6 ? IpProtocol.Icmpv6 : IpProtocol.Icmp, reply, peer, us));
        Assert.True(socket.TryReceive(new byte[9], out EchoReplyInfo info));
        Assert.Equal((peer, 3, 2), (info.From, info.Sequence, info.Length));
    }
}
