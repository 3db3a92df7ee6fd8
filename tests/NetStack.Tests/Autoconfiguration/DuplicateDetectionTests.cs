using NetStack.Tests.Kit;
using NetStack.Tests.Link;
using NetStack.Wire;

namespace NetStack.Tests.Autoconfiguration;

/// <summary>Duplicate address detection (RFC 4862 section 5.4).</summary>
public sealed class DuplicateDetectionTests
{
    private const string Wanted = "fd00::7";
    private static readonly MacAddress Group = MacAddress.Parse("33:33:ff:00:00:07");

    [Theory, InlineData(1, 1), InlineData(2, 3)]
    public void An_address_is_asked_for_from_the_unspecified_one_and_then_used(ulong seed, int transmits)
    {
        LinkRig rig = new(seed, configureInterface: o =>
        {
            LinkRig.Quiet(o);
            o.Ipv6.DuplicateAddressDetectTransmits = transmits;
        }, addresses: false);
        Instant start = rig.Now;
        InterfaceAddress address = rig.Nic.AddAddress(IpAddress.Parse(Wanted), 64, rig.Now);
        rig.World.RunUntil(() => address.State == AddressState.Preferred, TimeSpan.FromSeconds(10));
        List<HubFrame> asked = [.. rig.Hub.Log.Where(f => Packets.IsIcmpv6(f.Bytes, 135))];
        Assert.Equal(transmits, asked.Count);
        Assert.InRange((asked[0].At - start).TotalSeconds, 0, 1); // a random delay
        Assert.Equal(1, (rig.Now - asked[^1].At).TotalSeconds, 3); // RetransTimer
        Assert.All(asked, f => Assert.Equal(Packets.Icmpv6(Group, rig.Nic.Mac, "::", "ff02::1:ff00:7", Packets.NeighborSolicitation(Wanted, null)), f.Bytes));
    }

    [Fact]
    public void A_tentative_address_is_neither_source_nor_destination()
    {
        LinkRig rig = new(addresses: false);
        rig.Nic.AddAddress(IpAddress.Parse(Wanted), 64, rig.Now);
        Assert.Equal(RouteOutcome.NoSource, rig.Stack.FindRoute(IpAddress.Parse("fd00::9"), default, null, out _));
        rig.Hand(Packets.Icmpv6(Group, Packets.Peer, "fd00::9", "ff02::1:ff00:7", Packets.NeighborSolicitation(Wanted, Packets.Peer)));
        Assert.DoesNotContain(rig.Sent, f => Packets.IsIcmpv6(f, 136));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void One_that_is_advertised_or_asked_for_by_another_is_a_duplicate(bool advertised)
    {
        LinkRig rig = new(addresses: false);
        InterfaceAddress address = rig.Nic.AddAddress(IpAddress.Parse(Wanted), 64, rig.Now);
        rig.Hand(advertised
            ? Packets.Icmpv6(MacAddress.Parse("33:33:00:00:00:01"), Packets.Peer, Wanted, "ff02::1", Packets.NeighborAdvertisement(Wanted, Packets.Peer, solicited: false))
            : Packets.Icmpv6(Group, Packets.Peer, "::", "ff02::1:ff00:7", Packets.NeighborSolicitation(Wanted, null)));
        Assert.Equal(AddressState.Duplicate, address.State);
        rig.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(AddressState.Duplicate, address.State);
        rig.Hand(Packets.Icmpv6(Group, Packets.Peer, "fd00::9", "ff02::1:ff00:7", Packets.NeighborSolicitation(Wanted, Packets.Peer)));
        Assert.DoesNotContain(rig.Sent, f => Packets.IsIcmpv6(f, 136));
    }

    [Fact]
    public void A_made_address_that_another_has_is_made_anew_three_times()
    {
        LinkRig rig = new(configureInterface: o => o.Ipv6.AcceptRouterAdvertisements = false, addresses: false);
        HashSet<IpAddress> tried = [];
        for (int i = 0; i < 6; i++)
        {
            if (rig.Nic.Addresses.SingleOrDefault(a => a.State == AddressState.Tentative) is not { } tentative) break;
            tried.Add(tentative.Address);
            string text = tentative.Address.ToString();
            rig.Hand(Packets.Icmpv6(MacAddress.Parse("33:33:00:00:00:01"), Packets.Peer, text, "ff02::1", Packets.NeighborAdvertisement(text, Packets.Peer, solicited: false)));
        }
        Assert.Equal(4, tried.Count); // the first and IDGEN_RETRIES
        Assert.All(rig.Nic.Addresses, a => Assert.Equal(AddressState.Duplicate, a.State));
    }

    [Fact]
    public void An_assigned_address_is_not_given_up()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Icmpv6(MacAddress.Parse("33:33:00:00:00:01"), Packets.Peer, LinkRig.OwnV6, "ff02::1", Packets.NeighborAdvertisement(LinkRig.OwnV6, Packets.Peer, solicited: false)));
        Assert.Equal(AddressState.Preferred, rig.Nic.Addresses.Single(a => a.Address.IsV6).State);
        Assert.Equal(1, rig.Nic.AddressConflicts);
    }

    [Fact]
    public void Two_hosts_that_want_one_address_at_once_both_see_it()
    {
        World world = new(3);
        Hub hub = world.Hub();
        InterfaceAddress[] both = [.. new[] { "a", "b" }.Select(name => world.Host(name).Plug(hub, LinkRig.Quiet).AddAddress(IpAddress.Parse(Wanted), 64, world.Now))];
        world.Run(TimeSpan.FromSeconds(5));
        Assert.Contains(both, a => a.State == AddressState.Duplicate);
        Assert.InRange(both.Count(a => a.IsUsable), 0, 1);
    }
}
