using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

[Rfc(791, "3.2"), Rfc(815, "3"), Rfc(8200, "4.5"), Rfc(5722, "4")]
public sealed class ReassemblyTests
{
    private const IpProtocol Protocol = (IpProtocol)253;

    public static TheoryData<OverlapPolicy, bool> PoliciesAndFamilies
    {
        get
        {
            TheoryData<OverlapPolicy, bool> data = [];
            foreach (OverlapPolicy policy in Enum.GetValues<OverlapPolicy>())
            {
                data.Add(policy, false);
                data.Add(policy, true);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(PoliciesAndFamilies))]
    public void Fragments_in_any_order_and_number_make_the_datagram_that_the_policys_model_makes(OverlapPolicy policy, bool isV6)
    {
        using TestHost host = new(Options(policy));
        RecordingTransport transport = Register(host);
        for (uint seed = 1; seed <= 400; seed++) RunOne(host, transport, policy, isV6, seed);
        host.RunFor(TimeSpan.FromSeconds(61));
        Assert.Equal((0, 0), host.Ip.Reassembling);
    }

    private static void RunOne(TestHost host, RecordingTransport transport, OverlapPolicy policy, bool isV6, uint seed)
    {
        SeededRandom random = new(seed);
        host.SliceSize = random.Chance(0.5) ? 2048 : 64 + random.Below(100);
        OverlapModel model = new(policy);
        bool isDelivered = false;
        int units = 2 + random.Below(40);
        int tail = 1 + random.Below(8);
        int total = (units - 1) * 8 + tail;
        bool isClean = random.Chance(0.4);
        List<(int Offset, int Length, int Salt)> plan = isClean ? Partition(ref random, units, total) : Overlapping(ref random, units, total);
        for (int i = plan.Count - 1; i > 0; i--)
        {
            int j = random.Below(i + 1);
            (plan[i], plan[j]) = (plan[j], plan[i]);
        }
        foreach ((int offset, int length, int salt) in plan)
        {
            bool more = offset + length < total;
            byte[] bytes = [.. Enumerable.Range(offset, length).Select(n => (byte)(n * 7 + salt * 101))];
            bool isAtomic = offset == 0 && !more; // no fragment: it stands alone
            byte[]? expected = isAtomic ? bytes : model.Add(offset, bytes, more);
            host.Inject(Fragment(isV6, bytes, offset, more, seed));
            string what = $"seed {seed}, fragment {offset}+{length} of {total}";
            Assert.True(transport.Received.Count == (expected is null ? 0 : 1), $"{what}: delivered {transport.Received.Count}, drops {host.Drops}");
            if (expected is null) continue;
            Assert.True(expected.AsSpan().SequenceEqual(transport.Received[0].Bytes), what);
            transport.Received.Clear();
            isDelivered = true;
            if (isAtomic) continue;
            model = new OverlapModel(policy);
            seed += 1_000_000; // what comes now is of another datagram
        }
        Assert.True(!isClean || isDelivered, $"seed {seed}: not whole");
    }

    private static List<(int Offset, int Length, int Salt)> Partition(ref SeededRandom random, int units, int total)
    {
        List<(int, int, int)> plan = [];
        for (int at = 0; at < units;)
        {
            int count = Math.Min(units - at, 1 + random.Below(6));
            plan.Add((at * 8, Math.Min(total, (at + count) * 8) - at * 8, 0));
            if (random.Chance(0.2) && at > 0 && at + count < units) plan.Add(plan[^1]);
            at += count;
        }
        return plan;
    }

    private static List<(int Offset, int Length, int Salt)> Overlapping(ref SeededRandom random, int units, int total)
    {
        List<(int, int, int)> plan = [];
        int count = 3 + random.Below(20);
        for (int i = 0; i < count; i++)
        {
            int at = random.Below(units);
            int end = at + 1 + random.Below(Math.Min(units - at, 8));
            plan.Add((at * 8, Math.Min(total, end * 8) - at * 8, random.Below(3)));
        }
        plan.AddRange(Partition(ref random, units, total));
        return plan;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_largest_datagram_there_can_be_is_put_together_and_one_byte_more_is_not(bool isV6)
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        int most = isV6 ? 65535 : 65515;
        byte[] whole = Packets.Bytes(most);
        for (int at = 0; at < most; at += 1024) host.Inject(Fragment(isV6, whole.AsSpan(at, Math.Min(1024, most - at)), at, at + 1024 < most, 1));
        Assert.Equal(whole, Assert.Single(transport.Received).Bytes);
        int last = most / 1024 * 1024;
        host.Inject(Fragment(isV6, new byte[most + 1 - last], last, false, 2));
        Assert.Equal(1, host.Drops[IpDropReason.BadFragmentOffset]);
    }

    [Fact]
    public void Each_byte_of_a_fragment_is_read_once_a_duplicates_too()
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        byte[] packet = Packets.V4(Protocol, Packets.Bytes(1000), more: true);
        for (int i = 1; i <= 3; i++)
        {
            host.Inject(packet);
            Assert.Equal(i * (14 + packet.Length), host.Meter.HeaderBytesFetched + host.Meter.BodyBytesRead);
        }
        host.Inject(Packets.V4(Protocol, [1], offset: 1000));
        Assert.Equal([.. Packets.Bytes(1000), 1], Assert.Single(transport.Received).Bytes);
        Assert.Equal(3 * (14 + packet.Length) + 14 + 21, host.Meter.HeaderBytesFetched + host.Meter.BodyBytesRead);
    }

