using NetStack.Memory;
using NetStack.TestCaptures;
using NetStack.Wire;
using static NetStack.Analysis.Tests.Flows.TestPackets;

namespace NetStack.Analysis.Tests.Flows;

public sealed class FlowTableTests
{
    [Fact]
    public void A_conversation_has_both_ways_and_A_sent_first()
    {
        FlowTable table = new(100);
        Add(table, Ipv4(IpProtocol.Udp, 0x0A000001, 1000, 0x0A000002, 53, payload: 10), 1);
        FlowPacket answer = Add(table, Ipv4(IpProtocol.Udp, 0x0A000002, 53, 0x0A000001, 1000, payload: 30), 2);
        Flow flow = Assert.Single(table.Flows);
        Assert.Equal("10.0.0.1:1000 <-> 10.0.0.2:53", flow.Key.ToString());
        Assert.Equal((1, 1, 52, 72, 10, 30), (flow.AToB.Packets, flow.BToA.Packets, flow.AToB.Bytes, flow.BToA.Bytes, flow.AToB.PayloadBytes, flow.BToA.PayloadBytes));
        Assert.Equal((1, 2, 1_000_000_000), (flow.FirstFrame, flow.LastFrame, flow.Duration));
        Assert.True(answer.IsReverse);
        Assert.Same(flow, answer.Flow);
    }

    [Fact]
    public void Streams_are_numbered_by_protocol_in_the_order_of_first_packets()
    {
        FlowTable table = new(100);
        Add(table, Ipv4(IpProtocol.Udp, 1, 1, 2, 2), 1);
        Add(table, Ipv4(IpProtocol.Tcp, 1, 1, 2, 2), 2);
        Add(table, Ipv4(IpProtocol.Tcp, 1, 1, 3, 2), 3);
        Add(table, Ipv4(IpProtocol.Udp, 1, 1, 3, 2), 4);
        Assert.Equal([(IpProtocol.Udp, 0), (IpProtocol.Tcp, 0), (IpProtocol.Tcp, 1), (IpProtocol.Udp, 1)], table.Flows.Select(f => (f.Protocol, f.Stream)));
    }

    [Theory, InlineData(100u, 1), InlineData(101u, 2)]
    public void A_syn_opens_another_conversation_where_its_number_is_another(uint sequence, int conversations)
    {
        FlowTable table = new(100);
        Add(table, Ipv4(IpProtocol.Tcp, 1, 1, 2, 2, 100, 0, Syn), 1);
        Add(table, Ipv4(IpProtocol.Tcp, 2, 2, 1, 1, 900, 101, SynAck), 2);
        Add(table, Ipv4(IpProtocol.Tcp, 1, 1, 2, 2, sequence, 0, Syn), 3);
        Add(table, Ipv4(IpProtocol.Tcp, 2, 2, 1, 1, 950, sequence + 1, SynAck), 4);
        Assert.Equal(conversations, table.Flows.Count);
        Assert.Equal(4, table.Flows.Sum(f => f.Packets));
    }

    [Fact]
    public void A_syn_from_the_other_end_of_a_connection_seen_from_its_middle_opens_another()
    {
        FlowTable table = new(100);
        Add(table, Ipv4(IpProtocol.Tcp, 1, 1, 2, 2, 5000, 700), 1); // tells that the other end's numbers began before 700
        Add(table, Ipv4(IpProtocol.Tcp, 2, 2, 1, 1, 3, 0, Syn), 2);
        Assert.Equal(["0.0.0.1:1 <-> 0.0.0.2:2", "0.0.0.2:2 <-> 0.0.0.1:1"], table.Flows.Select(f => f.Key.ToString()));
    }

    [Fact]
    public void Of_a_datagram_in_fragments_the_first_counts()
    {
        FlowTable table = new(100);
        byte[] first = Ipv4(IpProtocol.Udp, 1, 1, 2, 2, payload: 16), later = Ipv4(IpProtocol.Udp, 1, 1, 2, 2, payload: 16);
        first[20] = 0x20;
        later[21] = 3;
        Assert.NotNull(Add(table, first, 1).Flow);
        Assert.Null(Add(table, later, 2).Flow);
        Assert.Equal(1, Assert.Single(table.Flows).Packets);
    }

    [Fact]
    public void A_full_table_gives_up_what_was_idle_longest_and_loses_nothing()
    {
        List<Flow> evicted = [];
        FlowTable table = new(32, analyse: false) { Evicted = evicted.Add };
        long number = 0;
        for (uint i = 0; i < 1000; i++)
        {
            Add(table, Ipv4(IpProtocol.Udp, 7, 7, 8, 8), ++number); // never idle
            Add(table, Ipv4(IpProtocol.Udp, i, 1, 2, 2), ++number);
            Assert.InRange(table.Flows.Count, 1, 32);
        }
        Assert.DoesNotContain(evicted, f => f.Key.PortA == 7);
        Assert.Equal(Enumerable.Range(0, evicted.Count).Select(i => $"{IpAddress.V4((uint)i)}:1 <-> 0.0.0.2:2"), evicted.Select(f => f.Key.ToString()));
        Assert.Equal((evicted.Count, evicted.Count), (table.EvictedFlows, table.EvictedPackets));
        Assert.Equal(2000, table.EvictedPackets + table.Flows.Sum(f => f.Packets));
        Assert.Equal(1001, table.Met);
        Assert.Equal(table.Flows.OrderBy(f => f.FirstFrame), table.Flows);
    }

