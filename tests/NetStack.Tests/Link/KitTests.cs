using NetStack.Tests.Kit;

namespace NetStack.Tests.Link;

public sealed class KitTests
{
    [Fact]
    public void Two_hosts_make_link_local_addresses_and_come_to_rest()
    {
        StackPair pair = new();
        pair.World.Run(TimeSpan.FromSeconds(10));
        Assert.All(new[] { pair.Alice, pair.Bob }, h => Assert.Contains(h.Nic.Addresses, a => a.Origin == AddressOrigin.LinkLocal && a.State == AddressState.Preferred));
        pair.World.AssertNoLeaks();
    }
}
