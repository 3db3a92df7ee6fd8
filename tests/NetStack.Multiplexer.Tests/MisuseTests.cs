using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Multiplexer.Tests;

/// <summary>A client that breaks its word about buffers is refused or loses its own frames; the multiplexer and the others go on.</summary>
public sealed class MisuseTests
{
    private readonly Rig _rig = new(queues: 2, flowRoom: 8);
    private readonly BufferPool _pool = BufferPool.Create(512, 8, RegionWriter.Owner);
    private readonly MultiplexerPort _other;

    public MisuseTests()
    {
        _other = _rig.Mux.Attach("other", o => o.Mac = Frames.Mac(2));
    }

    [Fact]
    public void A_buffer_is_posted_once_and_a_refused_batch_posts_nothing()
    {
        MultiplexerPort port = Attach(out BufferRegistration registration);
        BufferHandle[] buffers = Rent(3);
        BufferPool foreign = BufferPool.Create(512, 1);
        foreign.TryRent(out BufferHandle other);
        _pool.TryRent(out BufferHandle stale);
        _pool.Release(stale);
        INicQueue queue = port.Queues[0];
        foreach (BufferHandle[] batch in (BufferHandle[][])[[buffers[0], buffers[1], buffers[0]], [buffers[0], other], [buffers[0], stale], [default]])
            Assert.Throws<InvalidOperationException>(() => queue.Post(registration, batch));
        Assert.Equal(0, port.Counters.Queue.BuffersPosted);
        Assert.Equal(3, queue.Post(registration, buffers));
        Assert.Throws<InvalidOperationException>(() => queue.Post(registration, buffers.AsSpan(1, 1)));
        _rig.Send(ToPort(1), ToPort(2));
        Assert.Equal([1, 2], Rig.Drain(port).Select(g => (int)g.Bytes[^1]));
        Assert.Equal(2, queue.Post(registration, Rent(2))); // the same buffers again
        Assert.Equal((5L, 2L), (port.Counters.Queue.BuffersPosted, port.Counters.Queue.BuffersCompleted));
    }

    [Theory, InlineData("released"), InlineData("pinned"), InlineData("freed")]
    public async Task What_is_not_free_any_more_when_its_turn_comes_is_passed_over(string how)
    {
        MultiplexerPort port = Attach(out BufferRegistration registration, use: BufferUse.Receive); // the device maps none of it
        BufferHandle[] buffers = Rent(2);
        port.Queues[0].Post(registration, buffers);
        if (how == "released") _pool.Release(buffers[0]);
        else if (how == "pinned") _pool.Retain(buffers[0]);
        else _pool.Region.Dispose();
        _rig.Send(ToPort(1), ToOther(), ToPort(2), ToPort(3));
        Assert.Equal(how == "freed" ? 2 : 1, port.Counters.PostedBuffersSkipped);
        Assert.Equal([1, 2, 3], Rig.Drain(port).Select(g => (int)g.Bytes[^1])); // in the port's own
        Assert.Single(Rig.Drain(_other));
        await _rig.AssertAllHomeAsync();
    }

    [Fact]
    public async Task Without_buffers_of_the_ports_own_what_does_not_fit_is_lost_and_nothing_kept()
    {
        MultiplexerPort port = Attach(out BufferRegistration registration, o => o.BufferCount = 0);
        BufferHandle[] buffers = Rent(3);
        port.Queues[0].Post(registration, buffers);
        _pool.Release(buffers[1]);
        _rig.Send(Frames.Udp(Frames.Mac(1), Frames.PeerV4, 1, Frames.V4(1), 2, Frames.Payload(1200, 1)), ToOther());
        Assert.Equal((1L, 1L), (port.Counters.PostedBuffersSkipped, port.Counters.Queue.ReceiveDrops[DropReason.ClientFull]));
        Assert.Empty(Rig.Drain(port));
        Assert.Equal(_pool.Count, _pool.Available);
        Assert.Single(Rig.Drain(_other));
        await _rig.AssertAllHomeAsync();
    }

    [Fact]
    public void Memory_of_the_ring_or_of_another_client_is_not_received_into()
    {
        MultiplexerPort port = Attach(out _);
        _rig.Send(ToOther());
        ReceivedFrame lent = Assert.Single(Rig.Take(_other));
        DmaRegion ring = lent.Body.Slice(0).Pool.Region;
        Assert.Throws<ArgumentException>(() => _other.Register(new BufferPool(ring, 512, 2, offset: 77), 0, BufferUse.Receive));
        Assert.Throws<ArgumentException>(() => _other.Register(new BufferPool(_pool.Region, 512, 2), 0, BufferUse.Receive | BufferUse.Transmit));
        _other.Register(new BufferPool(ring, 512, 2), 0, BufferUse.Transmit); // a relay sends what it was lent
        port.Register(new BufferPool(_pool.Region, 512, 2), 0, BufferUse.Receive); // its own, twice
        lent.Release();
    }

