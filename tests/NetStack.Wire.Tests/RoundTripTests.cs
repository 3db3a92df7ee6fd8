namespace NetStack.Wire.Tests;

/// <summary>Values that are written and read again are the same values, for every protocol, over seeded random values.</summary>
public sealed class RoundTripTests
{
    private const int Rounds = 300;

    private delegate T Reader<T>(ReadOnlySpan<byte> bytes);

    [Fact]
    public void Ethernet_and_its_tags() => Every(
        r => new EthernetHeader(Mac(r), Mac(r), (EtherType)U16(r)), (h, d) => h.Write(d), b => EthernetHeader.From(View<EthernetView>(EthernetView.TryRead(b, out EthernetView v), v)),
        r => new VlanHeader((ushort)r.Next(4096), (byte)r.Next(8), Flip(r), (EtherType)U16(r)), (h, d) => h.Write(d), b => VlanHeader.From(View<VlanView>(VlanView.TryRead(b, out VlanView v), v)));

    [Fact]
    public void Llc_and_snap() => Every(
        r => Llc(r), (h, d) => h.Write(d), b => LlcHeader.From(View<LlcView>(LlcView.TryRead(b, out LlcView v), v)),
        r => new SnapHeader((uint)r.Next(1 << 24), U16(r)), (h, d) => h.Write(d), b => SnapHeader.From(View<LlcView>(LlcView.TryRead(b, out LlcView v), v)));

    [Fact]
    public void Mpls_and_pppoe() => Every(
        r => new MplsHeader((uint)r.Next(1 << 20), (byte)r.Next(8), Flip(r), U8(r)), (h, d) => h.Write(d), b => MplsHeader.From(View<MplsView>(MplsView.TryRead(b, out MplsView v), v)),
        r => new PppoeHeader(U8(r), U16(r), U16(r)), (h, d) => h.Write(d), b => PppoeHeader.From(View<PppoeView>(PppoeView.TryRead(b, out PppoeView v), v)));

    [Fact]
    public void Ppp_whose_protocol_numbers_are_even_then_odd() => Every(
        r => new PppHeader((ushort)(r.Next(128) * 2 << 8 | r.Next(128) * 2 + 1)), (h, d) => h.Write(d), b => PppHeader.From(View<PppView>(PppView.TryRead(b, out PppView v), v)));

    [Fact]
    public void Cooked_and_loopback_headers() => Every(
        r => new LinuxSllHeader(1, U16(r), U16(r), U16(r), 0, Flip(r) ? Mac(r) : null), (h, d) => h.Write(d), b => LinuxSllHeader.From(View<LinuxSllView>(LinuxSllView.TryRead(b, 1, out LinuxSllView v), v)),
        r => new LinuxSllHeader(2, U8(r), U16(r), U16(r), U32(r), Flip(r) ? Mac(r) : null), (h, d) => h.Write(d), b => LinuxSllHeader.From(View<LinuxSllView>(LinuxSllView.TryRead(b, 2, out LinuxSllView v), v)));

    [Fact]
    public void A_loopback_family_is_read_in_either_byte_order()
    {
        foreach (uint family in (uint[])[2, 10, 24, 28, 30, 7])
        {
            byte[] bytes = Packets.Head(new NullLoopbackHeader(family).Write);
            Assert.True(NullLoopbackView.TryRead(bytes, networkOrder: true, out NullLoopbackView network));
            Assert.True(NullLoopbackView.TryRead([.. bytes.Reverse()], networkOrder: false, out NullLoopbackView reversed));
            Assert.Equal((family, family), (NullLoopbackHeader.From(network).Family, NullLoopbackHeader.From(reversed).Family));
        }
    }

    [Fact]
    public void Arp() => Every(
        r => new ArpHeader(U16(r), Mac(r), V4(r), Mac(r), V4(r)), (h, d) => h.Write(d), b => ArpHeader.From(View<ArpView>(ArpView.TryRead(b, out ArpView v) && v.IsWhole && v.IsEthernetIpv4, v)));

