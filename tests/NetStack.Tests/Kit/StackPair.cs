using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>Two hosts on one wire: 10.0.0.1 and fd00::1, 10.0.0.2 and fd00::2, in use at once without detection.</summary>
public sealed class StackPair
{
    public static readonly IpAddress AliceV4 = IpAddress.Parse("10.0.0.1");
    public static readonly IpAddress BobV4 = IpAddress.Parse("10.0.0.2");
    public static readonly IpAddress AliceV6 = IpAddress.Parse("fd00::1");
    public static readonly IpAddress BobV6 = IpAddress.Parse("fd00::2");

    public StackPair(ulong seed = 1, Impairment? impairment = null, Action<StackOptions>? configure = null, Action<InterfaceOptions>? configureInterface = null)
    {
        World = new World(seed);
        Hub = World.Hub(impairment);
        Alice = World.Host("alice", configure);
        Bob = World.Host("bob", configure);
        Add(Alice, AliceV4, AliceV6, configureInterface);
        Add(Bob, BobV4, BobV6, configureInterface);
    }

    public World World { get; }

    public Hub Hub { get; }

    public StackHost Alice { get; }

    public StackHost Bob { get; }

    private void Add(StackHost host, IpAddress v4, IpAddress v6, Action<InterfaceOptions>? configure)
    {
        NetInterface nic = host.Plug(Hub, configure);
        nic.AddAddress(v4, 24, World.Now);
        if (nic.Mtu >= NetInterface.MinIpv6Mtu) nic.AddAddress(v6, 64, World.Now, detectDuplicates: false);
    }
}
