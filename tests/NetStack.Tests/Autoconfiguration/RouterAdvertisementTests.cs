using NetStack.Tests.Kit;
using NetStack.Tests.Link;
using NetStack.Wire;

namespace NetStack.Tests.Autoconfiguration;

/// <summary>What hosts make of router advertisements (RFC 4861 section 6.3, RFC 4862 section 5.5, RFC 4191, RFC 8106, RFC 8981).</summary>
public sealed class RouterAdvertisementTests
{
    private const string Router = "fe80::1";
    private static readonly MacAddress RouterMac = Packets.Peer;
    private static readonly MacAddress AllNodes = MacAddress.Parse("33:33:00:00:00:01");
    private static readonly IpAddress Anywhere = IpAddress.Parse("2001:db8:ffff::1");

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Routers_are_asked_for_at_once_and_then_ever_more_seldom(ulong seed)
    {
        LinkRig rig = Rig(seed);
        Instant start = rig.Now;
        rig.Run(TimeSpan.FromSeconds(70));
        List<HubFrame> asked = [.. rig.Hub.Log.Where(f => Packets.IsIcmpv6(f.Bytes, 133))];
        Assert.Equal(5, asked.Count); // about 0, 4, 12, 28, 60
        Assert.InRange((asked[0].At - start).TotalSeconds, 0, 1);
        for (int i = 1; i < asked.Count; i++)
        {
            double nominal = 4 << i - 1;
            Assert.InRange((asked[i].At - asked[i - 1].At).TotalSeconds, nominal * 0.9, nominal * 1.1);
        }
        Assert.All(asked, f => Assert.Equal("ff02::2", Packets.TargetOf(f.Bytes).ToString()));
        Assert.Equal("::", Packets.SourceOf(asked[0].Bytes).ToString());
        Assert.True(AddressScope.IsLinkLocal(Packets.SourceOf(asked[^1].Bytes)));
    }

    [Fact]
    public void An_answer_ends_the_asking_until_the_router_is_gone()
    {
        LinkRig rig = Rig();
        rig.Run(TimeSpan.FromSeconds(2));
        Advertise(rig, 30);
        rig.Hub.Log.Clear();
        rig.Run(TimeSpan.FromSeconds(29));
        Assert.DoesNotContain(rig.Hub.Log, f => Packets.IsIcmpv6(f.Bytes, 133));
        Assert.Single(rig.Nic.Ipv6!.Routers);
        rig.Run(TimeSpan.FromSeconds(3));
        Assert.Empty(rig.Nic.Ipv6.Routers);
        Assert.Contains(rig.Hub.Log, f => Packets.IsIcmpv6(f.Bytes, 133));
    }

    [Fact]
    public void A_router_is_a_default_route_until_its_lifetime_is_over_or_zero()
    {
        LinkRig rig = Rig();
        Advertise(rig, 100);
        Assert.Equal(Router, rig.Stack.Routes.Lookup(Anywhere)!.Gateway.ToString());
        rig.Run(TimeSpan.FromSeconds(50));
        Advertise(rig, 100);
        rig.Run(TimeSpan.FromSeconds(99));
        Assert.NotNull(rig.Stack.Routes.Lookup(Anywhere));
        rig.Run(TimeSpan.FromSeconds(2));
        Assert.Null(rig.Stack.Routes.Lookup(Anywhere));
        Advertise(rig, 100);
        Advertise(rig, 0);
        Assert.Null(rig.Stack.Routes.Lookup(Anywhere));
    }

