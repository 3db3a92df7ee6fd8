using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>Sending: gathering, checksums, segmentation, refusals, a wire that is full.</summary>
public sealed class TransmitTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 30)];

    [Theory, MemberData(nameof(Seeds))]
    public void Super_segments_are_cut_as_a_plain_stack_would_have_sent_them(int seed)
    {
        Random random = new(seed);
        using Rig rig = new(new VirtualNicOptions { RingSize = 64, Mtu = 1500 }, buffers: 64, bufferSize: 1024);
        bool isV4 = random.Next(2) == 0;
        (IpAddress from, IpAddress to) = isV4 ? (Frames.A4, Frames.B4) : (Frames.A6, Frames.B6);
        int vlan = random.Next(2) == 0 ? 5 : -1;
        byte[]? options = random.Next(2) == 0 ? [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8] : null;
        TcpFlags flags = TcpFlags.Ack | (TcpFlags)random.Next(256);
        TcpHeader header = new(1, 2, uint.MaxValue - 2000, 9, flags, 77);
        ushort id = (ushort)random.Next(65536);
        int size = 100 + random.Next(1300);
        byte[] payload = Frames.Payload(1 + random.Next(20_000), seed);
        byte[] whole = Frames.Tcp(from, to, header, payload, vlan, id, options);
        int headers = whole.Length - payload.Length;
        int tcpAt = headers - 20 - (options?.Length ?? 0);
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(tcpAt + 16), PseudoSum(from, to, whole.Length - tcpAt));

        TransmitFrame frame = rig.Frame(whole[..headers], payload, new TransmitOffload((ushort)tcpAt, 16, (ushort)size, (ushort)headers));
        Assert.Equal(1, rig.Queue.Transmit([frame]));
        List<byte[]> expected = [];
        for (int at = 0, index = 0; at < payload.Length; at += size, index++)
        {
            bool isLast = at + size >= payload.Length;
            TcpFlags cut = isLast ? flags : flags & ~(TcpFlags.Fin | TcpFlags.Psh);
            if (index > 0) cut &= ~TcpFlags.Cwr;
            TcpHeader part = header with { Sequence = header.Sequence + (uint)at, Flags = cut };
            expected.Add(Frames.Tcp(from, to, part, payload.AsSpan(at, Math.Min(size, payload.Length - at)), vlan, (ushort)(id + index), options));
        }
        Assert.True(expected.Count == rig.Wire.Frames.Count, $"seed {seed}");
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.True(SameButZeroChecksum(expected[i], rig.Wire.Frames[i], tcpAt + 16), $"seed {seed}, segment {i} of {expected.Count}, IPv4 {isV4}");
        }
        rig.Nic.Poll(Instant.Zero);
        rig.AssertAllHome();
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_requested_checksum_is_filled_in_over_headers_and_body(bool isV4)
    {
        using Rig rig = new();
        (IpAddress from, IpAddress to) = isV4 ? (Frames.A4, Frames.B4) : (Frames.A6, Frames.B6);
        byte[] right = Frames.Tcp(from, to, new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5), Frames.Payload(777));
        int headers = right.Length - 777;
        byte[] asked = [.. right];
        BinaryPrimitives.WriteUInt16BigEndian(asked.AsSpan(headers - 4), PseudoSum(from, to, 797));
        Assert.Equal(1, rig.Queue.Transmit([rig.Frame(asked[..headers], asked[headers..], new TransmitOffload((ushort)(headers - 20), 16, 0, 0))]));
        Assert.Equal(right, Assert.Single(rig.Wire.Frames));
        Assert.Equal(asked.Length, rig.Wire.Infos[0].WireLength);
    }

    [Fact]
    public void Kept_segments_travel_as_one_frame_and_arrive_with_their_count()
    {
        using Rig a = new(new VirtualNicOptions { KeepSegments = true });
        using Rig b = new(new VirtualNicOptions { ReceiveChecksum = true });
        b.Fill();
        a.Nic.Attach(b.Nic);
        byte[] payload = Frames.Payload(2500);
        byte[] whole = Frames.Tcp(Frames.A4, Frames.B4, new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5), payload);
        byte[] asked = [.. whole];
        BinaryPrimitives.WriteUInt16BigEndian(asked.AsSpan(50), PseudoSum(Frames.A4, Frames.B4, 2520));
        a.Queue.Transmit([a.Frame(asked[..54], payload, new TransmitOffload(34, 16, 1000, 54))]);
        Got got = Assert.Single(b.Receive());
        Assert.Equal(whole, got.Bytes);
        Assert.Equal((3, 1000, ChecksumVerdict.Good), (got.Meta.SegmentCount, got.Meta.SegmentSize, got.Meta.Checksum));
    }

    [Fact]
    public void What_can_never_be_sent_is_accepted_counted_and_released()
    {
        using Rig rig = new(new VirtualNicOptions { RingSize = 8, MaxFrameLength = 8192 }, bufferSize: 512);
        byte[] headers = Frames.Tcp(Frames.A4, Frames.B4, new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5), []);
        BufferPool foreign = BufferPool.Create(2048, 1);
        foreign.TryRent(out BufferHandle buffer);
        TransmitFrame unregistered = rig.Frame(headers);
        unregistered.Body.Append(new BodySlice(foreign, buffer, 0, 10));
        TransmitFrame[] frames =
        [
            rig.Frame(headers, new byte[1500]),
            new TransmitFrame(),
            unregistered,
            rig.Frame(headers, new byte[100], new TransmitOffload(34, 200, 0, 0)),
            rig.Frame(headers, new byte[100], new TransmitOffload(0, 0, 50, 0)),
            rig.Frame(headers, new byte[100], new TransmitOffload(0, 0, 1500, 54)),
        ];
        Assert.Equal(frames.Length, rig.Queue.Transmit(frames));
        DropCounters drops = rig.Queue.Counters.TransmitDrops;
        Assert.Equal((2, 1, 1, 2), (drops[DropReason.TooLong], drops[DropReason.TooShort], drops[DropReason.NotRegistered], drops[DropReason.MalformedHeaders]));
        Assert.Equal(1, foreign.Available);
        Assert.Empty(rig.Wire.Frames);
        rig.AssertAllHome();

        byte[] udp = Frames.Udp(Frames.A4, Frames.B4, 1, 2, []);
        rig.Queue.Transmit([rig.Frame(udp, new byte[400], new TransmitOffload(34, 6, 100, 42))]);
        Assert.Equal(1, rig.Nic.DeviceDrops[DropReason.Unsupported]); // only TCP is cut
        using Rig plain = new(new VirtualNicOptions { TransmitOffload = false });
        plain.Queue.Transmit([plain.Frame(headers, new byte[100], new TransmitOffload(34, 16, 0, 0))]);
        Assert.Equal(1, plain.Queue.Counters.TransmitDrops[DropReason.Unsupported]);
    }

    [Fact]
    public void A_chain_longer_than_the_ring_is_refused_and_a_full_ring_makes_the_caller_keep_the_rest()
    {
        using Rig rig = new(new VirtualNicOptions { RingSize = 4 }, buffers: 32, bufferSize: 72);
        rig.Queue.Transmit([rig.Frame(Frames.Numbered(0, 20), new byte[64 * 4])]);
        Assert.Equal(1, rig.Queue.Counters.TransmitDrops[DropReason.Unsupported]);
        rig.Wire.Room = 0;
        TransmitFrame[] frames = [.. Enumerable.Range(0, 3).Select(i => rig.Frame(Frames.Numbered(i, 20), new byte[60]))];
        Assert.Equal(2, rig.Queue.Transmit(frames));
        Assert.Equal(0, rig.Queue.Transmit(frames.AsSpan(2)));
        Assert.NotNull(rig.Nic.NextDeadline); // so that nobody sleeps while frames wait for the wire
        rig.Wire.Room = 10;
        rig.Nic.Poll(rig.Nic.NextDeadline.Value);
        Assert.Equal(1, rig.Queue.Transmit(frames.AsSpan(2)));
        Assert.Equal([0, 1, 2], rig.Wire.Frames.Select(f => BinaryPrimitives.ReadInt32BigEndian(f.AsSpan(14))));
        Assert.Null(rig.Nic.NextDeadline);
        rig.AssertAllHome();
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(7)]
    public void A_cut_frame_goes_on_where_the_wire_became_full(int room)
    {
        using Rig rig = new();
        rig.Wire.Room = 0;
        byte[] payload = Frames.Payload(5000);
        byte[] headers = Frames.Tcp(Frames.A4, Frames.B4, new TcpHeader(1, 2, 0, 4, TcpFlags.Ack, 5), [])[..54];
        rig.Queue.Transmit([rig.Frame(headers, payload, new TransmitOffload(34, 16, 700, 54))]);
        for (int i = 1; rig.Wire.Frames.Count < 8; i++)
        {
            Assert.True(i < 10);
            rig.Wire.Room = room;
            rig.Nic.Poll(Instant.FromMilliseconds(i));
        }
        Assert.Equal(payload, rig.Wire.Frames.SelectMany(f => f[54..]));
        rig.AssertAllHome();
    }

    [Fact]
    public void With_the_link_down_or_no_cable_frames_are_dropped_and_released()
    {
        using Rig rig = new();
        rig.Nic.SetLink(false);
        Assert.False(rig.Nic.IsLinkUp);
        Assert.Equal(1, rig.Queue.Transmit([rig.Frame(Frames.Numbered(1, 60), new byte[10])]));
        Assert.Equal(1, rig.Queue.Counters.TransmitDrops[DropReason.LinkDown]);
        rig.Fill(4);
        Assert.True(rig.Deliver(Frames.Numbered(1, 60)));
        Assert.Empty(rig.Receive());
        Assert.Equal(1, rig.Nic.DeviceDrops[DropReason.LinkDown]);
        rig.Nic.SetLink(true);
        rig.Nic.Attach(null);
        rig.Queue.Transmit([rig.Frame(Frames.Numbered(1, 60), new byte[10])]);
        Assert.Equal(2, rig.Nic.DeviceDrops[DropReason.LinkDown]);
        Assert.Empty(rig.Wire.Frames);
    }

    [Fact]
    public void A_queued_frame_does_not_leave_after_the_link_went_down()
    {
        using Rig rig = new();
        rig.Wire.Room = 0;
        rig.Queue.Transmit([rig.Frame(Frames.Numbered(1, 60), new byte[10])]);
        rig.Nic.SetLink(false);
        rig.Wire.Room = 1;
        rig.Nic.Poll(Instant.FromMilliseconds(1));
        Assert.Empty(rig.Wire.Frames);
        rig.AssertAllHome();
    }

    [Theory, InlineData(1), InlineData(1000), InlineData(-3)]
    public void A_transmit_index_that_cannot_be_is_counted_and_frees_nothing(int lie)
    {
        IndexTamper tamper = new() { Lie = lie };
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper, RingSize = 8 });
        rig.Queue.Transmit([rig.Frame(Frames.Numbered(1, 60), new byte[10])]);
        Assert.True(rig.Queue.Counters.TransmitDrops[DropReason.BadIndex] > 0);
        Assert.Equal(rig.Pool.Count - 1, rig.Pool.Available);
        tamper.Lie = 0;
        rig.Queue.Transmit([rig.Frame(Frames.Numbered(2, 60))]);
        rig.AssertAllHome();
    }

    private static ushort PseudoSum(IpAddress from, IpAddress to, int length)
    {
        ChecksumAccumulator sum = default;
        PseudoHeader.AddTo(ref sum, from, to, IpProtocol.Tcp, length);
        return sum.Sum;
    }

    /// <summary>Equal, where the checksums 0 and 0xFFFF, which say the same, are taken as one.</summary>
    private static bool SameButZeroChecksum(byte[] expected, byte[] actual, int at)
    {
        byte[] copy = [.. actual];
        if (BinaryPrimitives.ReadUInt16BigEndian(expected.AsSpan(at)) == 0 && BinaryPrimitives.ReadUInt16BigEndian(actual.AsSpan(at)) == 0xFFFF) copy.AsSpan(at, 2).Clear();
        return expected.AsSpan().SequenceEqual(copy);
    }

    private sealed class IndexTamper : DeviceTamper
    {
        public int Lie { get; set; }

        public override uint OnTransmitIndex(int queue, uint index) => (uint)(index + Lie);
    }
}
