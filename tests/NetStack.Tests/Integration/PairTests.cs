using NetStack.Icmp;
using NetStack.Ip;
using NetStack.Tests.Kit;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Integration;

/// <summary>Two whole stacks on one wire: neighbours, echo, UDP, fragments.</summary>
public sealed class PairTests
{
    public static TheoryData<bool> Families => [false, true];

    [Theory, MemberData(nameof(Families))]
    public void Neighbours_are_found_and_an_echo_comes_back(bool isV6)
    {
        StackPair pair = new();
        EchoSocket echo = pair.Alice.Stack.Icmp.OpenEcho(isV6)!;
        IpAddress bob = isV6 ? StackPair.BobV6 : StackPair.BobV4;
        byte[] buffer = new byte[2000];
        for (ushort i = 0; i < 3; i++)
        {
            echo.Send(bob, i, [1, 2, 3, (byte)i], pair.World.Now);
            pair.World.RunUntil(() => echo.Count > 0, TimeSpan.FromSeconds(5), "an echo reply");
            Assert.True(echo.TryReceive(buffer, out EchoReplyInfo reply));
            Assert.Equal((bob, i, 4), (reply.From, reply.Sequence, reply.Length));
            Assert.Equal([1, 2, 3, (byte)i], buffer[..4]);
        }
        Assert.Equal(NeighbourState.Reachable, pair.Alice.Nic.Neighbours.StateOf(bob, pair.World.Now));
        pair.World.Run(TimeSpan.FromSeconds(10));
        pair.World.AssertNoLeaks();
    }

    [Theory, MemberData(nameof(Families))]
    public void Datagrams_go_both_ways(bool isV6)
    {
        StackPair pair = new();
        (IpAddress alice, IpAddress bob) = isV6 ? (StackPair.AliceV6, StackPair.BobV6) : (StackPair.AliceV4, StackPair.BobV4);
        UdpSocket server = Open(pair.Bob, isV6, new UdpEndpoint(bob, 53));
        UdpSocket client = Open(pair.Alice, isV6, new UdpEndpoint(alice, 0));
        Assert.Equal(DatagramSendResult.Sent, client.Send(new UdpEndpoint(bob, 53), "hello"u8, default, pair.World.Now));
        pair.World.RunUntil(() => server.Count > 0, TimeSpan.FromSeconds(5), "the datagram");
        byte[] buffer = new byte[100];
        Assert.True(server.TryReceive(buffer, out UdpDatagramInfo info));
        Assert.Equal("hello"u8, buffer.AsSpan(0, info.Length));
        server.Send(info.From, "there"u8, default, pair.World.Now);
        pair.World.RunUntil(() => client.Count > 0, TimeSpan.FromSeconds(5), "the answer");
        pair.World.AssertNoLeaks();
    }

    [Theory, MemberData(nameof(Families))]
    public void A_large_datagram_is_cut_and_put_together(bool isV6)
    {
        StackPair pair = new(impairment: new Impairment { Reorder = 0.3, Duplicate = 0.2 });
        (IpAddress alice, IpAddress bob) = isV6 ? (StackPair.AliceV6, StackPair.BobV6) : (StackPair.AliceV4, StackPair.BobV4);
        UdpSocket server = Open(pair.Bob, isV6, new UdpEndpoint(bob, 9));
        UdpSocket client = Open(pair.Alice, isV6, new UdpEndpoint(alice, 0));
        byte[] payload = new byte[20_000];
        new SeededRandom(5).Fill(payload);
        // the neighbour first: only a few packets wait for it
        client.Send(new UdpEndpoint(bob, 9), [0], default, pair.World.Now);
        pair.World.RunUntil(() => server.Count > 0, TimeSpan.FromSeconds(5));
        byte[] buffer = new byte[30_000];
        while (server.TryReceive(buffer, out _)) { }
        Assert.Equal(DatagramSendResult.Sent, client.Send(new UdpEndpoint(bob, 9), payload, default, pair.World.Now));
        pair.World.RunUntil(() => server.NextLength == payload.Length, TimeSpan.FromSeconds(5), "the large datagram");
        Assert.True(server.TryReceive(buffer, out UdpDatagramInfo info));
        Assert.Equal(payload, buffer[..info.Length]);
        pair.World.Run(TimeSpan.FromSeconds(120));
        pair.World.AssertNoLeaks();
    }

