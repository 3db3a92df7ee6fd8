using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Tests.Kit;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>OPEN as RFC 9293 section 3.9.1.1 has it: which address, beside what else, and to whom not.</summary>
public sealed class OpenCallTests
{
    private static readonly IpAddress Second = IpAddress.Parse("10.0.0.3");

    [Fact, Rfc(9293, "3.9.1.1", "MUST-44", "MUST-45", "MUST-43")]
    public void The_local_address_is_the_one_given_or_the_one_that_ip_chooses_and_stays()
    {
        Rig rig = new();
        rig.Ip.Addresses.Add(Second);
        TcpConnectOptions options = new(new TcpEndpoint(Rig.Peers, 5));
        Assert.Equal(TcpError.None, rig.Layer.Connect(options, rig.Now, out TcpConnection? chosen));
        Assert.Equal(TcpError.None, rig.Layer.Connect(options with { Local = new TcpEndpoint(Second, 0) }, rig.Now, out TcpConnection? given));
        Assert.Equal((Rig.Ours, Second), (chosen!.Local.Address, given!.Local.Address));
        Assert.Equal((Rig.Ours, Second), (rig.Take().Send.Source, rig.Take().Send.Source));
        rig.Ip.Addresses.Clear();
        rig.Ip.Addresses.Add(Second);
        rig.Ip.Addresses.Add(Rig.Ours); // routing would choose another one now
        rig.Advance(1100);
        Assert.Equal((Rig.Ours, Second), (rig.Take().Send.Source, rig.Take().Send.Source));
    }

    [Fact, Rfc(9293, "3.9.1.1", "MUST-43")]
    public void A_listener_with_an_address_hears_only_it()
    {
        Rig rig = new();
        rig.Ip.Addresses.Add(Second);
        Assert.Equal(TcpError.None, rig.Layer.Listen(new TcpListenOptions(new TcpBindOptions(new TcpEndpoint(Second, 80))), out TcpListener? listener));
        rig.In(Syn, 0);
        Assert.Equal(Rst | Ack, rig.Take().Flags);
        Assert.Equal(0, listener!.HalfOpen);
    }

    [Fact, Rfc(9293, "3.9.1.1", "MUST-41")]
    public void To_listen_touches_no_connection_that_is_there()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        TcpListenOptions same = new(new TcpBindOptions(new TcpEndpoint(Rig.Ours, 80)));
        Assert.Equal(TcpError.AddressInUse, rig.Layer.Listen(same, out _));
        Assert.Equal(TcpError.None, rig.Layer.Listen(new TcpListenOptions(new TcpBindOptions(new TcpEndpoint(Rig.Ours, 81))), out TcpListener? other));
        rig.In(Ack, 1, 1, data: Rig.Bytes(10));
        rig.Out(Ack, 1, 11);
        other!.Close();
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 1, 11, 10);
        Assert.Equal((TcpState.Established, 10), (connection.State, connection.ReadableBytes));
    }

    [Fact, Rfc(9293, "3.9.1.1", "MUST-42")]
    public void One_can_listen_at_a_port_from_which_connections_are_opening()
    {
        Rig rig = new();
        TcpBindOptions shared = new(new TcpEndpoint(Rig.Ours, 80)) { ReusePort = true };
        Assert.Equal(TcpError.None, rig.Layer.Listen(new TcpListenOptions(shared), out TcpListener? first));
        rig.In(Syn, 0);
        rig.OurIss = rig.Take().Header.Sequence; // in SYN-RECEIVED
        Assert.Equal(TcpError.None, rig.Layer.Bind(shared, out TcpBinding? binding));
        TcpConnectOptions connect = new(new TcpEndpoint(Rig.Peers, 5)) { Binding = binding };
        Assert.Equal(TcpError.None, rig.Layer.Connect(connect, rig.Now, out TcpConnection? opening));
        Assert.Equal((TcpState.SynSent, (ushort)80), (opening!.State, opening.Local.Port));
        rig.Take();
        Assert.Equal(TcpError.None, rig.Layer.Listen(new TcpListenOptions(shared), out TcpListener? second));
        rig.In(Ack, 1, 1);
        Assert.Equal(1, first!.Pending);
        first.Close();
        rig.DropOut();
        rig.RemotePort = 4001;
        rig.In(Syn, 0);
        Assert.Equal(1, second!.HalfOpen);
        Assert.Equal(TcpState.SynSent, opening.State);
    }

    [Fact, Rfc(9293, "3.9.1.1", "MUST-46")]
    public void A_connect_to_a_broadcast_address_of_the_link_fails_at_once()
    {
        StackPair pair = new();
        TcpConnectOptions options = new(new TcpEndpoint(IpAddress.Parse("10.0.0.255"), 80));
        Assert.Equal(TcpError.None, pair.Alice.Stack.Tcp.Connect(options, pair.World.Now, out TcpConnection? connection));
        pair.World.Run(TimeSpan.FromMilliseconds(10));
        Assert.Equal((TcpState.Closed, TcpError.InvalidArgument), (connection!.State, connection.Error));
        pair.World.AssertNoLeaks();
    }

    [Fact, Rfc(9293, "3.4.1", "SHLD-1", "MUST-9"), Rfc(6528, "3")]
    public void Initial_numbers_depend_on_the_secret()
    {
        Assert.Equal(First(1), First(1));
        uint[] numbers = [.. Enumerable.Range(1, 50).Select(seed => First((ulong)seed))];
        Assert.Equal(50, numbers.Distinct().Count());
        Assert.True(numbers.Max() - numbers.Min() > 1u << 31, "they should lie all over the space");

        static uint First(ulong seed)
        {
            Rig rig = new(s => s with { Seed = seed });
            rig.Listen();
            rig.In(Syn, 0);
            return rig.Take().Header.Sequence;
        }
    }
}