    [Fact]
    public void Ipv4_and_ipv6() => Every(
        r => new Ipv4Header(V4(r), V4(r), (IpProtocol)U8(r), U16(r)) { TypeOfService = U8(r), Identification = U16(r), DontFragment = Flip(r), MoreFragments = Flip(r), FragmentOffset = r.Next(8192) * 8, Ttl = U8(r) },
        (h, d) => h.Write(d), b => Ipv4Header.From(View<Ipv4View>(Ipv4View.TryRead(b, out Ipv4View v) && v.IsChecksumRight, v)),
        r => new Ipv6Header(V6(r), V6(r), (IpProtocol)U8(r), U16(r)) { TrafficClass = U8(r), FlowLabel = (uint)r.Next(1 << 20), HopLimit = U8(r) },
        (h, d) => h.Write(d), b => Ipv6Header.From(View<Ipv6View>(Ipv6View.TryRead(b, out Ipv6View v), v)));

    [Fact]
    public void Fragment_and_authentication_headers() => Every(
        r => new Ipv6FragmentHeader((IpProtocol)U8(r), r.Next(8192) * 8, Flip(r), U32(r)), (h, d) => h.Write(d), b => Ipv6FragmentHeader.From(View<Ipv6FragmentView>(Ipv6FragmentView.TryRead(b, out Ipv6FragmentView v), v)),
        r => new AuthenticationHeader((IpProtocol)U8(r), U32(r), U32(r)), (h, d) => h.Write(d, [1, 2, 3, 4]), b => AuthenticationHeader.From(View<AuthenticationView>(AuthenticationView.TryRead(b, out AuthenticationView v) && v.CheckValue.SequenceEqual(new byte[] { 1, 2, 3, 4 }), v)));

    [Fact]
    public void Tcp_and_udp() => Every(
        r => new TcpHeader(U16(r), U16(r), U32(r), U32(r), (TcpFlags)r.Next(0x1000), U16(r)) { Checksum = U16(r), UrgentPointer = U16(r) },
        (h, d) => h.Write(d), b => TcpHeader.From(View<TcpView>(TcpView.TryRead(b, out TcpView v) && v.HeaderLength == 20, v)),
        r => new UdpHeader(U16(r), U16(r), U16(r), U16(r)), (h, d) => h.Write(d), b => UdpHeader.From(View<UdpView>(UdpView.TryRead(b, out UdpView v), v)));

    [Fact]
    public void Icmp_of_both_versions() => Every(
        r => new IcmpHeader(U8(r), U8(r), U32(r), U16(r)), (h, d) => h.Write(d), b => IcmpHeader.From(View<IcmpView>(IcmpView.TryRead(b, out IcmpView v), v)),
        r => new Icmpv6Header(U8(r), U8(r), U32(r), U16(r)), (h, d) => h.Write(d), b => Icmpv6Header.From(View<Icmpv6View>(Icmpv6View.TryRead(b, out Icmpv6View v), v)));

    [Fact]
    public void Group_messages() => Every(
        r => new IgmpHeader((byte)r.Next(0x11, 0x18), U8(r), V4(r)), (h, d) => h.Write(d), b => IgmpHeader.From(View<IgmpView>(IgmpView.TryRead(b, out IgmpView v), v)),
        r => new MldHeader((byte)r.Next(130, 133), U16(r), V6(r)), (h, d) => h.Write(d), b => MldHeader.From(View<MldView>(MldView.TryRead(b, out MldView v), v)));

    [Fact]
    public void Neighbour_discovery_messages() => Every(
        r => new NeighborMessage((byte)r.Next(135, 137), V6(r), Flip(r) ? Mac(r) : null, (byte)(r.Next(8) << 5)), (h, d) => h.Write(d), b => NeighborMessage.From(View<NdpView>(NdpView.TryRead(b, out NdpView v) && v.AreOptionsValid, v)),
        r => new RouterAdvertisement(U8(r), U16(r), U32(r), U32(r)) { IsManaged = Flip(r), HasOtherConfiguration = Flip(r) }, (h, d) => h.Write(d), b => RouterAdvertisement.From(View<NdpView>(NdpView.TryRead(b, out NdpView v), v)));

    [Fact]
    public void Gre_of_both_versions() => Every(
        r => new GreHeader(U16(r), Flip(r) ? U32(r) : null, Flip(r) ? U32(r) : null, Flip(r) ? U16(r) : null), (h, d) => h.Write(d), b => GreHeader.From(View<GreView>(GreView.TryRead(b, out GreView v) && v.IsWhole && v.Version == 0, v)),
        r => new EnhancedGreHeader(U16(r), U16(r), Flip(r) ? U32(r) : null, Flip(r) ? U32(r) : null), (h, d) => h.Write(d), b => EnhancedGreHeader.From(View<GreView>(GreView.TryRead(b, out GreView v) && v.IsWhole && v.Version == 1, v)));