    [Fact]
    public async Task A_body_that_was_handed_over_is_dead_for_whoever_kept_a_copy()
    {
        MultiplexerPort port = Attach(out _);
        _rig.Nic.TransmitRoom = 0;
        TransmitFrame frame = ToSend(out _);
        Assert.Equal(1, port.Queues[0].Transmit([frame]));
        Assert.Throws<InvalidOperationException>(() => frame.Body.TrimTo(1));
        Assert.Throws<InvalidOperationException>(() => frame.Body.Release());
        Assert.Throws<InvalidOperationException>(() => port.Queues[0].Transmit([frame]));
        _rig.Nic.TransmitRoom = 10;
        _rig.Mux.Poll(_rig.Now);
        Assert.Equal(42 + 100, Assert.Single(_rig.Nic.Sent).Length);
        Assert.Equal(_pool.Count, _pool.Available);
        await _rig.AssertAllHomeAsync();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_frame_whose_buffer_was_released_while_it_waited_is_dropped_and_those_around_it_are_sent(bool detaches)
    {
        MultiplexerPort port = Attach(out _);
        _rig.Nic.TransmitRoom = 0;
        List<BufferHandle> buffers = [];
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(1, port.Queues[0].Transmit([ToSend(out BufferHandle buffer)]));
            buffers.Add(buffer);
        }
        _pool.Release(buffers[0]);
        _pool.Release(buffers[2]);
        if (detaches)
        {
            port.Dispose();
            Assert.Equal(4, port.Counters.Queue.TransmitDrops[DropReason.ClientGone]);
        }
        _rig.Nic.TransmitRoom = 10;
        _rig.Mux.Poll(_rig.Now);
        if (!detaches) Assert.Equal((2, 2L), (_rig.Nic.Sent.Count, port.Counters.Queue.TransmitDrops[DropReason.Released]));
        Assert.Equal(_pool.Count, _pool.Available);
        _rig.Send(ToOther());
        Assert.Single(Rig.Drain(_other));
        await _rig.AssertAllHomeAsync();
    }

    [Fact]
    public async Task A_copy_whose_buffer_was_released_while_it_waited_holds_nothing_up_when_the_port_is_detached()
    {
        MultiplexerPort port = Attach(out BufferRegistration registration);
        BufferHandle[] buffers = Rent(2);
        port.Queues[0].Post(registration, buffers);
        _rig.Send(ToPort(1));
        _pool.Release(buffers[0]);
        _pool.Release(buffers[1]);
        await _rig.AssertAllHomeAsync();
        Assert.Equal(_pool.Count, _pool.Available);
    }

    private MultiplexerPort Attach(out BufferRegistration registration, Action<PortOptions>? more = null, BufferUse use = BufferUse.Receive | BufferUse.Transmit)
    {
        MultiplexerPort port = _rig.Mux.Attach("client", o =>
        {
            o.Mac = Frames.Mac(1);
            o.Copy = CopyStrategy.CopyAll;
            o.Address("10.0.0.1");
            more?.Invoke(o);
        });
        registration = port.Register(_pool, 0, use);
        return port;
    }

    private BufferHandle[] Rent(int count) => [.. Enumerable.Range(0, count).Select(_ => _pool.TryRent(out BufferHandle buffer) ? buffer : default)];

    private TransmitFrame ToSend(out BufferHandle buffer)
    {
        TransmitFrame frame = default;
        frame.Headers.Set(Frames.Udp(Frames.Peer, Frames.V4(1), 1, Frames.PeerV4, 2, [], Frames.Mac(1)));
        buffer = Rent(1)[0];
        frame.Body.Append(new BodySlice(_pool, buffer, 0, 100));
        return frame;
    }

    private static byte[] ToPort(int number) => Frames.Udp(Frames.Mac(1), Frames.PeerV4, 1, Frames.V4(1), 2, [(byte)number]);

    private static byte[] ToOther() => Frames.Udp(Frames.Mac(2), Frames.PeerV4, 1, Frames.V4(2), 2, [9]);
}