    [Fact]
    public void The_first_fragments_header_made_whole_is_what_is_told_of_the_datagram()
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        host.Inject(Packets.V4(Protocol, new byte[8], offset: 8, options: [1, 1, 1, 1]));
        host.Inject(Packets.V4(Protocol, new byte[8], more: true, options: [148, 4, 0, 0]));
        byte[] header = Assert.Single(transport.Received).Header;
        Assert.True(Ipv4View.TryRead(header, out Ipv4View view));
        Assert.True(view.IsChecksumRight);
        Assert.Equal((24, 24 + 16, false, 0), (view.HeaderLength, view.TotalLength, view.MoreFragments, view.FragmentOffset));
        Assert.Equal(148, view.Options[0]);
    }

    [Fact]
    public void An_ipv6_datagram_keeps_the_headers_before_the_fragment_header_and_loses_that()
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        byte[] before = Packets.Extension(IpProtocol.Fragment, 1, 4, 0, 0, 0, 0);
        host.Inject(Packets.Fragment6(new byte[16], 0, true, Protocol, 7, before));
        host.Inject(Packets.Fragment6(new byte[4], 16, false, Protocol, 7, before));
        byte[] header = Assert.Single(transport.Received).Header;
        Assert.Equal(48, header.Length);
        Assert.True(Ipv6View.TryRead(header, out Ipv6View view));
        Assert.Equal((IpProtocol.DestinationOptions, 8 + 20), (view.NextHeader, view.PayloadLength));
        Assert.Equal((byte)Protocol, header[40]);
    }

    [Fact]
    public void A_duplicate_is_ignored_and_one_with_other_bytes_ends_the_datagram_for_good()
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        host.Inject(Packets.V4(Protocol, new byte[16], more: true));
        host.Inject(Packets.V4(Protocol, new byte[16], more: true));
        Assert.Equal(1, host.Drops[IpDropReason.DuplicateFragment]);
        byte[] other = new byte[16];
        other[15] = 1;
        host.Inject(Packets.V4(Protocol, other, more: true));
        host.Inject(Packets.V4(Protocol, new byte[16], more: true));
        host.Inject(Packets.V4(Protocol, new byte[4], offset: 16));
        Assert.Equal(3, host.Drops[IpDropReason.OverlappingFragments]);
        Assert.Empty(transport.Received);
        Assert.Equal((1, 0), host.Ip.Reassembling); // remembered, so that the rest is dropped; but it holds no memory
        host.RunFor(TimeSpan.FromSeconds(31));
        Assert.Empty(host.Nic.Sent); // RFC 5722: silently
    }

    [Theory]
    [InlineData(false, 30, 11, 1)]
    [InlineData(true, 60, 3, 1)]
    public void When_time_is_over_the_sender_hears_of_it_if_the_first_fragment_came(bool isV6, int seconds, byte type, byte code)
    {
        using TestHost host = new();
        byte[] first = Fragment(isV6, Packets.Bytes(1000), 0, true, 1);
        host.Inject(first);
        host.Inject(Fragment(isV6, new byte[8], 1608, true, 1));
        host.Inject(Fragment(isV6, new byte[8], 64, true, 2)); // of another datagram, whose first never comes
        host.RunFor(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.Empty(host.Nic.Sent);
        Assert.Equal(2, host.Ip.Reassembling.Datagrams);
        host.RunFor(TimeSpan.FromMilliseconds(1));
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, type, code);
        byte[] quoted = error.Payload[8..];
        Assert.Equal(first[..quoted.Length], quoted);
        Assert.Equal(isV6 ? first.Length : 576 - 28, quoted.Length);
        Assert.Equal((0, 0), host.Ip.Reassembling);
        Assert.Equal(2, host.Drops[IpDropReason.ReassemblyTimeout]);
    }

    [Fact]
    public void Fragments_of_different_protocols_are_of_different_datagrams_in_ipv4()
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        host.Inject(Packets.V4(Protocol, new byte[8], more: true));
        host.Inject(Packets.V4(IpProtocol.Udp, new byte[8], offset: 8));
        Assert.Empty(transport.Received);
        Assert.Equal(2, host.Ip.Reassembling.Datagrams);
    }

    [Fact]
    public void A_source_with_too_many_datagrams_loses_its_oldest_and_others_lose_none()
    {
        using TestHost host = new(new IpSuiteOptions { Ip = new IpLayerOptions { MaxReassembliesPerSource = 3 } });
        RecordingTransport transport = Register(host);
        IpAddress other = IpAddress.Parse("192.0.2.77");
        host.Inject(Packets.V4(Protocol, new byte[8], other, more: true, id: 100));
        for (ushort id = 1; id <= 4; id++) host.Inject(Packets.V4(Protocol, new byte[8], more: true, id: id));
        Assert.Equal(1, host.Drops[IpDropReason.ReassemblyEvicted]);
        host.Inject(Packets.V4(Protocol, new byte[8], offset: 8, id: 2));
        host.Inject(Packets.V4(Protocol, new byte[8], other, offset: 8, id: 100));
        Assert.Equal(2, transport.Received.Count);
        host.Inject(Packets.V4(Protocol, new byte[8], offset: 8, id: 1));
        Assert.Equal(2, transport.Received.Count);
    }

    [Fact]
    public void Memory_for_fragments_is_bounded_and_the_oldest_make_room()
    {
        const int Budget = 256 * 1024;
        using TestHost host = new(new IpSuiteOptions { Ip = new IpLayerOptions { ReassemblyMemory = Budget, MaxReassemblies = 10_000, MaxReassembliesPerSource = 10_000 } });
        RecordingTransport transport = Register(host);
        for (int i = 0; i < 1000; i++)
        {
            host.Inject(Packets.V4(Protocol, new byte[8], more: true, id: (ushort)i));
            Assert.InRange(host.Ip.Reassembling.Blocks * 2048, 0, Budget);
        }
        Assert.Equal(1000 - Budget / 2048, host.Drops[IpDropReason.ReassemblyEvicted]);
        host.Inject(Packets.V4(Protocol, new byte[8], offset: 8, id: 999));
        Assert.Single(transport.Received);
    }

    [Fact]
    public void A_datagram_in_too_many_fragments_is_given_up()
    {
        using TestHost host = new(new IpSuiteOptions { Ip = new IpLayerOptions { MaxFragments = 4 } });
        RecordingTransport transport = Register(host);
        for (int i = 0; i < 5; i++) host.Inject(Packets.V4(Protocol, new byte[8], offset: i * 8, more: i < 4));
        Assert.Empty(transport.Received);
        Assert.Equal(1, host.Drops[IpDropReason.TooManyFragments]);
        Assert.Equal(0, host.Ip.Reassembling.Blocks);
    }

    [Fact]
    public void A_fragment_past_the_datagrams_end_or_with_another_end_ends_it()
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        host.Inject(Packets.V4(Protocol, new byte[8], offset: 16));
        host.Inject(Packets.V4(Protocol, new byte[8], offset: 24, more: true));
        host.Inject(Packets.V4(Protocol, new byte[16], more: true));
        Assert.Empty(transport.Received);
        Assert.Equal((1, 1), (host.Drops[IpDropReason.BadFragmentOffset], host.Drops[IpDropReason.OverlappingFragments]));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(2, 2, 2)]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 3)]
    [InlineData(1, 2, 2)]
    [InlineData(0, 2, 0)]
    [InlineData(0, 3, -1)]
    [Rfc(3168, "5.3")]
    public void Congestion_marks_of_fragments_are_those_of_the_datagram(byte first, byte second, int expected)
    {
        foreach (bool isV6 in new[] { false, true })
        {
            using TestHost host = new();
            RecordingTransport transport = Register(host);
            host.Inject(isV6 ? Packets.Fragment6(new byte[8], 0, true, Protocol, trafficClass: first) : Packets.V4(Protocol, new byte[8], more: true, tos: first));
            host.Inject(isV6 ? Packets.Fragment6(new byte[8], 8, false, Protocol, trafficClass: second) : Packets.V4(Protocol, new byte[8], offset: 8, tos: second));
            if (expected < 0) Assert.Equal(1, host.Drops[IpDropReason.InconsistentEcn]);
            else Assert.Equal(expected, Assert.Single(transport.Received).TrafficClass & 3);
        }
    }

    [Fact]
    public void A_middle_fragment_whose_length_is_no_multiple_of_8_is_dropped_and_in_ipv6_reported()
    {
        using TestHost host = new();
        host.Inject(Packets.V4(Protocol, new byte[9], more: true));
        Assert.Empty(host.Nic.Sent);
        byte[] bad = Packets.Fragment6(new byte[9], 0, true, Protocol);
        host.Inject(bad);
        SentPacket error = host.Nic.TakeOne();
        Packets.AssertIcmp(error, 4, 0);
        Assert.Equal(4, error.Payload[7]); // points at the payload length
        Assert.Equal(bad, error.Payload[8..]);
        Assert.Equal(2, host.Drops[IpDropReason.BadFragmentLength]);
    }

    [Fact]
    [Rfc(7112, "5")]
    public void A_first_fragment_without_all_headers_is_refused()
    {
        using TestHost host = new();
        byte[] options = Packets.Extension(IpProtocol.Tcp, new byte[6]);
        host.Inject(Packets.Fragment6([.. options, .. new byte[8]], 0, true, IpProtocol.DestinationOptions));
        Packets.AssertIcmp(host.Nic.TakeOne(), 4, 3);
        Assert.Equal(1, host.Drops[IpDropReason.IncompleteHeaderChain]);
        Assert.Equal(0, host.Ip.Reassembling.Datagrams);
    }

    [Fact]
    [Rfc(6946, "4")]
    public void An_atomic_fragment_stands_alone_even_beside_fragments_with_its_identification()
    {
        using TestHost host = new();
        RecordingTransport transport = Register(host);
        host.Inject(Packets.Fragment6(new byte[8], 0, true, Protocol, 7));
        host.Inject(Packets.Fragment6([1, 2, 3], 0, false, Protocol, 7));
        Assert.Equal([1, 2, 3], Assert.Single(transport.Received).Bytes);
        Assert.Equal(1, host.Ip.Reassembling.Datagrams);
    }

    [Fact]
    public void A_fragment_within_a_reassembled_datagram_is_refused()
    {
        using TestHost host = new();
        Register(host);
        byte[] inner = new byte[16];
        new Ipv6FragmentHeader(Protocol, 0, true, 8).Write(inner);
        host.Inject(Packets.Fragment6(inner, 0, true, IpProtocol.Fragment));
        host.Inject(Packets.Fragment6(new byte[8], 16, false, IpProtocol.Fragment));
        Assert.Equal(1, host.Drops[IpDropReason.BadExtensionHeader]);
    }

    private static IpSuiteOptions Options(OverlapPolicy policy) => new() { Ip = new IpLayerOptions { OverlapPolicy = policy } };

    private static RecordingTransport Register(TestHost host)
    {
        RecordingTransport transport = new();
        host.Ip.Register(Protocol, transport);
        return transport;
    }

    private static byte[] Fragment(bool isV6, ReadOnlySpan<byte> bytes, int offset, bool more, uint id) =>
        isV6 ? Packets.Fragment6(bytes, offset, more, Protocol, id) : Packets.V4(Protocol, bytes, id: (ushort)id, offset: offset, more: more);
}