    [Fact]
    public void Ended_connections_count_against_the_limit_too()
    {
        FlowTable table = new(8, analyse: false);
        for (uint i = 0; i < 100; i++)
        {
            Add(table, Ipv4(IpProtocol.Tcp, 1, 1, 2, 2, i * 1000, 0, Syn), i * 2 + 1);
            Flow current = Add(table, Ipv4(IpProtocol.Tcp, 2, 2, 1, 1, 5, i * 1000 + 1, SynAck), i * 2 + 2).Flow!;
            Assert.Equal(2, current.Packets);
            Assert.InRange(table.Flows.Count, 1, 8);
        }
        Assert.Equal(200, table.EvictedPackets + table.Flows.Sum(f => f.Packets));
    }

    [Fact]
    public void Against_a_plain_dictionary_random_packets_give_the_same_conversations()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            Random random = new(seed);
            FlowTable table = new(int.MaxValue, analyse: false);
            Dictionary<string, (long Forward, long Reverse)> expected = [];
            for (int number = 1; number <= 2000; number++)
            {
                (uint a, uint b, ushort pa, ushort pb) = ((uint)random.Next(6), (uint)random.Next(6), (ushort)random.Next(4), (ushort)random.Next(4));
                IpProtocol protocol = random.Next(2) == 0 ? IpProtocol.Tcp : IpProtocol.Udp;
                string forward = $"{protocol} {new FlowKey(protocol, IpAddress.V4(a), pa, IpAddress.V4(b), pb)}";
                string reverse = $"{protocol} {new FlowKey(protocol, IpAddress.V4(b), pb, IpAddress.V4(a), pa)}";
                bool isReverse = !expected.ContainsKey(forward) && expected.ContainsKey(reverse);
                (long f, long r) = expected.GetValueOrDefault(isReverse ? reverse : forward);
                expected[isReverse ? reverse : forward] = isReverse ? (f, r + 1) : (f + 1, r);
                Add(table, Ipv4(protocol, a, pa, b, pb), number);
            }
            Assert.True(expected.SequenceEqual(table.Flows.Select(f => KeyValuePair.Create($"{f.Protocol} {f.Key}", (f.AToB.Packets, f.BToA.Packets)))), $"seed {seed}");
        }
    }

    [Theory, MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void The_quick_path_finds_what_the_general_decoder_finds(string capture)
    {
        FlowTable quick = new(1_000_000, analyse: false), general = new(1_000_000, analyse: false);
        using CaptureReader first = CaptureReader.Open(SampleCaptures.PathOf(capture)), second = CaptureReader.Open(SampleCaptures.PathOf(capture));
        while (first.TryReadHeaders(out HeaderSnapshot headers, out PacketInfo info)) quick.Add(headers, info);
        while (second.TryRead(out CaptureRecord record)) general.Add(PacketHeaders.Decode(record));
        Assert.Equal(Describe(general), Describe(quick));
        Assert.Equal(0, first.Meter.BodyBytesRead);
    }

    [Fact]
    public void The_quick_path_finds_the_same_in_spoiled_packets()
    {
        FlowTable quick = new(1_000_000, analyse: false), general = new(1_000_000, analyse: false);
        Random random = new(20_261_124);
        for (int number = 1; number <= 40_000; number++)
        {
            (byte[] bytes, LinkType linkType, int wireLength) = Packets.Spoil(random);
            if (random.Next(2) == 0) linkType = LinkType.Ethernet;
            PacketInfo info = new(number, new Timestamp(number, 0), bytes.Length, wireLength, linkType, 0);
            quick.Add(Packets.Snapshot(bytes), info);
            general.Add(PacketHeaders.Decode(Packets.Snapshot(bytes), info));
        }
        Assert.True(general.Flows.Count > 1000);
        Assert.Equal(Describe(general), Describe(quick));
    }

    [Fact]
    public void Every_flow_has_one_slot_however_the_table_grew()
    {
        FlowTable table = new(50_000, analyse: false);
        for (uint i = 0; i < 200_000; i++) Add(table, Ipv4(IpProtocol.Tcp, i % 70_000, 1, 2, 2, i, 0, Syn), i + 1);
        Assert.InRange(table.SlotsInUse, 1, table.Flows.Count);
        Assert.Equal(table.Flows.Count(f => f.IsCurrent), table.SlotsInUse);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Nothing_is_allocated_per_packet(bool analyse)
    {
        FlowTable table = new(1000, analyse);
        byte[][] frames = [.. Enumerable.Range(0, 64).Select(i => Ipv4(i % 2 == 0 ? IpProtocol.Tcp : IpProtocol.Udp, (uint)(i % 4), 1, 2, (ushort)(i / 4), (uint)i, 1, payload: i % 2 == 0 ? 0 : i))]; // data that nobody acknowledges would be remembered, up to a bound
        HeaderSnapshot[] snapshots = [.. frames.Select(f => Packets.Snapshot(f, 128))];
        for (int round = 0; round < 200; round++) AddAll();
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int round = 0; round < 100; round++) AddAll();
        }));

        void AddAll()
        {
            for (int i = 0; i < frames.Length; i++)
            {
                PacketInfo info = Info(frames[i], i + 1);
                table.Add(snapshots[i], info);
                table.Add(PacketHeaders.Decode(snapshots[i], info));
            }
        }
    }

    [Fact]
    public void A_table_for_nobody_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new FlowTable(0));
}
