using NetStack.Ip;
using NetStack.Memory;
using NetStack.Tests.Kit;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Bodies;

/// <summary>A relay passes datagrams on by handle, with the sum they came with.</summary>
public sealed class UdpRelayTests
{
    private static readonly UdpEndpoint Front = new(RelayWorld.Front.Address, 5000);
    private static readonly UdpEndpoint Back = new(RelayWorld.Back.Address, 6000);

    [Theory, InlineData(1500), InlineData(700)]
    public void Datagrams_of_any_length_pass_unchanged_and_uncopied(int backMtu)
    {
        Rig rig = new(backMtu: backMtu); // the narrower link takes fragments, cut by handle too
        byte[] data = StreamEnd.Data(3, 1472);
        for (int length = 0; length <= data.Length; length += 31)
        {
            rig.Client.Send(Front, data.AsSpan(0, length), default, rig.World.Now);
            rig.RunUntil(() => rig.Server.Count == 1);
            Assert.Equal(data[..length], rig.Received());
        }
        Assert.Equal(0, rig.Net.Copied);
        Assert.Equal(0, rig.Udp.BodyBytesCopied);
        Assert.True(rig.Udp.BodyBytesPassed > 30_000);
        rig.Finish();
    }

    [Fact]
    public void A_datagram_in_fragments_is_copied_and_passes_all_the_same()
    {
        Rig rig = new();
        byte[] data = StreamEnd.Data(4, 9001);
        rig.Client.Send(Front, data, default, rig.World.Now);
        rig.RunUntil(() => rig.Server.Count == 1);
        Assert.Equal(data, rig.Received());
        Assert.Equal(9001, rig.Udp.BodyBytesCopied);
        rig.Finish();
    }

    [Fact]
    public void A_corrupted_datagram_is_not_passed_on()
    {
        Rig rig = new(front: new Impairment { Corrupt = 0.3 });
        byte[] data = StreamEnd.Data(5, 1001);
        for (int i = 0; i < 200; i++)
        {
            rig.Client.Send(Front, data, default, rig.World.Now);
            rig.Run(TimeSpan.FromMilliseconds(50));
        }
        Assert.InRange(rig.Server.Count, 90, 180);
        while (rig.Server.Count > 0) Assert.Equal(data, rig.Received());
        Assert.True(rig.Udp.Drops[UdpDropReason.BadChecksum] > 20);
        rig.Finish();
    }

