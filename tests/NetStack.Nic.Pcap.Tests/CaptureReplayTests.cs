using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class CaptureReplayTests
{
    [Theory, InlineData(1), InlineData(3), InlineData(1000)]
    public void At_file_speed_every_record_comes_once_in_file_order_however_little_room_there_is(int room)
    {
        byte[] file = TimeRunsBackwards();
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file));
        Wire wire = new() { Room = room };
        CaptureReplay replay = new(reader, wire);
        for (int polls = 0; !replay.IsFinished; polls++)
        {
            Assert.True(polls < 1000);
            replay.Poll(Instant.FromMicroseconds(polls));
            if (!replay.IsFinished) Assert.Equal((true, Instant.FromMicroseconds(polls)), (replay.IsBlocked, replay.NextDeadline));
            wire.Room = room;
        }
        Assert.Equal(ReadWhole(file), wire.Frames.Select(f => f.Packet));
        Assert.Equal((6L, null, false), (replay.Delivered, replay.NextDeadline, replay.IsBlocked));
    }

    [Fact]
    public void In_the_captures_time_records_come_when_due_and_at_once_where_time_runs_backwards()
    {
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(TimeRunsBackwards()));
        Wire wire = new() { Room = 1000 };
        CaptureReplay replay = new(reader, wire, ReplayPace.CaptureTime);
        Instant now = Instant.FromSeconds(500);
        wire.Now = now;
        replay.Poll(now);
        while (replay.NextDeadline is { } next)
        {
            Assert.True(next >= now);
            now = next;
            wire.Now = now;
            replay.Poll(now);
        }
        // The file's times are 100, 102, 99 (backwards), none, 101 (past by then), 107.
        Assert.Equal([500, 502, 502, 502, 502, 507], wire.Frames.Select(f => f.At.Nanoseconds / 1_000_000_000));
    }

    private static byte[] TimeRunsBackwards()
    {
        PcapNgBuilder file = new(false);
        return file.Section().Interface(1, 0, file.Option(9, 0))
            .Enhanced(0, 100, Data(10, 1)).Enhanced(0, 102, Data(11, 2)).Enhanced(0, 99, Data(3000, 3)).Simple(13, Data(13, 4)).Enhanced(0, 101, Data(14, 5), 20).Enhanced(0, 107, Data(15, 6)).Bytes;
    }

    private sealed class Wire : IWireEnd
    {
        internal int Room { get; set; }

        internal Instant Now { get; set; }

        internal List<(PacketData Packet, Instant At)> Frames { get; } = [];

        public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
        {
            if (Room == 0) return false;
            Room--;
            Frames.Add((new PacketData(Convert.ToHexString(frame), info.WireLength, info.Arrival, info.LinkType, info.Interface), Now));
            return true;
        }
    }
}
