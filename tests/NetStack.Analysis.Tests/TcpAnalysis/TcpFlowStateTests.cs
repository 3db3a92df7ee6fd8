using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>The TCP analysis on connections told segment by segment.</summary>
public sealed class TcpFlowStateTests
{
    private const TcpFlags Ack = TcpFlags.Ack;

    [Fact]
    public void Numbers_run_on_over_the_end_of_their_circle()
    {
        Story story = new(aFirst: uint.MaxValue - 500, bFirst: 9);
        story.Open();
        story.A(Ack, 1, 400);
        Assert.Equal(TcpAnalysis.None, story.A(Ack, 401, 400).Analysis);
        FlowPacket answer = story.B(Ack, 1, 0, acknowledges: 801);
        Assert.Equal(TcpAnalysis.None, answer.Analysis);
        Assert.Equal(801u, answer.RelativeAcknowledgment);
        Assert.NotNull(answer.RoundTrip);
        Assert.Equal(TcpAnalysis.Retransmission | TcpAnalysis.SpuriousRetransmission, story.A(Ack, 401, 400).Analysis);
        Assert.Equal(TcpAnalysis.LostSegment, story.A(Ack, 901, 10).Analysis);
    }

    [Fact]
    public void A_simultaneous_open_is_no_fault()
    {
        Story story = new(aFirst: 100, bFirst: 200);
        Assert.Equal(TcpAnalysis.None, story.A(TcpFlags.Syn, 0, 0).Analysis);
        Assert.Equal(TcpAnalysis.None, story.B(TcpFlags.Syn, 0, 0).Analysis);
        story.Pause(50);
        Assert.Equal(TcpAnalysis.Retransmission, story.A(TcpFlags.Syn | Ack, 0, 0, acknowledges: 1).Analysis);
        Assert.Equal(TcpAnalysis.Retransmission, story.B(TcpFlags.Syn | Ack, 0, 0, acknowledges: 1).Analysis);
        Assert.Equal(TcpAnalysis.None, story.A(Ack, 1, 100, acknowledges: 1).Analysis);
        Assert.Equal(TcpAnalysis.None, story.B(Ack, 1, 0, acknowledges: 101).Analysis);
    }

    [Fact]
    public void One_direction_alone_is_judged_as_far_as_it_goes()
    {
        Story story = new(aFirst: 1000, bFirst: 5000);
        story.A(TcpFlags.Syn, 0, 0);
        FlowPacket ack = story.A(Ack, 1, 0, acknowledges: 1);
        Assert.True(ack.EndsHandshake);
        Assert.Equal(TcpAnalysis.None, story.A(Ack, 1, 100).Analysis);
        story.Pause(300);
        Assert.Equal(TcpAnalysis.Retransmission, story.A(Ack, 1, 100).Analysis);
        Assert.Equal(TcpAnalysis.LostSegment, story.A(Ack, 201, 100).Analysis);
        Assert.Equal(TcpAnalysis.None, story.A(Ack, 301, 1).Analysis); // no window of the other side was seen: no probe
    }

    [Fact]
    public void A_capture_that_starts_in_the_middle_numbers_from_one()
    {
        Story story = new(aFirst: 70_000, bFirst: 90_000);
        FlowPacket first = story.A(Ack, 5000, 100, acknowledges: 7000);
        Assert.Equal((1u, 101u, 1u), (first.RelativeSequence, first.NextSequence, first.RelativeAcknowledgment));
        Assert.Equal(-1, first.WindowScale);
        FlowPacket second = story.B(Ack, 7000, 50, acknowledges: 5100);
        Assert.Equal(TcpAnalysis.None, second.Analysis);
        Assert.Equal((1u, 101u), (second.RelativeSequence, second.RelativeAcknowledgment));
    }