    [Fact]
    public void The_preferred_router_is_taken_and_one_that_does_not_answer_is_left_for_another()
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, from: "fe80::1");
        Advertise(rig, 1800, flags: 0x08, from: "fe80::2"); // high
        Advertise(rig, 1800, flags: 0x18, from: "fe80::3"); // low
        Assert.Equal("fe80::2", rig.Stack.Routes.Lookup(Anywhere)!.Gateway.ToString());
        Advertise(rig, 1800, flags: 0x00, from: "fe80::2");
        Assert.Equal("fe80::1", rig.Stack.Routes.Lookup(Anywhere)!.Gateway.ToString()); // equal now: the older
        rig.Nic.OnNeighbourReachability(IpAddress.Parse("fe80::1"), isReachable: false);
        Assert.Equal("fe80::2", rig.Stack.Routes.Lookup(Anywhere)!.Gateway.ToString());
        rig.Nic.OnNeighbourReachability(IpAddress.Parse("fe80::1"), isReachable: true);
        Assert.Equal("fe80::1", rig.Stack.Routes.Lookup(Anywhere)!.Gateway.ToString());
    }

    [Fact]
    public void A_router_that_ceases_to_be_one_is_no_default_router_any_more()
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.LinkAddressOption(1, RouterMac));
        rig.Hand(Packets.Icmpv6(AllNodes, RouterMac, Router, "ff02::1", Packets.NeighborAdvertisement(Router, RouterMac, router: false, solicited: false)));
        Assert.Empty(rig.Nic.Ipv6!.Routers);
        Assert.Null(rig.Stack.Routes.Lookup(Anywhere));
    }

    [Fact]
    public void Hop_limit_mtu_timers_and_flags_are_taken_over()
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, hopLimit: 33, flags: 0xC0, reachable: 10_000, retrans: 2_000, options: Packets.MtuOption(1400));
        Ipv6Autoconfiguration learnt = rig.Nic.Ipv6!;
        Assert.Equal((33, 1400, true, true), (learnt.HopLimit, learnt.Mtu, learnt.IsManaged, learnt.HasOtherConfiguration));
        Assert.Equal(TimeSpan.FromSeconds(2), rig.Nic.RetransTimer);
        Assert.InRange(rig.Nic.Neighbours.ReachableTime.TotalSeconds, 5, 15);
        Advertise(rig, 1800); // unspecified values change nothing
        Assert.Equal((33, 1400), (learnt.HopLimit, learnt.Mtu));
        Assert.Equal(TimeSpan.FromSeconds(2), rig.Nic.RetransTimer);
    }

    [Theory, InlineData(1279), InlineData(1501), InlineData(0), InlineData(uint.MaxValue)]
    public void An_mtu_that_cannot_be_is_ignored(uint mtu)
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.MtuOption(mtu));
        Assert.Equal(1500, rig.Nic.Ipv6!.Mtu);
    }

    [Fact]
    public void A_prefix_gives_a_stable_address_that_nobody_can_guess_and_an_on_link_route()
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 7200, 3600));
        InterfaceAddress made = Autoconfigured(rig);
        Assert.True(IpPrefix.Parse("2001:db8:1::/64").Contains(made.Address));
        Assert.Equal(AddressState.Tentative, made.State);
        rig.Run(TimeSpan.FromSeconds(3));
        Assert.Equal(AddressState.Preferred, made.State);
        Assert.True(rig.Stack.Routes.Lookup(IpAddress.Parse("2001:db8:1::9"))!.Gateway.IsNone);
        Assert.NotEqual(InterfaceIdentifier.FromMac(rig.Nic.Mac), (ulong)made.Address.Value);

        LinkRig again = Rig();
        Advertise(again, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 7200, 3600));
        Assert.Equal(made.Address, Autoconfigured(again).Address); // the same secret, prefix and interface
        Advertise(again, 1800, options: Packets.PrefixOption("2001:db8:2::", 64, 7200, 3600));
        Assert.NotEqual((ulong)made.Address.Value, (ulong)again.Nic.Addresses[^1].Address.Value);
    }

    [Fact]
    public void Without_privacy_the_identifier_is_the_eui_64()
    {
        LinkRig rig = Rig(configureInterface: o => o.Ipv6.StablePrivacy = false);
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 7200, 3600));
        Assert.Equal(InterfaceIdentifier.FromMac(rig.Nic.Mac), (ulong)Autoconfigured(rig).Address.Value);
        Assert.Equal(0x0200_00FF_FE00_0001UL | 0x0200_0000_0000_0000UL, InterfaceIdentifier.FromMac(MacAddress.Parse("00:00:00:00:00:01")));
    }

    [Fact]
    public void Lifetimes_deprecate_an_address_and_then_take_it_away_and_what_is_bound_to_it()
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 200, 100));
        InterfaceAddress made = Autoconfigured(rig);
        rig.Run(TimeSpan.FromSeconds(90));
        Assert.Equal(AddressState.Preferred, made.State);
        rig.Run(TimeSpan.FromSeconds(15));
        Assert.Equal(AddressState.Deprecated, made.State);
        rig.Run(TimeSpan.FromSeconds(100));
        Assert.Equal(AddressState.Removed, made.State);
        Assert.Equal([made.Address], rig.Removed);
        Assert.Null(rig.Stack.Routes.Lookup(IpAddress.Parse("2001:db8:1::9"), rig.Nic)?.Gateway is { IsNone: true } ? made : null);
    }

    [Fact]
    public void A_preferred_lifetime_of_zero_deprecates_at_once_and_a_later_one_brings_it_back()
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 10_000, 5_000));
        rig.Run(TimeSpan.FromSeconds(3));
        InterfaceAddress made = Autoconfigured(rig);
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 10_000, 0));
        Assert.Equal(AddressState.Deprecated, made.State);
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 10_000, 5_000));
        Assert.Equal(AddressState.Preferred, made.State);
    }

    [Theory]
    // remaining, advertised, left (RFC 4862 section 5.5.3 e)
    [InlineData(10_000, 20_000, 20_000)] // longer
    [InlineData(20_000, 8_000, 8_000)] // more than two hours
    [InlineData(20_000, 100, 7_200)] // cut to two hours, not below
    [InlineData(3_000, 100, 3_000)] // less than two hours are left: ignored
    [InlineData(3_000, 0, 3_000)]
    public void A_valid_lifetime_cannot_be_cut_below_two_hours(uint first, uint second, int left)
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, first, 0));
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, second, 0));
        Assert.Equal(left, (Autoconfigured(rig).ValidUntil - rig.Now).TotalSeconds, 1.0);
    }

    [Theory]
    [InlineData("fe80::", 64, 7200, 3600)] // link-local
    [InlineData("2001:db8:1::", 64, 3600, 7200)] // preferred longer than valid
    [InlineData("2001:db8:1::", 63, 7200, 3600)] // does not fit the identifier
    [InlineData("2001:db8:1::", 129, 7200, 3600)]
    [InlineData("ff02::", 64, 7200, 3600)]
    [InlineData("2001:db8:1::", 64, 0, 0)]
    public void A_prefix_that_cannot_be_used_gives_no_address(string prefix, byte length, uint valid, uint preferred)
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.PrefixOption(prefix, length, valid, preferred));
        Assert.DoesNotContain(rig.Nic.Addresses, a => a.Origin == AddressOrigin.Autoconfigured);
    }

    [Fact]
    public void More_specific_routes_and_name_servers_are_learnt_and_expire()
    {
        LinkRig rig = Rig();
        Advertise(rig, 0, options: [.. Packets.RouteOption("2001:db8:ffff::", 48, 0x08, 600), .. Packets.DnsOption(600, "2001:db8::53", "fe80::53")]);
        Assert.Equal(Router, rig.Stack.Routes.Lookup(Anywhere)!.Gateway.ToString());
        Assert.Equal(["2001:db8::53", "fe80::53"], rig.Nic.Ipv6!.DnsServers.Select(s => s.Address.ToString()));
        rig.Run(TimeSpan.FromSeconds(601));
        Assert.Null(rig.Stack.Routes.Lookup(Anywhere));
        Assert.Empty(rig.Nic.Ipv6.DnsServers);
    }

    [Fact]
    public void What_floods_of_advertisements_make_us_remember_is_bounded()
    {
        LinkRig rig = Rig();
        for (int i = 1; i <= 100; i++)
        {
            Advertise(rig, 1800, from: $"fe80::1:{i:x}", options:
            [
                .. Packets.PrefixOption($"2001:db8:{i:x}::", 64, 7200, 3600),
                .. Packets.RouteOption($"2001:db9:{i:x}::", 48, 0, 600),
                .. Packets.DnsOption(600, $"2001:db8::{i:x}"),
            ]);
        }
        Assert.Equal(Ipv6Autoconfiguration.MaxRouters, rig.Nic.Ipv6!.Routers.Count);
        Assert.Equal(Ipv6Autoconfiguration.MaxDnsServers, rig.Nic.Ipv6.DnsServers.Count);
        Assert.InRange(rig.Nic.Addresses.Count, 1, Ipv6Autoconfiguration.MaxAddresses + 1);
        Assert.InRange(rig.Stack.Routes.Routes.Count, 1, Ipv6Autoconfiguration.MaxRouters + Ipv6Autoconfiguration.MaxAdvertisedRoutes + 5);
        Assert.True(rig.Nic.NdpDrops[NdpDropReason.TooMany] > 0);
    }

    [Fact]
    public void A_temporary_address_is_made_preferred_and_replaced_in_time()
    {
        LinkRig rig = Rig(configureInterface: o => o.Ipv6.TemporaryAddresses = true);
        HashSet<IpAddress> seen = [];
        for (int hour = 0; hour < 72; hour++)
        {
            Advertise(rig, 9000, options: Packets.PrefixOption("2001:db8:1::", 64, 14_400, 7_200));
            rig.Run(TimeSpan.FromHours(1));
            InterfaceAddress[] temporary = [.. rig.Nic.Addresses.Where(a => a.Origin == AddressOrigin.Temporary)];
            seen.UnionWith(temporary.Select(a => a.Address));
            Assert.Contains(temporary, a => a.State == AddressState.Preferred);
            Assert.InRange(temporary.Length, 1, 5);
            Assert.Equal(AddressOrigin.Temporary, rig.Stack.FindLocal(SourceSelection.Select(rig.Nic, Anywhere, Anywhere, preferTemporary: true))!.Origin);
        }
        Assert.InRange(seen.Count, 3, 7); // each is preferred for 0.6 to 1 day
        Assert.Single(rig.Nic.Addresses, a => a.Origin == AddressOrigin.Autoconfigured);
    }

    [Fact]
    public void A_forwarding_stack_obeys_no_advertisement()
    {
        LinkRig rig = Rig(configure: o => o.Protocols = new() { Ip = new() { Forwarding = true } });
        Advertise(rig, 1800, options: Packets.PrefixOption("2001:db8:1::", 64, 7200, 3600));
        Assert.Empty(rig.Nic.Ipv6!.Routers);
        Assert.DoesNotContain(rig.Nic.Addresses, a => a.Origin == AddressOrigin.Autoconfigured);
    }

    [Fact]
    public void A_link_that_goes_down_withdraws_what_routers_said()
    {
        LinkRig rig = Rig();
        Advertise(rig, 1800, options: Packets.DnsOption(600, "2001:db8::53"));
        rig.Nic.SetLink(false, rig.Now);
        Assert.Empty(rig.Nic.Ipv6!.Routers);
        Assert.Empty(rig.Nic.Ipv6.DnsServers);
        Assert.Null(rig.Stack.Routes.Lookup(Anywhere));
        rig.Hub.Log.Clear();
        rig.Nic.SetLink(true, rig.Now);
        rig.Run(TimeSpan.FromSeconds(2));
        Assert.Contains(rig.Hub.Log, f => Packets.IsIcmpv6(f.Bytes, 133));
    }

    [Fact]
    public void A_redirect_of_the_first_hop_is_followed_and_no_other()
    {
        LinkRig rig = Rig();
        rig.Run(TimeSpan.FromSeconds(3));
        IpAddress own = rig.Nic.Addresses.Single(a => a.Origin == AddressOrigin.LinkLocal).Address;
        Advertise(rig, 1800);
        Redirect("fe80::7", "fe80::2", $"{Anywhere}"); // not from the router
        Assert.Equal(Router, NextHop());
        Assert.Equal(1, rig.Nic.NdpDrops[NdpDropReason.NotFirstHop]);
        Redirect(Router, "2001:db8::5", $"{Anywhere}"); // a router must be told by its link-local address
        Assert.Equal(1, rig.Nic.NdpDrops[NdpDropReason.BadAddress]);
        Redirect(Router, "fe80::2", $"{Anywhere}");
        Assert.Equal("fe80::2", NextHop());
        Redirect("fe80::2", $"{Anywhere}", $"{Anywhere}"); // by the present first hop: it is on-link
        Assert.Equal($"{Anywhere}", NextHop());
        rig.Nic.OnNeighbourReachability(Anywhere, isReachable: false);
        Assert.Equal(Router, NextHop());

        void Redirect(string from, string target, string destination) =>
            rig.Hand(Packets.Icmpv6(rig.Nic.Mac, RouterMac, from, own.ToString(), Packets.Redirect(target, destination)));

        string NextHop()
        {
            rig.Stack.FindRoute(Anywhere, own, null, out RouteDecision way);
            return way.NextHop.ToString();
        }
    }

    private static LinkRig Rig(ulong seed = 1, Action<StackOptions>? configure = null, Action<InterfaceOptions>? configureInterface = null) =>
        new(seed, configure, configureInterface ?? (_ => { }), addresses: false);

    private static InterfaceAddress Autoconfigured(LinkRig rig) => rig.Nic.Addresses.First(a => a.Origin == AddressOrigin.Autoconfigured);

    private static void Advertise(LinkRig rig, ushort lifetime, byte hopLimit = 0, byte flags = 0, uint reachable = 0, uint retrans = 0, string from = Router, byte[]? options = null) =>
        rig.Hand(Packets.Icmpv6(AllNodes, RouterMac, from, "ff02::1", Packets.RouterAdvertisement(lifetime, hopLimit, flags, reachable, retrans, options ?? [])));
}
