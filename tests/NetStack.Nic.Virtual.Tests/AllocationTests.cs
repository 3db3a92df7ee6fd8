using NetStack.Memory;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>Frames in steady state allocate nothing; counted to the byte. Alone, since the runtime's own caches, which other
/// tests make grow, are charged to whichever thread happens to grow them.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private readonly ReceivedFrame[] _received = new ReceivedFrame[32];
    private readonly TransmitFrame[] _sent = new TransmitFrame[8];
    private readonly BufferHandle[] _batch = new BufferHandle[64];

    private static void AssertNoAllocation(Action round)
    {
        for (int i = 0; i < 200; i++) round();
        Assert.Equal(0, Allocations.OfFresh(() => () =>
        {
            for (int i = 0; i < 2000; i++) round();
        }));
    }

    public static TheoryData<int, int, bool> Shapes => new() { { 60, 2048, false }, { 1514, 2048, true }, { 1514, 256, true }, { 9000, 2048, false } };

    [Theory, MemberData(nameof(Shapes))]
    public void Receiving_allocates_nothing(int length, int bufferSize, bool everything)
    {
        using Rig rig = new(new VirtualNicOptions
        {
            VlanStrip = everything,
            HeaderSplit = everything,
            ReceiveChecksum = everything,
            Tamper = everything ? new RewriteAfterFetch() : null,
            InOrder = !everything,
            WakeFrames = 4,
        }, buffers: 64, bufferSize: bufferSize);
        rig.Nic.Steering!.TryAdd(new FlowRule(new FlowMatch { DestinationPort = 2 }, FlowAction.Tag), out _);
        byte[] frame = Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(length - 46), vlan: 3);
        WireFrame info = new(frame.Length);
        long now = 0;
        int received = 0;
        AssertNoAllocation(() =>
        {
            int count = 0;
            while (rig.Pool.TryRent(out BufferHandle buffer)) _batch[count++] = buffer;
            rig.Queue.Post(rig.Registrations[0], _batch.AsSpan(0, count));
            rig.Nic.Poll(Instant.FromMicroseconds(now++));
            rig.Nic.TryArm();
            for (int i = 0; i < 6; i++) rig.Nic.TryDeliver(frame, info);
            int taken = rig.Queue.Receive(_received);
            for (int i = 0; i < taken; i++)
            {
                _received[i].Headers.Require(54);
                _received[i].Release();
            }
            received += taken;
        });
        Assert.Equal(2200 * 6, received);
    }

    [Fact]
    public void Sending_plain_and_super_segments_over_a_link_allocates_nothing()
    {
        using Rig rig = new(buffers: 64);
        rig.Wire.Keeps = false;
        VirtualLink link = new(new Impairment { Delay = TimeSpan.FromMicroseconds(30), Loss = 0.1, Duplicate = 0.1, Corrupt = 0.1, Reorder = 0.1, ReorderDelay = TimeSpan.FromMicroseconds(100) });
        link.Connect(new RecordingWire { Keeps = false }, rig.Wire);
        rig.Nic.Attach(link.A);
        byte[] headers = Frames.Tcp(Frames.A4, Frames.B4, new TcpHeader(1, 2, 3, 4, TcpFlags.Ack, 5), []);
        long now = 0;
        for (int i = 0; i < 500; i++) link.A.TryDeliver(new byte[1514], new WireFrame(1514)); // as many on their way as there will ever be
        AssertNoAllocation(() =>
        {
            for (int i = 0; i < _sent.Length; i++)
            {
                _sent[i].Headers.Set(headers);
                _sent[i].Offload = i % 2 == 0 ? new TransmitOffload(34, 16, 500, 54) : new TransmitOffload(34, 16, 0, 0);
                rig.Pool.TryRent(out BufferHandle buffer);
                _sent[i].Body = new PacketBody(new BodySlice(rig.Pool, buffer, 0, 1400));
            }
            rig.Queue.Transmit(_sent);
            rig.Nic.Poll(Instant.FromMicroseconds(now));
            link.Poll(Instant.FromMicroseconds(now += 10));
        });
        Assert.Equal(64, rig.Pool.Available);
        Assert.Equal(2200 * 8, rig.Queue.Counters.FramesSent);
        Assert.True(link.AToB.Delivered > 2200 * 15);
    }
}

/// <summary>Tests that must not run beside others.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AloneCollection;