    [Fact]
    public void Duplicate_acks_are_counted_and_answered_by_a_fast_retransmission()
    {
        Story story = new(aFirst: 1, bFirst: 1);
        story.Open();
        for (uint i = 0; i < 4; i++) story.A(Ack, 1 + i * 100, 100);
        FlowPacket first = story.B(Ack, 1, 0, acknowledges: 101);
        story.B(Ack, 1, 0, acknowledges: 101);
        FlowPacket second = story.B(Ack, 1, 0, acknowledges: 101);
        Assert.Equal((TcpAnalysis.DuplicateAck, 2, story.Number - 2), (second.Analysis, second.DuplicateAckNumber, second.DuplicateAckPacket));
        Assert.Equal(TcpAnalysis.None, first.Analysis);
        Assert.Equal(TcpAnalysis.Retransmission | TcpAnalysis.FastRetransmission, story.A(Ack, 101, 100).Analysis);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_a_hostile_flow_sends_never_throws_and_does_not_grow_it(int seed)
    {
        Assert.Equal(0, Allocations.OfFresh(() =>
        {
            Random random = new(seed);
            Story story = new(0, 0);
            for (int i = 0; i < 5_000; i++) story.Any(random);
            return () =>
            {
                for (int i = 0; i < 20_000; i++) story.Any(random);
            };
        }));
    }

    /// <summary>Two hosts; sequence numbers count from each one's first.</summary>
    private sealed class Story
    {
        private readonly TcpFlowState _state = new();
        private readonly byte[] _packet = new byte[40];
        private readonly HeaderSnapshot _snapshot = new();
        private readonly BufferPool _pool = BufferPool.Create(BufferPool.MinBufferSize, 1);
        private readonly FetchMeter _meter = new();
        private readonly PacketBody _body;
        private readonly uint _aFirst;
        private readonly uint _bFirst;
        private long _time;

        internal Story(uint aFirst, uint bFirst)
        {
            _aFirst = aFirst;
            _bFirst = bFirst;
            Assert.True(_pool.TryRent(out BufferHandle buffer));
            _body.Append(new BodySlice(_pool, buffer, 0, _packet.Length));
        }

        internal long Number { get; private set; }

        internal void Pause(long milliseconds) => _time += milliseconds * 1_000_000;

        internal void Open()
        {
            A(TcpFlags.Syn, 0, 0);
            B(TcpFlags.Syn | Ack, 0, 0, acknowledges: 1);
            A(Ack, 1, 0, acknowledges: 1);
        }

        internal FlowPacket A(TcpFlags flags, uint sequence, int length, uint acknowledges = 1) => Send(false, flags, _aFirst + sequence, length, _bFirst + acknowledges, 8000);

        internal FlowPacket B(TcpFlags flags, uint sequence, int length, uint acknowledges = 1) => Send(true, flags, _bFirst + sequence, length, _aFirst + acknowledges, 8000);

        internal void Any(Random random) =>
            Send(random.Next(2) == 0, (TcpFlags)random.Next(0x1FF), (uint)random.NextInt64(1L << 32), random.Next(3) == 0 ? 0 : random.Next(60_000), (uint)random.NextInt64(1L << 32), (ushort)random.Next(3));

        private FlowPacket Send(bool isReverse, TcpFlags flags, uint sequence, int length, uint acknowledgment, ushort window)
        {
            _time += 100_000;
            _packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(2), (ushort)(40 + length));
            _packet[9] = 6;
            new TcpHeader(1, 2, sequence, (flags & Ack) != 0 ? acknowledgment : 0, flags, window).Write(_packet.AsSpan(20));
            _packet.CopyTo(new DeviceMemory(_pool.Region).Span(0, _packet.Length));
            _snapshot.Begin(_body, _meter);
            PacketInfo info = new(++Number, Timestamp.FromNanoseconds(_time), 40, 40 + length, LinkType.Raw, 0);
            PacketHeaders headers = PacketHeaders.Decode(_snapshot, info);
            return _state.Add(headers, headers.Layers[^1], isReverse);
        }
    }
}
