using NetStack.Ip;
using NetStack.Memory;
using NetStack.Tests.TcpParts;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

/// <summary>The steady state allocates nothing; counted to the byte.</summary>
public sealed class AllocationTests
{
    private const IpProtocol Protocol = (IpProtocol)253;

    private readonly BufferPool _ring = BufferPool.Create(2048, 16);
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly byte[] _read = new byte[2000];

    [Fact]
    public void Udp_in_and_out_allocates_nothing()
    {
        using TestHost host = new();
        host.Nic.Discards = true;
        UdpSocket socket = host.Udp.Open(UdpFamily.Dual);
        Assert.Equal(UdpBindResult.Success, socket.Bind(new UdpEndpoint(default, 9)));
        byte[][] packets = [Packets.V4(IpProtocol.Udp, Packets.Udp(7, 9, Packets.Bytes(1400))), Packets.V6(IpProtocol.Udp, Packets.Udp(7, 9, Packets.Bytes(100), TestHost.Peer6))];
        AssertNone(() =>
        {
            foreach (byte[] packet in packets)
            {
                Inject(host, packet);
                if (!socket.TryReceive(_read, out UdpDatagramInfo info)) throw new InvalidOperationException(host.Udp.Drops.ToString());
                while (host.Udp.TryReadEvent(out _))
                {
                }
                if (socket.Send(info.From, _read.AsSpan(0, info.Length), default, host.Now) != DatagramSendResult.Sent) throw new InvalidOperationException();
            }
        });
    }

    [Fact]
    public void Echo_fragments_and_super_segments_allocate_nothing()
    {
        using TestHost host = new();
        host.Nic.Discards = true;
        RecordingTransport transport = new() { Discards = true };
        host.Ip.Register(Protocol, transport);
        byte[] echo = Packets.V4(IpProtocol.Icmp, Packets.Icmp(8, 0, 1, Packets.Bytes(600)));
        byte[] first = Packets.V4(Protocol, new byte[800], more: true);
        byte[] second = Packets.V4(Protocol, new byte[801], offset: 800);
        byte[] tcp = new byte[20];
        new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5).Write(tcp);
        byte[] data = new byte[10_000];
        AssertNone(() =>
        {
            Inject(host, echo);
            Inject(host, first);
            Inject(host, second);
            PacketBody body = default;
            host.Ip.Bodies.TryAppend(ref body, data);
            host.Ip.Send(new IpSend(default, TestHost.Peer6, IpProtocol.Tcp) { ChecksumOffset = 16, SegmentSize = 1400 }, tcp, body, host.Now);
            PacketBody large = default;
            host.Ip.Bodies.TryAppend(ref large, data);
            host.Ip.Send(new IpSend(default, TestHost.Peer4, Protocol), tcp, large, host.Now);
        });
        Assert.True(host.Ip.Counters.Reassembled > 1000);
    }

    private static void AssertNone(Action round)
    {
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++) round();
        }));
    }

    private void Inject(TestHost host, byte[] packet)
    {
        _ring.TryRent(out BufferHandle buffer);
        _ring.Write(buffer, 0, packet);
        PacketBody body = new(new BodySlice(_ring, buffer, 0, packet.Length));
        HeaderSnapshot snapshot = _snapshots.Rent(body, host.Meter);
        host.Ip.Receive(host.Nic, new InboundFrame(snapshot, LinkType.Raw) { Body = body }, 0, false, host.Now);
        _snapshots.Return(snapshot);
        body.Release();
    }
}
