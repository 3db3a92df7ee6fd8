using NetStack.Wire;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>C7: sends frames from another's MAC or IP address, or answers ARP for it.</summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Decides which.</param>
/// <param name="forged">The other's address.</param>
public sealed class Spoofer(INic port, ulong seed, IpAddress forged) : HostileClient("C7", "spoofs source MAC and IP", port, seed)
{
    private static readonly MacAddress Other = new(0x02_00_00_00_00_66);

    /// <inheritdoc/>
    protected override void Strike()
    {
        byte[] headers = Below(4) switch
        {
            0 => Headers(Other, Address, 0),
            1 => Headers(Port.Info.Mac, forged, 0),
            2 => Arp(Port.Info.Mac, forged),
            _ => Arp(Other, Address),
        };
        Try(() => Queue.Transmit([Frame(headers, [], out _)]));
    }

    private byte[] Arp(MacAddress sender, IpAddress address)
    {
        byte[] frame = new byte[14 + 28];
        new EthernetHeader(MacAddress.Broadcast, Port.Info.Mac, EtherType.Arp).Write(frame);
        new ArpHeader(2, sender, address, MacAddress.Broadcast, forged).Write(frame.AsSpan(14));
        return frame;
    }
}
