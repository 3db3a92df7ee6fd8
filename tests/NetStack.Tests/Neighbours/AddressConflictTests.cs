using NetStack.Tests.Kit;
using NetStack.Tests.Link;
using NetStack.Wire;

namespace NetStack.Tests.Neighbours;

/// <summary>IPv4 address conflict detection (RFC 5227).</summary>
public sealed class AddressConflictTests
{
    private const string Wanted = "10.0.0.7";
    private static readonly MacAddress Peer = Packets.Peer;

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void An_address_is_probed_for_three_times_then_used_and_announced_twice(ulong seed)
    {
        LinkRig rig = new(seed, addresses: false);
        Instant start = rig.Now;
        InterfaceAddress address = rig.Nic.AddAddress(IpAddress.Parse(Wanted), 24, rig.Now, detectDuplicates: true);
        Assert.Equal(AddressState.Tentative, address.State);
        rig.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(AddressState.Preferred, address.State);
        List<HubFrame> sent = rig.Hub.Log;
        Assert.Equal(5, sent.Count);
        Assert.All(sent[..3], f => Assert.Equal(Packets.Arp(1, rig.Nic.Mac, "0.0.0.0", default, Wanted), f.Bytes));
        Assert.All(sent[3..], f => Assert.Equal(Packets.Arp(1, rig.Nic.Mac, Wanted, default, Wanted), f.Bytes));
        Assert.InRange((sent[0].At - start).TotalSeconds, 0, 1); // PROBE_WAIT
        Assert.InRange((sent[1].At - sent[0].At).TotalSeconds, 1, 2); // PROBE_MIN to PROBE_MAX
        Assert.InRange((sent[2].At - sent[1].At).TotalSeconds, 1, 2);
        Assert.Equal(2, (sent[3].At - sent[2].At).TotalSeconds, 3); // ANNOUNCE_WAIT
        Assert.Equal(2, (sent[4].At - sent[3].At).TotalSeconds, 3); // ANNOUNCE_INTERVAL
    }

    [Theory]
    [InlineData(1, Wanted)] // somebody uses it
    [InlineData(2, Wanted)]
    [InlineData(1, "0.0.0.0")] // somebody else probes for it
    public void Another_user_during_the_probes_makes_it_a_duplicate(ushort operation, string sender)
    {
        LinkRig rig = new();
        InterfaceAddress address = rig.Nic.AddAddress(IpAddress.Parse(Wanted), 24, rig.Now, detectDuplicates: true);
        rig.Run(TimeSpan.FromSeconds(2));
        rig.Hand(Packets.Arp(operation, Peer, sender, default, Wanted));
        Assert.Equal(AddressState.Duplicate, address.State);
        rig.Hub.Log.Clear();
        rig.Run(TimeSpan.FromSeconds(20));
        Assert.Empty(rig.Hub.Log);
        Assert.Equal(1, rig.Nic.AddressConflicts);
        Assert.Null(rig.Stack.FindLocal(address.Address));
    }

    [Fact]
    public void An_added_address_is_used_at_once_and_announced_unless_the_options_say_otherwise()
    {
        LinkRig rig = new(addresses: false);
        Assert.Equal(AddressState.Preferred, rig.Nic.AddAddress(IpAddress.Parse(Wanted), 24, rig.Now).State);
        rig.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(2, rig.Sent.Count(f => Packets.IsArp(f, 1)));
        LinkRig careful = new(configure: o => o.Neighbours.ProbeIpv4Addresses = true, addresses: false);
        Assert.Equal(AddressState.Tentative, careful.Nic.AddAddress(IpAddress.Parse(Wanted), 24, careful.Now).State);
    }

    [Fact]
    public void A_conflict_is_met_with_one_announcement_and_a_second_within_ten_seconds_with_retreat()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Arp(2, Peer, LinkRig.OwnV4, default, "10.0.0.3"));
        Assert.Equal(Packets.Arp(1, rig.Nic.Mac, LinkRig.OwnV4, default, LinkRig.OwnV4), Assert.Single(rig.Sent));
        rig.Run(TimeSpan.FromSeconds(11));
        rig.Hand(Packets.Arp(2, Peer, LinkRig.OwnV4, default, "10.0.0.3"));
        Assert.Single(rig.Sent);
        rig.Run(TimeSpan.FromSeconds(5));
        rig.Hand(Packets.Arp(2, Peer, LinkRig.OwnV4, default, "10.0.0.3"));
        Assert.Empty(rig.Sent);
        Assert.Equal(AddressState.Duplicate, rig.Nic.Addresses.Single(a => a.Address.IsV4).State);
        Assert.Equal([IpAddress.Parse(LinkRig.OwnV4)], rig.Removed);
    }

    [Fact]
    public void The_policy_may_be_to_give_up_at_once_or_never()
    {
        LinkRig meek = new(configure: o => o.Neighbours.ConflictPolicy = ConflictPolicy.GiveUp);
        meek.Hand(Packets.Arp(2, Peer, LinkRig.OwnV4, default, "10.0.0.3"));
        Assert.Equal(AddressState.Duplicate, meek.Nic.Addresses.Single(a => a.Address.IsV4).State);

        LinkRig stubborn = new(configure: o => o.Neighbours.ConflictPolicy = ConflictPolicy.Keep);
        for (int i = 0; i < 21; i++)
        {
            stubborn.Hand(Packets.Arp(2, Peer, LinkRig.OwnV4, default, "10.0.0.3"));
            stubborn.Run(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(3, stubborn.Sent.Count); // one in ten seconds
        Assert.Equal(AddressState.Preferred, stubborn.Nic.Addresses.Single(a => a.Address.IsV4).State);
    }

    [Fact]
    public void A_probe_for_an_address_in_use_is_answered()
    {
        LinkRig rig = new();
        rig.Hand(Packets.Arp(1, Peer, "0.0.0.0", default, LinkRig.OwnV4));
        byte[] reply = Assert.Single(rig.Sent);
        Assert.True(Packets.IsArp(reply, 2));
        Assert.Equal(AddressState.Preferred, rig.Nic.Addresses.Single(a => a.Address.IsV4).State);
    }

    [Fact]
    public void A_link_that_comes_back_announces_the_addresses_again()
    {
        LinkRig rig = new();
        rig.Nic.SetLink(false, rig.Now);
        rig.Run(TimeSpan.FromSeconds(1));
        rig.Nic.SetLink(true, rig.Now);
        rig.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(2, rig.Sent.Count(f => Packets.IsArp(f, 1)));
    }
}
