using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>A learning switch, by its rules.</summary>
public sealed class SwitchTests
{
    private readonly VirtualSwitch _switch = new();
    private readonly Far[] _far = [new(), new(), new()];
    private readonly IWireEnd[] _ports;

    public SwitchTests() => _ports = [.. _far.Select(_switch.AddPort)];

    [Fact]
    public void An_unknown_destination_is_flooded_and_a_known_one_is_not()
    {
        Send(0, from: 1, to: 2);
        Assert.Equal((0, 1, 1), Counts());
        Send(1, from: 2, to: 1); // the answer: both are known now
        Assert.Equal((1, 1, 1), Counts());
        Send(0, from: 1, to: 2);
        Assert.Equal((1, 2, 1), Counts());
        Assert.Equal((1, 2), (_switch.Flooded, _switch.Forwarded));
    }

    [Fact]
    public void Groups_and_broadcasts_go_everywhere_but_back()
    {
        Send(2, from: 3, to: 0xFFFF_FFFF_FFFF);
        Send(2, from: 3, to: 0x0100_5E00_0001);
        Assert.Equal((2, 2, 0), Counts());
    }

    [Fact]
    public void Who_moves_is_followed()
    {
        Send(0, from: 1, to: 9);
        Send(1, from: 1, to: 9);
        Send(2, from: 3, to: 1);
        Assert.Equal((1, 2, 2), Counts());
        Send(1, from: 4, to: 1); // behind the port it came in at
        Assert.Equal((1, 2, 2), Counts());
        Assert.Equal(1, _switch.Filtered);
    }

    [Fact]
    public void A_frame_without_a_whole_header_and_a_flood_of_addresses_do_no_harm()
    {
        _ports[0].TryDeliver(new byte[13], new WireFrame(13));
        for (ulong i = 0; i < VirtualSwitch.MaxAddresses + 100; i++) Send(0, from: 0x0200_0000_0000 + i, to: 9);
        Assert.Equal(VirtualSwitch.MaxAddresses, _switch.AddressCount);
        _switch.ForgetAddresses();
        Assert.Equal(0, _switch.AddressCount);
    }

    private (int, int, int) Counts() => (_far[0].Count, _far[1].Count, _far[2].Count);

    private void Send(int port, ulong from, ulong to)
    {
        byte[] frame = new byte[60];
        new EthernetHeader(new MacAddress(to), new MacAddress(from), EtherType.Ipv4).Write(frame);
        Assert.True(_ports[port].TryDeliver(frame, new WireFrame(frame.Length)));
    }

    private sealed class Far : IWireEnd
    {
        internal int Count { get; private set; }

        public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
        {
            Count++;
            return true;
        }
    }
}