    [Fact]
    public void Vxlan_and_geneve() => Every(
        r => new VxlanHeader((uint)r.Next(1 << 24)), (h, d) => h.Write(d), b => VxlanHeader.From(View<VxlanView>(VxlanView.TryRead(b, out VxlanView v) && v.HasVni, v)),
        r => new GeneveHeader((uint)r.Next(1 << 24), U16(r)) { IsControl = Flip(r), HasCriticalOptions = Flip(r) }, (h, d) => h.Write(d), b => GeneveHeader.From(View<GeneveView>(GeneveView.TryRead(b, out GeneveView v) && v.Version == 0, v)));

    [Fact]
    public void Writing_into_too_little_room_says_so_and_writes_nothing()
    {
        byte[] room = [1, 2, 3];
        Assert.Throws<ArgumentException>(() => new EthernetHeader(default, default, EtherType.Arp).Write(room));
        Assert.Throws<ArgumentException>(() => new TcpHeader(1, 2, 3, 4, TcpFlags.None, 5).Write(room));
        Assert.Throws<ArgumentException>(() => new MplsHeader(1, 2, true, 3).Write(room));
        Assert.Throws<ArgumentException>(() => GroupReportWriter.Mld(room).Finish());
        Assert.Equal([1, 2, 3], room);
    }

    [Fact]
    public void An_address_of_the_other_family_is_refused()
    {
        byte[] room = new byte[64];
        Assert.Throws<ArgumentException>(() => new Ipv4Header(Packets.A6, Packets.B4, IpProtocol.Tcp, 20).Write(room));
        Assert.Throws<ArgumentException>(() => new Ipv6Header(Packets.A6, Packets.B4, IpProtocol.Tcp, 20).Write(room));
        Assert.Throws<ArgumentException>(() => new ArpHeader(1, default, Packets.A6, default, default).Write(room));
        Assert.Throws<ArgumentException>(() => new IgmpHeader(0x16, 0, Packets.A6).Write(room));
        Assert.Throws<ArgumentException>(() => new MldHeader(131, 0, Packets.A4).Write(room));
    }

    private static void Every<T>(Func<Random, T> make, Func<T, byte[], int> write, Reader<T> read)
    {
        for (int seed = 0; seed < Rounds; seed++)
        {
            T value = make(new Random(seed));
            byte[] room = new byte[64];
            room.AsSpan().Fill(0xCC); // a writer clears what it does not set
            int length = write(value, room);
            Assert.True(EqualityComparer<T>.Default.Equals(value, read(room.AsSpan(0, length))), $"seed {seed}: {value} came back as {read(room.AsSpan(0, length))}");
            Assert.All(room[length..], b => Assert.Equal(0xCC, b));
        }
    }

    private static void Every<T, TOther>(Func<Random, T> make, Func<T, byte[], int> write, Reader<T> read, Func<Random, TOther> makeOther, Func<TOther, byte[], int> writeOther, Reader<TOther> readOther)
    {
        Every(make, write, read);
        Every(makeOther, writeOther, readOther);
    }

    private static T View<T>(bool isRead, T view)
        where T : allows ref struct
    {
        Assert.True(isRead, "the view could not be read");
        return view;
    }

    private static LlcHeader Llc(Random r)
    {
        byte control = U8(r);
        return new LlcHeader((byte)r.Next(0xA0), U8(r), control, (control & 3) == 3 ? (byte)0 : U8(r));
    }

    private static bool Flip(Random r) => r.Next(2) == 0;

    private static byte U8(Random r) => (byte)r.Next(256);

    private static ushort U16(Random r) => (ushort)r.Next(65536);

    private static uint U32(Random r) => (uint)r.NextInt64(1L << 32);

    private static MacAddress Mac(Random r) => new((ulong)r.NextInt64());

    private static IpAddress V4(Random r) => IpAddress.V4(U32(r));

    private static IpAddress V6(Random r) => IpAddress.V6(new UInt128((ulong)r.NextInt64(), (ulong)r.NextInt64()));
}
