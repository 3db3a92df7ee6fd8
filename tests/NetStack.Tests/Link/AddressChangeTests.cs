using NetStack.Wire;

namespace NetStack.Tests.Link;

public sealed class AddressChangeTests
{
    [Fact]
    public void The_owner_hears_of_every_state_of_an_address()
    {
        LinkRig rig = new(addresses: false);
        List<AddressState> heard = [];
        rig.Nic.AddressChanged = a => heard.Add(a.State);
        InterfaceAddress address = rig.Nic.AddAddress(IpAddress.Parse("fd00::7"), 64, rig.Now);
        rig.Run(TimeSpan.FromSeconds(5));
        rig.Nic.AddressTable.SetLifetimes(address, rig.Now + TimeSpan.FromSeconds(5), rig.Now + TimeSpan.FromSeconds(10), rig.Now);
        rig.Run(TimeSpan.FromSeconds(20));
        Assert.Equal([AddressState.Preferred, AddressState.Deprecated, AddressState.Removed], heard);
        Assert.Equal([address.Address], rig.Removed);
        Assert.Empty(rig.Nic.Addresses);
        Assert.Null(rig.Stack.Routes.Lookup(IpAddress.Parse("fd00::9"))); // the prefix's route went with it
    }

    [Fact]
    public void A_prefix_route_stays_while_another_address_has_it()
    {
        LinkRig rig = new();
        rig.Nic.AddAddress(IpAddress.Parse("10.0.0.8"), 24, rig.Now);
        Assert.True(rig.Nic.RemoveAddress(IpAddress.Parse(LinkRig.OwnV4), rig.Now));
        Assert.NotNull(rig.Stack.Routes.Lookup(IpAddress.Parse("10.0.0.9")));
        Assert.True(rig.Nic.RemoveAddress(IpAddress.Parse("10.0.0.8"), rig.Now));
        Assert.Null(rig.Stack.Routes.Lookup(IpAddress.Parse("10.0.0.9")));
        Assert.False(rig.Nic.RemoveAddress(IpAddress.Parse("10.0.0.8"), rig.Now));
    }
}