    [Fact]
    public void A_datagram_that_changed_is_dropped_by_its_receiver()
    {
        Rig rig = new();
        rig.Seen = body => RelayWorld.Tamper(body, 3);
        rig.Client.Send(Front, StreamEnd.Data(6, 500), default, rig.World.Now);
        rig.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rig.Server.Count);
        Assert.Equal(1, rig.Net.Server.Stack.Udp.Drops[UdpDropReason.BadChecksum]);
        rig.Finish();
    }

    [Fact]
    public void A_datagram_without_a_checksum_says_so_and_goes_on_without_one()
    {
        Rig rig = new();
        bool? verified = null;
        rig.Seen = body => verified = body.IsVerified;
        rig.Run(TimeSpan.FromMilliseconds(10));
        byte[] payload = StreamEnd.Data(7, 301);
        rig.Net.Relay.Receive(rig.Net.Relay.Nic, WithoutChecksum(rig, payload), rig.World.Now);
        rig.RunUntil(() => rig.Server.Count == 1);
        Assert.False(verified);
        byte[] sent = rig.Net.BackHub.Log.Last(f => f.From.StartsWith("relay", StringComparison.Ordinal)).Bytes;
        Assert.Equal(0, sent[40] << 8 | sent[41]);
        rig.Server.TryPeek(default, out UdpDatagramInfo info);
        Assert.False(info.IsVerified);
        Assert.Equal(payload, rig.Received());
        rig.Finish();
    }

    [Fact]
    public void Datagrams_that_wait_are_copied_when_their_lease_is_over_and_one_that_changed_is_dropped()
    {
        TestDevice.NeedsPlainRing();
        Rig rig = new() { IsPaused = true };
        byte[] data = StreamEnd.Data(8, 1111);
        for (int i = 0; i < 5; i++) rig.Client.Send(Front, data, default, rig.World.Now);
        BufferPool pool = rig.Net.Relay.ReceiveBuffers;
        rig.RunUntil(() => rig.Relay.Count == 5);
        Assert.Equal(pool.Count - 5, pool.Available);
        Assert.True(rig.Relay.ReceivesBodies);
        Assert.Throws<InvalidOperationException>(() => rig.Relay.ReceivesBodies = false);
        Assert.Throws<InvalidOperationException>(() => rig.Relay.TryReceive(default, out _));
        new DeviceMemory(pool.Region).Span(pool.BufferSize * 2 + 500, 1)[0] ^= 1; // in one of them
        rig.Run(TimeSpan.FromMilliseconds(200));
        Assert.Equal(pool.Count, pool.Available);
        Assert.Equal((5, 4), (rig.Udp.BodiesCopiedOut, rig.Relay.Count));
        Assert.Equal(1, rig.Udp.Drops[UdpDropReason.BodyChanged]);
        rig.IsPaused = false;
        rig.RunUntil(() => rig.Server.Count == 4);
        while (rig.Server.Count > 0) Assert.Equal(data, rig.Received());
        Assert.Null(((IStackPart)rig.Udp).NextDeadline);
        rig.Finish();
    }

    [Fact]
    public void A_closed_socket_keeps_no_buffer()
    {
        Rig rig = new() { IsPaused = true };
        rig.Client.Send(Front, new byte[1000], default, rig.World.Now);
        rig.RunUntil(() => rig.Relay.Count == 1);
        rig.Finish();
    }

    /// <summary>A frame from the client whose UDP checksum is 0.</summary>
    private static byte[] WithoutChecksum(Rig rig, byte[] payload)
    {
        byte[] frame = new byte[14 + 20 + 8 + payload.Length];
        new EthernetHeader(rig.Net.Relay.Nic.Mac, new MacAddress(0x02_AA_00_00_00_01), EtherType.Ipv4).Write(frame);
        new Ipv4Header(IpAddress.Parse("10.1.0.2"), Front.Address, IpProtocol.Udp, (ushort)(frame.Length - 14)).Write(frame.AsSpan(14), default);
        new UdpHeader(4000, Front.Port, (ushort)(8 + payload.Length)).Write(frame.AsSpan(34));
        payload.CopyTo(frame, 42);
        return frame;
    }

    private sealed class Rig
    {
        private readonly byte[] _buffer = new byte[65_536];

        internal Rig(Impairment? front = null, int backMtu = 1500)
        {
            Net = new RelayWorld(11, front, backMtu: backMtu);
            Client = Net.Client.Stack.Udp.Open(UdpFamily.V4);
            Relay = Net.Relay.Stack.Udp.Open(UdpFamily.V4);
            Server = Net.Server.Stack.Udp.Open(UdpFamily.V4);
            Relay.ReceivesBodies = true;
            Assert.Equal(UdpBindResult.Success, Relay.Bind(Front));
            Assert.Equal(UdpBindResult.Success, Server.Bind(Back));
        }

        internal RelayWorld Net { get; }

        internal World World => Net.World;

        internal UdpSocket Client { get; }

        internal UdpSocket Relay { get; }

        internal UdpSocket Server { get; }

        internal UdpLayer Udp => Net.Relay.Stack.Udp;

        internal bool IsPaused { get; set; }

        internal Action<SummedBody>? Seen { get; set; }

        internal void Pump()
        {
            if (IsPaused) return;
            while (Relay.TryReceiveBody(out SummedBody body, out _))
            {
                Seen?.Invoke(body);
                Assert.Equal(DatagramSendResult.Sent, Relay.SendBody(Back, ref body, new UdpSendOptions { Source = IpAddress.Parse("10.2.0.1") }, World.Now));
                Assert.Equal(0, body.Length);
            }
        }

        internal void RunUntil(Func<bool> condition) => World.RunUntil(() =>
        {
            Pump();
            return condition();
        }, TimeSpan.FromSeconds(30));

        internal void Run(TimeSpan time)
        {
            Instant end = World.Now + time;
            World.RunUntil(() =>
            {
                Pump();
                return World.Now >= end;
            }, time + TimeSpan.FromSeconds(1));
        }

        internal byte[] Received()
        {
            Assert.True(Server.TryReceive(_buffer, out UdpDatagramInfo info));
            return _buffer[..info.Copied];
        }

        internal void Finish()
        {
            foreach (UdpSocket socket in new[] { Client, Relay, Server }) socket.Close(World.Now);
            World.Run(TimeSpan.FromSeconds(2));
            World.AssertNoLeaks();
            Assert.Equal(0, Udp.Blocks.Held);
        }
    }
}
