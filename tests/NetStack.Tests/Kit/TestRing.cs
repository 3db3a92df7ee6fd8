using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>The device, ring, multiplexer and port that a hand-driven host's frames come through.</summary>
internal sealed class TestRing
{
    private readonly VirtualNic _nic;
    private readonly PacketMultiplexer _multiplexer;
    private readonly MultiplexerPort _port;
    private readonly ReceivedFrame[] _one = new ReceivedFrame[2];

    private TestRing(VirtualNic nic)
    {
        _nic = nic;
        _multiplexer = TestDevice.Share(_nic, out _port);
    }

    /// <summary>Null where none is asked for.</summary>
    internal static TestRing? Create(ulong seed) => TestDevice.Copy is null ? null : new TestRing(new VirtualNic(TestDevice.Apply(new VirtualNicOptions { Seed = seed })));

    /// <summary>Brings one frame through.</summary>
    internal ReceivedFrame Bring(ReadOnlySpan<byte> bytes, LinkType linkType, Instant now)
    {
        if (!_nic.TryDeliver(bytes, new WireFrame(bytes.Length, linkType))) Assert.Fail("the ring has no buffer: somebody keeps them");
        _multiplexer.Poll(now);
        if (_port.Queues[0].Receive(_one) != 1) Assert.Fail("the frame did not come through");
        return _one[0];
    }

    internal void AssertNoLeaks()
    {
        Assert.Equal(0, _multiplexer.RingBuffersHeld);
        Assert.Equal(0, _port.HeldFrames);
        Assert.Equal(0, _nic.SnapshotsOutstanding);
    }
}
