using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Tests.Kit;
using NetStack.Tests.TcpParts;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>The diagram, allocation, and segments in memory that a device may rewrite.</summary>
public sealed class SteadyStateTests
{
    [Fact, Rfc(9293, "3.3.2")]
    public void The_documented_diagram_is_the_one_in_use()
    {
        string text = RepositoryFiles.Read("docs/tcp.md");
        int start = text.IndexOf("digraph tcp", StringComparison.Ordinal);
        string documented = text[start..(text.IndexOf("\n}\n", start, StringComparison.Ordinal) + 3)];
        Assert.Equal(TcpTransitions.ToDot(), documented);
    }

    [Fact]
    public void An_edge_that_is_not_in_the_diagram_cannot_be_taken()
    {
        Assert.False(TcpTransitions.Allows(TcpState.Closed, TcpTrigger.ReceiveFin));
        Assert.Throws<InvalidOperationException>(() => TcpTransitions.Next(TcpState.TimeWait, TcpTrigger.Close));
        Assert.Equal(TcpState.LastAck, TcpTransitions.Next(TcpState.CloseWait, TcpTrigger.Close));
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void Thousands_of_segments_allocate_nothing(bool hasOptions)
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(hasOptions ? Offer.All : Offer.None);
        rig.Ip.IsBlind = true;
        byte[] data = Rig.Bytes(1000);
        byte[] room = new byte[4096];
        byte[] bytes = Segments.Build(Rig.Peers, Rig.Ours, new TcpHeader(Rig.PeerPort, 80, 0, 0, Ack, 60_000), new byte[rig.HasTimestamps ? 12 : 0], data);
        uint peer = 1;
        uint own = 1;
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 3000; i++) Round();
        }));
        Assert.Equal(TcpState.Established, connection.State);

        void Round()
        {
            own += (uint)connection.Write(data);
            while (((IStackPart)rig.Layer).TransmitOne(rig.Now)) { }
            rig.Now += TimeSpan.FromMilliseconds(10);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), rig.PeerIss + peer);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), rig.OurIss + own);
            if (rig.HasTimestamps)
            {
                ((ReadOnlySpan<byte>)[1, 1, 8, 10]).CopyTo(bytes.AsSpan(20));
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), rig.Clock);
            }
            InboundDatagram datagram = new()
            {
                Source = Rig.Peers,
                Destination = Rig.Ours,
                Interface = 1,
                IsChecksumGood = true,
                Bytes = new InboundBytes(bytes),
            };
            ((ITransport)rig.Layer).Receive(datagram, rig.Now);
            ((IStackPart)rig.Layer).OnDeadline(rig.Now);
            peer += 1000;
            if (connection.Read(room) != 1000) throw new InvalidOperationException("a segment was not taken");
            while (rig.Layer.TryReadEvent(out _)) { }
        }
    }

    [Fact]
    public void A_device_that_rewrites_memory_after_each_fetch_cannot_change_what_was_verified()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        BufferPool ring = BufferPool.Create(2048, 4);
        HeaderSnapshotPool snapshots = new();
        FetchMeter meter = new();
        byte[] data = Rig.Bytes(1400);
        byte[] bytes = Segments.Build(Rig.Peers, Rig.Ours, new TcpHeader(Rig.PeerPort, 80, rig.PeerIss + 1, rig.OurIss + 1, Ack | Psh, 60_000), default, data);
        Assert.True(ring.TryRent(out BufferHandle buffer));
        DeviceMemory device = new(ring.Region);
        bytes.CopyTo(device.Span(ring.RegionOffset(buffer), bytes.Length));
        device.OnFetched((offset, length) => device.Span(offset, length).Fill(0xEE));
        PacketBody frame = new(new BodySlice(ring, buffer, 0, bytes.Length));
        HeaderSnapshot headers = snapshots.Rent(frame, meter);
        InboundDatagram datagram = new() { Source = Rig.Peers, Destination = Rig.Ours, Interface = 1, Bytes = new InboundBytes(headers, 0, bytes.Length) };
        ((ITransport)rig.Layer).Receive(datagram, rig.Now);
        snapshots.Return(headers);
        frame.Release();
        byte[] room = new byte[2000];
        Assert.Equal(1400, connection.Read(room));
        Assert.Equal(data, room[..1400]);
        Assert.Equal(1, (int)rig.Layer.Counters.SegmentsReceived - 2);
    }
}
