using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Multicast;
using NetStack.Tests.Ip;
using NetStack.Tests.Udp;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Multicast;

/// <summary>IGMPv3 and MLDv2 as a host speaks them, by the rules of RFC 3376 and RFC 3810, and older versions.</summary>
[Rfc(3376, "5"), Rfc(3810, "6"), Rfc(2236, "3"), Rfc(2710, "4")]
public sealed class MembershipTests
{
    private static readonly IpAddress Group4 = IpAddress.Parse("239.1.1.1");
    private static readonly IpAddress Group6 = IpAddress.Parse("ff15::1");
    private readonly object _owner = new();
    private readonly object _other = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Joining_is_reported_robustly_and_leaving_too(bool isV6)
    {
        using TestHost host = new();
        IpAddress group = Group(isV6);
        Assert.Equal(GroupResult.Success, host.Multicast.Join(_owner, 1, group, host.Now));
        Assert.Contains(group, host.Nic.Groups);
        host.RunFor(TimeSpan.FromSeconds(3));
        List<SentPacket> reports = host.Nic.TakeAll();
        Assert.Equal(2, reports.Count);
        Assert.All(reports, r => Assert.Equal([(4, group, "")], Records(r, isV6))); // change to exclude
        Assert.InRange((reports[1].At - reports[0].At).TotalMilliseconds, 0.000001, 1000);
        host.Multicast.Leave(_owner, 1, group, host.Now);
        Assert.DoesNotContain(group, host.Nic.Groups);
        host.RunFor(TimeSpan.FromSeconds(3));
        Assert.All(host.Nic.TakeAll(), r => Assert.Equal([(3, group, "")], Records(r, isV6))); // change to include
        Assert.Equal(4, host.Multicast.Counters.ReportsSent);
        Assert.Null(((IStackPart)host.Multicast).NextDeadline);
    }

