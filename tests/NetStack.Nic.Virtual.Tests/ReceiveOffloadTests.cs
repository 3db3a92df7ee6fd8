using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>Header split, VLAN strip, checksum verdicts, coalesced segments.</summary>
public sealed class ReceiveOffloadTests
{
    private static readonly TcpHeader Header = new(1, 2, 3, 4, TcpFlags.Ack, 5);

    [Fact]
    public void Headers_with_options_are_placed_in_a_buffer_of_their_own()
    {
        using Rig rig = new(new VirtualNicOptions { HeaderSplit = true }, bufferSize: 256);
        byte[] tcp = Frames.Tcp(Frames.A4, Frames.B4, Header, Frames.Payload(400), options: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
        Got got = rig.PassOne(tcp);
        Assert.Equal([14 + 20 + 32, 256, 144], got.Slices);
        Assert.Equal(tcp, got.Bytes);
        byte[] udp = Frames.Udp(Frames.A6, Frames.B6, 1, 2, Frames.Payload(300));
        got = rig.PassOne(udp);
        Assert.Equal([14 + 40 + 8, 256, 44], got.Slices);
        Assert.Equal(udp, got.Bytes);
    }

    [Fact]
    public void Frames_up_to_the_threshold_and_without_ports_are_not_split()
    {
        using Rig rig = new(new VirtualNicOptions { HeaderSplit = true, HeaderSplitThreshold = 256 });
        Assert.Equal([256], rig.PassOne(Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(256 - 42))).Slices);
        Assert.Equal([42, 215], rig.PassOne(Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(257 - 42))).Slices);
        Assert.Equal([1000], rig.PassOne(Frames.Numbered(1, 1000)).Slices);
        byte[] later = Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(600));
        later[21] = 8; // a later fragment: what lies there are no ports
        Assert.Equal([642], rig.PassOne(later).Slices);
    }

    [Fact]
    public void Headers_longer_than_a_buffer_are_not_split_off()
    {
        using Rig rig = new(new VirtualNicOptions { HeaderSplit = true }, bufferSize: 64);
        byte[] frame = Frames.Tcp(Frames.A6, Frames.B6, Header, Frames.Payload(300));
        Got got = rig.PassOne(frame);
        Assert.Equal(frame, got.Bytes);
        Assert.Equal(64, got.Slices[0]);
    }

    [Theory, InlineData(false, 2048), InlineData(true, 2048), InlineData(true, 64), InlineData(false, 64)]
    public void A_tag_is_taken_out_and_reported(bool split, int bufferSize)
    {
        using Rig rig = new(new VirtualNicOptions { VlanStrip = true, HeaderSplit = split, HeaderSplitThreshold = 0 }, bufferSize: bufferSize);
        byte[] tagged = Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(100), vlan: 42);
        Got got = rig.PassOne(tagged);
        Assert.Equal(Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(100)), got.Bytes);
        Assert.Equal((5 << 13 | 42, got.Bytes.Length), (got.Meta.StrippedVlan, got.Meta.WireLength));
        if (split) Assert.Equal(42, got.Slices[0]);
        Assert.Equal(-1, rig.PassOne(Frames.Udp(Frames.A4, Frames.B4, 1, 2, [1])).Meta.StrippedVlan);
    }

    [Fact]
    public void Only_the_outermost_of_two_tags_is_taken_out()
    {
        using Rig rig = new(new VirtualNicOptions { VlanStrip = true });
        byte[] inner = Frames.Udp(Frames.A4, Frames.B4, 1, 2, [1], vlan: 7);
        byte[] outer = [.. inner[..12], 0x88, 0xA8, 0x00, 0x09, .. inner[12..]];
        Got got = rig.PassOne(outer);
        Assert.Equal(inner, got.Bytes);
        Assert.Equal(9, got.Meta.StrippedVlan);
    }

    [Fact]
    public void Verdicts_are_good_for_right_frames_and_bad_after_any_turned_bit()
    {
        using Rig rig = new(new VirtualNicOptions { ReceiveChecksum = true });
        byte[][] right =
        [
            Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(33)), Frames.Udp(Frames.A6, Frames.B6, 1, 2, Frames.Payload(20)),
            Frames.Tcp(Frames.A4, Frames.B4, Header, Frames.Payload(100)), Frames.Tcp(Frames.A6, Frames.B6, Header, Frames.Payload(1), vlan: 3),
            [.. Frames.Tcp(Frames.A4, Frames.B4, Header, []), 0, 0, 0, 0, 0, 0], // padding is no part of the segment
        ];
        Random random = new(11);
        foreach (byte[] frame in right)
        {
            Assert.Equal(ChecksumVerdict.Good, rig.PassOne(frame).Meta.Checksum);
            int transport = frame.Length > 80 ? frame.Length - 10 : frame.Length - 9;
            byte[] wrong = [.. frame];
            wrong[random.Next(54, Math.Max(55, transport))] ^= 1;
            if (frame != right[4]) Assert.Equal(ChecksumVerdict.Bad, rig.PassOne(wrong).Meta.Checksum);
        }
        byte[] header = Frames.Tcp(Frames.A4, Frames.B4, Header, [1]);
        header[22] ^= 1; // time to live: only the IPv4 header checksum covers it
        Assert.Equal(ChecksumVerdict.Bad, rig.PassOne(header).Meta.Checksum);
    }

    [Fact]
    public void There_is_no_verdict_where_there_is_nothing_to_check()
    {
        byte[] plain = Frames.Udp(Frames.A4, Frames.B4, 1, 2, [1, 2]);
        using Rig off = new();
        Assert.Equal(ChecksumVerdict.None, off.PassOne(plain).Meta.Checksum);
        using Rig rig = new(new VirtualNicOptions { ReceiveChecksum = true });
        byte[] fragment = [.. plain];
        fragment[20] = 0x20;
        byte[] noChecksum = [.. plain];
        BinaryPrimitives.WriteUInt16BigEndian(noChecksum.AsSpan(40), 0);
        byte[] cut = plain[..^1];
        byte[] gre = Frames.Wrap(Frames.A4, Frames.B4, IpProtocol.Gre, Frames.Payload(30));
        foreach (byte[] frame in (byte[][])[fragment, noChecksum, cut, gre, Frames.Numbered(1, 60)]) Assert.Equal(ChecksumVerdict.None, rig.PassOne(frame).Meta.Checksum);
    }

    [Fact]
    public void Coalesced_segments_are_counted_and_refused_by_a_device_without_the_feature()
    {
        byte[] frame = Frames.Tcp(Frames.A4, Frames.B4, Header, Frames.Payload(2500));
        using Rig rig = new();
        Got got = rig.PassOne(frame, new WireFrame(frame.Length, SegmentCount: 3, SegmentSize: 1000));
        Assert.Equal((3, 1000), (got.Meta.SegmentCount, got.Meta.SegmentSize));
        got = rig.PassOne(frame);
        Assert.Equal((1, 0), (got.Meta.SegmentCount, got.Meta.SegmentSize));
        using Rig without = new(new VirtualNicOptions { ReceiveCoalescing = false });
        without.Fill();
        Assert.True(without.Nic.TryDeliver(frame, new WireFrame(frame.Length, SegmentCount: 3, SegmentSize: 1000)));
        Assert.Equal(1, without.Nic.DeviceDrops[DropReason.TooLong]);
    }

    [Fact]
    public void Frames_to_other_addresses_are_received_only_by_a_promiscuous_device()
    {
        byte[] foreign = Frames.Numbered(1, 60);
        Frames.Theirs.Write(foreign);
        using Rig quiet = new(new VirtualNicOptions { Promiscuous = false });
        quiet.Fill();
        Assert.True(quiet.Deliver(foreign));
        Assert.Empty(quiet.Receive());
        byte[] everybody = Frames.Numbered(2, 60);
        MacAddress.Broadcast.Write(everybody);
        Assert.Equal(everybody, quiet.PassOne(everybody).Bytes);
        Assert.Equal(Frames.Numbered(3, 60), quiet.PassOne(Frames.Numbered(3, 60)).Bytes);
        using Rig promiscuous = new();
        Assert.Equal(foreign, promiscuous.PassOne(foreign).Bytes);
    }
}