    [Theory, MemberData(nameof(Families))]
    public void A_closed_port_is_told_of(bool isV6)
    {
        StackPair pair = new();
        (IpAddress alice, IpAddress bob) = isV6 ? (StackPair.AliceV6, StackPair.BobV6) : (StackPair.AliceV4, StackPair.BobV4);
        UdpSocket client = Open(pair.Alice, isV6, new UdpEndpoint(alice, 0));
        Assert.Equal(UdpBindResult.Success, client.Connect(new UdpEndpoint(bob, 7)));
        client.Send([1], pair.World.Now);
        pair.World.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(1, pair.Bob.Stack.Icmp.Errors.Sent);
        Assert.Equal(DatagramErrorKind.ConnectionRefused, ErrorOf(client));
        pair.World.AssertNoLeaks();
    }

    [Theory, MemberData(nameof(Families))]
    public void A_neighbour_that_is_not_there_is_told_of(bool isV6)
    {
        StackPair pair = new();
        UdpSocket client = Open(pair.Alice, isV6, new UdpEndpoint(isV6 ? StackPair.AliceV6 : StackPair.AliceV4, 0));
        Assert.Equal(UdpBindResult.Success, client.Connect(new UdpEndpoint(IpAddress.Parse(isV6 ? "fd00::99" : "10.0.0.99"), 7)));
        client.Send([1], pair.World.Now);
        pair.World.Run(TimeSpan.FromSeconds(4));
        Assert.Equal(DatagramErrorKind.HostUnreachable, ErrorOf(client));
        pair.World.AssertNoLeaks();
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.9.9.9", "127.9.9.9")]
    [InlineData("::1", "::1")]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("fd00::1", "fd00::1")]
    public void What_is_for_ourselves_never_leaves(string to, string from)
    {
        StackPair pair = new();
        pair.World.Run(TimeSpan.FromSeconds(10));
        pair.Hub.Log.Clear();
        IpAddress own = IpAddress.Parse(to);
        UdpSocket server = Open(pair.Alice, own.IsV6, new UdpEndpoint(own.IsV6 ? IpAddress.V6(0) : IpAddress.V4(0), 99));
        UdpSocket client = Open(pair.Alice, own.IsV6, default);
        Assert.Equal(DatagramSendResult.Sent, client.Send(new UdpEndpoint(own, 99), "self"u8, default, pair.World.Now));
        pair.World.RunUntil(() => server.Count > 0, TimeSpan.FromSeconds(1), "the datagram to ourselves");
        Assert.True(server.TryReceive(new byte[10], out UdpDatagramInfo info));
        Assert.Equal(from, info.From.Address.ToString());
        Assert.Empty(pair.Hub.Log);
        pair.World.AssertNoLeaks();
    }

    [Fact]
    public void A_group_gets_what_is_sent_to_it()
    {
        StackPair pair = new();
        IpAddress group = IpAddress.Parse("239.1.2.3");
        UdpSocket server = Open(pair.Bob, false, new UdpEndpoint(IpAddress.V4(0), 5353));
        UdpSocket client = Open(pair.Alice, false, new UdpEndpoint(StackPair.AliceV4, 0));
        client.Send(new UdpEndpoint(group, 5353), [1], default, pair.World.Now);
        pair.World.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(0, server.Count);
        server.Join(pair.Bob.Nic.Index, group, pair.World.Now);
        Assert.Contains(MacAddress.Parse("01:00:5e:01:02:03"), pair.Bob.Nic.LinkGroups);
        client.Send(new UdpEndpoint(group, 5353), [2], default, pair.World.Now);
        pair.World.RunUntil(() => server.Count > 0, TimeSpan.FromSeconds(1), "the datagram to the group");
        server.Leave(pair.Bob.Nic.Index, group, pair.World.Now);
        Assert.DoesNotContain(MacAddress.Parse("01:00:5e:01:02:03"), pair.Bob.Nic.LinkGroups);
        pair.World.Run(TimeSpan.FromSeconds(10));
        pair.World.AssertNoLeaks();
    }

    private static DatagramErrorKind ErrorOf(UdpSocket socket) => socket.TryTakeError(out DatagramError error) ? error.Kind : default;

    internal static UdpSocket Open(StackHost host, bool isV6, UdpEndpoint local)
    {
        UdpSocket socket = host.Stack.Udp.Open(isV6 ? UdpFamily.V6 : UdpFamily.V4);
        if (!local.Address.IsNone) Assert.Equal(UdpBindResult.Success, socket.Bind(local));
        return socket;
    }
}