    [Fact]
    public void Several_members_are_one_to_the_routers_and_sources_merge()
    {
        using TestHost host = new();
        host.Multicast.SetFilter(_owner, 1, Group4, SourceFilterMode.Include, Sources("10.0.0.1", "10.0.0.2"), host.Now);
        Assert.Equal([(5, Group4, "10.0.0.1 10.0.0.2")], Settle(host));
        host.Multicast.SetFilter(_other, 1, Group4, SourceFilterMode.Include, Sources("10.0.0.2", "10.0.0.3"), host.Now);
        Assert.Equal([(5, Group4, "10.0.0.3")], Settle(host));
        host.Multicast.SetFilter(_owner, 1, Group4, SourceFilterMode.Include, default, host.Now);
        Assert.Equal([(6, Group4, "10.0.0.1")], Settle(host)); // the other still wants 10.0.0.2
        host.Multicast.SetFilter(_owner, 1, Group4, SourceFilterMode.Exclude, Sources("10.0.0.3", "10.0.0.9"), host.Now);
        Assert.Equal([(4, Group4, "10.0.0.9")], Settle(host)); // the other wants 10.0.0.3
        object third = new();
        host.Multicast.SetFilter(third, 1, Group4, SourceFilterMode.Exclude, Sources("10.0.0.8"), host.Now);
        Assert.Equal([(5, Group4, "10.0.0.9")], Settle(host)); // no source that both exclude
        host.Multicast.LeaveAll(third, host.Now);
        Assert.Equal([(6, Group4, "10.0.0.9")], Settle(host));
        host.Multicast.LeaveAll(_owner, host.Now);
        Assert.Equal([(3, Group4, "10.0.0.2 10.0.0.3")], Settle(host));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_general_query_is_answered_once_for_all_groups_within_its_time(bool isV6)
    {
        HashSet<long> delays = [];
        for (ulong seed = 1; seed <= 20; seed++)
        {
            using TestHost host = new(seed: seed);
            IpAddress second = isV6 ? IpAddress.Parse("ff15::2") : IpAddress.Parse("239.1.1.2");
            host.Multicast.Join(_owner, 1, Group(isV6), host.Now);
            host.Multicast.SetFilter(_owner, 1, second, SourceFilterMode.Include, Sources(isV6 ? "2001:db8::5" : "10.0.0.5"), host.Now);
            Settle(host, isV6);
            Instant asked = host.Now;
            host.Inject(Query(isV6, default, 4000));
            host.RunFor(TimeSpan.FromSeconds(5));
            SentPacket answer = host.Nic.TakeOne();
            Assert.Equal([(2, Group(isV6), ""), (1, second, isV6 ? "2001:db8::5" : "10.0.0.5")], Records(answer, isV6));
            Assert.InRange((answer.At - asked).TotalMilliseconds, 0, 4000);
            delays.Add((answer.At - asked).Ticks);
        }
        Assert.True(delays.Count > 10);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_query_of_a_group_or_of_sources_is_answered_with_what_is_wanted(bool isV6)
    {
        using TestHost host = new();
        string[] all = isV6 ? ["2001:db8::a", "2001:db8::b", "2001:db8::c"] : ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
        host.Multicast.SetFilter(_owner, 1, Group(isV6), SourceFilterMode.Include, Sources(all[0], all[1]), host.Now);
        Settle(host, isV6);
        host.Inject(Query(isV6, Group(isV6), 1000));
        Assert.Equal([(1, Group(isV6), $"{all[0]} {all[1]}")], Settle(host, isV6));
        host.Inject(Query(isV6, Group(isV6), 1000, all[1], all[2]));
        Assert.Equal([(1, Group(isV6), all[1])], Settle(host, isV6));
        host.Inject(Query(isV6, Group(isV6), 1000, all[2]));
        Assert.Empty(Settle(host, isV6));
        host.Multicast.SetFilter(_owner, 1, Group(isV6), SourceFilterMode.Exclude, Sources(all[0]), host.Now);
        Settle(host, isV6);
        host.Inject(Query(isV6, Group(isV6), 1000, all[0], all[2]));
        Assert.Equal([(1, Group(isV6), all[2])], Settle(host, isV6));
        host.Inject(Query(isV6, isV6 ? IpAddress.Parse("ff15::77") : IpAddress.Parse("239.7.7.7"), 1000));
        Assert.Empty(Settle(host, isV6));
    }

    [Fact]
    public void Under_a_version_2_querier_reports_go_to_the_group_others_reports_spare_ours_and_the_last_says_leave()
    {
        using TestHost host = new();
        host.Multicast.Join(_owner, 1, Group4, host.Now);
        Settle(host);
        host.Inject(OldQuery(100));
        host.RunFor(TimeSpan.FromSeconds(11));
        SentPacket report = host.Nic.TakeOne();
        Assert.Equal((Group4, 0x16), (report.V4.Destination, report.Payload[0]));
        Assert.Equal(0, InternetChecksum.Compute(report.Payload));

        host.Inject(OldQuery(100));
        byte[] other = new byte[8];
        new IgmpHeader(0x16, 0, Group4).Write(other);
        host.Inject(Packets.V4(IpProtocol.Igmp, other, destination: Group4, ttl: 1, options: [148, 4, 0, 0]));
        host.RunFor(TimeSpan.FromSeconds(11));
        Assert.Empty(host.Nic.Sent);
        host.Multicast.Leave(_owner, 1, Group4, host.Now); // somebody else reported last
        host.RunFor(TimeSpan.FromSeconds(3));
        Assert.Empty(host.Nic.Sent);

        host.Multicast.Join(_owner, 1, Group4, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(2, host.Nic.TakeAll().Count(p => p.Payload[0] == 0x16));
        host.Multicast.Leave(_owner, 1, Group4, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        SentPacket leave = host.Nic.TakeOne();
        Assert.Equal((IpAddress.Parse("224.0.0.2"), 0x17), (leave.V4.Destination, leave.Payload[0]));

        host.RunFor(TimeSpan.FromSeconds(300)); // the old querier is forgotten
        host.Multicast.Join(_owner, 1, Group4, host.Now);
        Assert.Equal([(4, Group4, "")], Settle(host));
    }

    [Fact]
    public void Under_a_version_1_querier_there_is_no_leave()
    {
        using TestHost host = new();
        host.Inject(OldQuery(0));
        host.Multicast.Join(_owner, 1, Group4, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        Assert.All(host.Nic.TakeAll(), p => Assert.Equal(0x12, p.Payload[0]));
        host.Multicast.Leave(_owner, 1, Group4, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        Assert.Empty(host.Nic.Sent);
    }

    [Fact]
    public void Under_an_mldv1_querier_reports_and_done_are_those_of_rfc_2710()
    {
        using TestHost host = new();
        host.Inject(Query(true, default, 1000, isOld: true));
        host.Multicast.Join(_owner, 1, Group6, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        List<SentPacket> reports = host.Nic.TakeAll();
        Assert.Equal(2, reports.Count);
        Assert.All(reports, r => Assert.Equal((Group6, 131, 1, TestHost.OurLink), (r.V6.Destination, r.Bytes[48], r.V6.HopLimit, r.V6.Source)));
        host.Multicast.Leave(_owner, 1, Group6, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        SentPacket done = host.Nic.TakeOne();
        Assert.Equal((IpAddress.Parse("ff02::2"), 132), (done.V6.Destination, done.Bytes[48]));
        Assert.True(PseudoHeader.IsRight(TestHost.OurLink, IpAddress.Parse("ff02::2"), IpProtocol.Icmpv6, done.Bytes.AsSpan(48)));
    }

    [Fact]
    public void Queries_not_from_the_link_are_not_heeded()
    {
        using TestHost host = new();
        host.Multicast.Join(_owner, 1, Group4, host.Now);
        host.Multicast.Join(_owner, 1, Group6, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        host.Nic.Sent.Clear();
        byte[] igmp = Query(false, default, 1000);
        host.Inject(Packets.V4(IpProtocol.Igmp, igmp.AsSpan(24), destination: IpAddress.Parse("224.0.0.1"), ttl: 1)); // no router alert
        byte[] mld = Query(true, default, 1000);
        host.Inject(Packets.V6(IpProtocol.Icmpv6, mld.AsSpan(48), TestHost.PeerLink, IpAddress.Parse("ff02::1"), 1)); // no router alert
        mld[7] = 2;
        host.Inject(mld); // hop limit 2
        host.RunFor(TimeSpan.FromSeconds(3));
        Assert.Empty(host.Nic.Sent);
        Assert.Equal(0, host.Multicast.Counters.Queries);
    }

    [Fact]
    public void The_group_of_all_and_groups_of_the_host_are_not_reported_nor_is_anything_on_loopback()
    {
        using TestHost host = new();
        host.Tables.Interfaces.Add(new FakeInterface(2) { IsLoopback = true });
        foreach (string group in new[] { "224.0.0.1", "ff02::1", "ff01::5" }) host.Multicast.Join(_owner, 1, IpAddress.Parse(group), host.Now);
        host.Multicast.Join(_owner, 2, Group4, host.Now);
        Assert.Null(((IStackPart)host.Multicast).NextDeadline);
        Assert.True(host.Multicast.IsMember(2, Group4));
    }

    [Fact]
    public void A_report_of_many_sources_is_split_to_fit_the_link()
    {
        using TestHost host = new();
        host.Nic.Mtu = 120;
        IpAddress[] sources = [.. Enumerable.Range(1, 60).Select(i => IpAddress.V4(0x0A00_0000u + (uint)i))];
        host.Multicast.SetFilter(_owner, 1, Group4, SourceFilterMode.Include, sources, host.Now);
        foreach (IStackPart part in host.Suite.Parts) part.OnDeadline(host.Now);
        List<SentPacket> reports = host.Nic.TakeAll();
        Assert.All(reports, r => Assert.InRange(r.Bytes.Length, 1, 120));
        string[] told = [.. reports.SelectMany(r => Records(r, false)).SelectMany(r => r.Sources.Split(' '))];
        Assert.Equal(sources.Select(s => s.ToString()), told);
    }

    [Fact]
    public void After_the_link_came_up_everything_is_reported_anew()
    {
        using TestHost host = new();
        host.Multicast.Join(_owner, 1, Group4, host.Now);
        Settle(host);
        host.Multicast.OnLinkUp(1, host.Now);
        Assert.Equal([(4, Group4, "")], Settle(host));
    }

    [Fact]
    public void Before_there_is_an_address_reports_come_from_none()
    {
        using TestHost host = new();
        host.Tables.Addresses.Clear();
        host.Multicast.Join(_owner, 1, Group6, host.Now);
        host.Multicast.Join(_owner, 1, Group4, host.Now);
        host.RunFor(TimeSpan.FromSeconds(3));
        Assert.All(host.Nic.TakeAll(), p => Assert.True(p.Type == EtherType.Ipv4 ? p.V4.Source.IsUnspecified : p.V6.Source.IsUnspecified));
        Assert.Equal((4, 0), (host.Multicast.Counters.ReportsSent, host.Multicast.Counters.ReportsLost));
    }

    [Fact]
    public void What_cannot_be_joined_is_refused()
    {
        using TestHost host = new(new NetStack.Ip.IpSuiteOptions { Multicast = new MulticastOptions { MaxGroups = 1, MaxSources = 1 } });
        Assert.Equal(GroupResult.InvalidGroup, host.Multicast.Join(_owner, 1, TestHost.Peer4, host.Now));
        Assert.Equal(GroupResult.InvalidInterface, host.Multicast.Join(_owner, 7, Group4, host.Now));
        Assert.Equal(GroupResult.InvalidSources, host.Multicast.SetFilter(_owner, 1, Group4, SourceFilterMode.Include, [TestHost.Peer6], host.Now));
        Assert.Equal(GroupResult.InvalidSources, host.Multicast.SetFilter(_owner, 1, Group4, SourceFilterMode.Include, Sources("10.0.0.1", "10.0.0.2"), host.Now));
        Assert.Equal(GroupResult.Success, host.Multicast.Join(_owner, 1, Group4, host.Now));
        Assert.Equal(GroupResult.TooManyGroups, host.Multicast.Join(_owner, 1, Group6, host.Now));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_datagram_to_a_group_reaches_every_socket_that_joined_from_its_source_and_no_other(bool isV6)
    {
        using TestHost host = new();
        IpAddress group = Group(isV6);
        IpAddress peer = isV6 ? TestHost.Peer6 : TestHost.Peer4;
        UdpFamily family = isV6 ? UdpFamily.V6 : UdpFamily.V4;
        UdpSocket[] sockets = [.. Enumerable.Range(0, 5).Select(_ => UdpTests.Bound(host, family, 9, reuse: true))];
        UdpSocket atGroup = UdpTests.Bound(host, family, 9, group, reuse: true);
        sockets[0].Join(1, group, host.Now);
        sockets[1].SetFilter(1, group, SourceFilterMode.Include, [peer], host.Now);
        sockets[2].SetFilter(1, group, SourceFilterMode.Exclude, [peer], host.Now);
        sockets[3].SetFilter(1, group, SourceFilterMode.Include, [isV6 ? TestHost.Us6 : TestHost.Us4], host.Now);
        atGroup.Join(1, group, host.Now);
        host.Inject(Packets.Of(IpProtocol.Udp, Packets.Udp(7, 9, Packets.Bytes(1000), peer, group), peer, group), isLinkGroup: true);
        Assert.Equal([1, 1, 0, 0, 0], sockets.Select(s => s.Count));
        Assert.Equal(1, atGroup.Count);
        byte[] read = new byte[1000];
        Assert.True(sockets[0].TryReceive(read, out UdpDatagramInfo info));
        Assert.Equal((group, 1), (info.To.Address, info.Interface));
        Assert.True(atGroup.TryReceive(read, out _));
        Assert.Equal(Packets.Bytes(1000), read);
        foreach (UdpSocket socket in sockets) socket.Close(host.Now);
        atGroup.Close(host.Now);
        Assert.Equal(0, host.Udp.Blocks.Held);
        Assert.Empty(host.Nic.Groups);
        host.RunFor(TimeSpan.FromSeconds(3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_we_send_to_a_group_we_are_in_comes_back_unless_the_socket_does_not_want_that(bool isV6)
    {
        using TestHost host = new();
        IpAddress group = Group(isV6);
        UdpSocket socket = UdpTests.Bound(host, isV6 ? UdpFamily.V6 : UdpFamily.V4, 9);
        socket.Join(1, group, host.Now);
        byte[] data = Packets.Bytes(4000); // fragments come back too
        Assert.Equal(NetStack.Ip.DatagramSendResult.Sent, socket.Send(new UdpEndpoint(group, 9), data, default, host.Now));
        Assert.All(host.Nic.TakeAll(), p => Assert.Equal(1, isV6 ? p.Bytes[7] : p.Bytes[8]));
        Assert.Equal(0, socket.Count);
        host.Transmit();
        byte[] read = new byte[5000];
        Assert.True(socket.TryReceive(read, out UdpDatagramInfo info), host.Drops.ToString());
        Assert.Equal(data, read[..info.Length]);
        socket.MulticastLoop = false;
        socket.Send(new UdpEndpoint(group, 9), data, default, host.Now);
        host.Transmit();
        Assert.Equal(0, socket.Count);
    }

    private static IpAddress Group(bool isV6) => isV6 ? Group6 : Group4;

    private static IpAddress[] Sources(params string[] texts) => [.. texts.Select(IpAddress.Parse)];

    /// <summary>Lets everything pending be said, each twice or once, and gives the records of it once.</summary>
    private static List<(int Type, IpAddress Group, string Sources)> Settle(TestHost host, bool isV6 = false)
    {
        host.RunFor(TimeSpan.FromSeconds(5));
        List<(int Type, IpAddress Group, string Sources)> records = [.. host.Nic.TakeAll().SelectMany(p => Records(p, isV6))];
        return [.. records.Distinct()];
    }

    private static List<(int Type, IpAddress Group, string Sources)> Records(SentPacket packet, bool isV6)
    {
        byte[] message = packet.Bytes[(isV6 ? 48 : 24)..];
        if (isV6)
        {
            Assert.Equal((IpAddress.Parse("ff02::16"), TestHost.OurLink, 1, IpProtocol.HopByHop), (packet.V6.Destination, packet.V6.Source, packet.V6.HopLimit, packet.V6.NextHeader));
            Assert.Equal([(byte)IpProtocol.Icmpv6, 0, 5, 2, 0, 0, 1, 0, 143], packet.Bytes[40..49]);
            Assert.True(PseudoHeader.IsRight(packet.V6.Source, packet.V6.Destination, IpProtocol.Icmpv6, message));
        }
        else
        {
            Assert.Equal((IpAddress.Parse("224.0.0.22"), 1, 0xC0), (packet.V4.Destination, packet.V4.Ttl, packet.V4.TypeOfService));
            Assert.Equal([148, 4, 0, 0, 0x22], packet.Bytes[20..25]);
            Assert.Equal(0, InternetChecksum.Compute(message));
        }
        List<(int, IpAddress, string)> records = [];
        int size = isV6 ? 16 : 4;
        int at = 8;
        for (int i = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)); i > 0; i--)
        {
            int count = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at + 2));
            IpAddress[] addresses = [.. Enumerable.Range(0, count + 1).Select(n => Read(message.AsSpan(at + 4 + n * size), isV6))];
            records.Add((message[at], addresses[0], string.Join(' ', addresses[1..].Select(a => a.ToString()))));
            at += 4 + size * (count + 1);
        }
        Assert.Equal(message.Length, at);
        return records;
    }

    private static IpAddress Read(ReadOnlySpan<byte> bytes, bool isV6) => isV6 ? IpAddress.ReadV6(bytes) : IpAddress.ReadV4(bytes);

    private static byte[] Query(bool isV6, IpAddress group, int milliseconds, params string[] sources) => Query(isV6, group, milliseconds, false, sources);

    private static byte[] Query(bool isV6, IpAddress group, int milliseconds, bool isOld, params string[] sources)
    {
        int size = isV6 ? 16 : 4;
        byte[] message = new byte[(isV6 ? isOld ? 24 : 28 : 12) + sources.Length * size];
        message[0] = isV6 ? (byte)130 : (byte)0x11;
        if (isV6) BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)milliseconds);
        else message[1] = (byte)(milliseconds / 100);
        group.Write(message.AsSpan(isV6 ? 8 : 4));
        if (!isOld)
        {
            int at = isV6 ? 24 : 8;
            message[at] = 2;
            message[at + 1] = 125;
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), (ushort)sources.Length);
            for (int i = 0; i < sources.Length; i++) IpAddress.Parse(sources[i]).Write(message.AsSpan(at + 4 + i * size));
        }
        IpAddress all = IpAddress.Parse(isV6 ? "ff02::1" : "224.0.0.1");
        if (isV6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), PseudoHeader.Checksum(TestHost.PeerLink, all, IpProtocol.Icmpv6, message));
            return Packets.V6(IpProtocol.HopByHop, [.. Packets.Extension(IpProtocol.Icmpv6, 5, 2, 0, 0, 1, 0), .. message], TestHost.PeerLink, all, 1);
        }
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), InternetChecksum.Compute(message));
        return Packets.V4(IpProtocol.Igmp, message, destination: all, options: [148, 4, 0, 0], ttl: 1);
    }

    private static byte[] OldQuery(byte tenths)
    {
        byte[] message = new byte[8];
        new IgmpHeader(0x11, tenths, IpAddress.V4(0)).Write(message);
        return Packets.V4(IpProtocol.Igmp, message, destination: IpAddress.Parse("224.0.0.1"), ttl: 1);
    }
}
