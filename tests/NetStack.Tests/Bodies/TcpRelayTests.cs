using NetStack.Tcp;
using NetStack.Tests.Kit;

namespace NetStack.Tests.Bodies;

/// <summary>A relay passes a stream on by handle, both ways, whatever the wires do.</summary>
public sealed class TcpRelayTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    [Theory, InlineData(1500, 1500), InlineData(1500, 1301), InlineData(1277, 1500)]
    public void On_good_wires_nothing_is_copied_and_each_byte_is_read_once_and_once_more_where_its_body_is_cut(int frontMtu, int backMtu)
    {
        TestDevice.NeedsPlainRing();
        RelayWorld world = new(seed: (ulong)(frontMtu + backMtu), frontMtu: frontMtu, backMtu: backMtu);
        Transfer transfer = new(world, 300_001, 200_003);
        transfer.Run();
        Assert.Equal(0, world.Copied);
        Assert.Equal(500_004, world.Relay.Stack.Tcp.Counters.BodyBytesPassed);
        Assert.Equal(0, world.Relay.Stack.Tcp.Counters.BodyBytesCopied);
        Assert.InRange(world.Relay.Meter.BodyBytesRead, 450_000, 500_004); // the snapshot has the first few of each segment
        Assert.InRange(world.Relay.Stack.Meter.BodyBytesRead, 0, 600_000); // a body is seldom cut twice
        Assert.Equal(frontMtu != backMtu, world.Relay.Stack.Meter.BodyBytesRead > 1000); // ours are few; one of the ways is the narrower one
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void Loss_reordering_duplication_and_corruption_cost_copies_of_what_comes_out_of_order_and_no_byte(ulong seed)
    {
        SeededRandom random = new(seed);
        Impairment bad = new() { Loss = 0.03, Reorder = 0.05, Duplicate = 0.02, Corrupt = 0.02 };
        RelayWorld world = new(seed, bad, bad, 576 + random.Below(925), 576 + random.Below(925));
        Transfer transfer = new(world, 200_001, 150_003);
        transfer.Run();
        TcpCounters relay = world.Relay.Stack.Tcp.Counters;
        Assert.Equal(350_004, relay.BodyBytesPassed + relay.BodyBytesCopied);
        Assert.True(relay.BodyBytesPassed > 50_000 && relay.BodyBytesCopied > 0, $"{relay.BodyBytesPassed} passed, {relay.BodyBytesCopied} copied (seed {seed})");
        Assert.True(relay.Drops[TcpDropReason.BadChecksum] > 0);
        Assert.Equal(0, relay.BodiesChanged);
    }

    [Fact]
    public void A_half_closed_stream_is_answered_after_its_end()
    {
        RelayWorld world = new();
        new Transfer(world, 70_000, 90_001, answersLast: true).Run();
        Assert.Equal(0, world.Copied);
    }

    [Fact]
    public void A_reset_is_passed_on()
    {
        RelayWorld world = new();
        Transfer transfer = new(world, 5_000_000, 0);
        transfer.RunUntil(() => transfer.Server is { Read: > 100_000 });
        transfer.Server!.Connection.Abort();
        transfer.RunUntil(() => transfer.Client.Connection.State == TcpState.Closed && transfer.Relay.IsDone);
        Assert.Equal(TcpError.ConnectionReset, transfer.Client.Connection.Error);
        transfer.Finish();
    }

    [Fact]
    public void A_body_that_nobody_reads_is_copied_when_its_lease_is_over_and_its_buffers_go_home()
    {
        TestDevice.NeedsPlainRing();
        RelayWorld world = new();
        Transfer transfer = new(world, 100_000, 0);
        transfer.RunUntil(() => transfer.Relay.Front is not null);
        transfer.Relay.IsPaused = true;
        transfer.RunUntil(() => transfer.Relay.Front!.ReadableBytes > 20_000);
        Assert.True(world.Relay.ReceiveBuffers.Available < world.Relay.ReceiveBuffers.Count);
        world.World.Run(TimeSpan.FromMilliseconds(300));
        TcpCounters relay = world.Relay.Stack.Tcp.Counters;
        Assert.True(relay.BodiesCopiedOut > 0);
        Assert.Equal(world.Relay.ReceiveBuffers.Count, world.Relay.ReceiveBuffers.Available);
        Assert.True(world.Copied > 20_000);
        transfer.Relay.IsPaused = false;
        transfer.Run();
        Assert.Equal(100_000, relay.BodyBytesPassed + relay.BodyBytesCopied);
    }

    [Fact]
    public void Where_memory_is_too_short_to_copy_to_bodies_stay_and_are_looked_at_again_after_a_lease()
    {
        TestDevice.NeedsPlainRing();
        RelayWorld world = new(relay: o => o.Tcp = s => s with { ReceiveMemory = 3 * s.ReceiveBlockSize });
        Transfer transfer = new(world, 100_000, 0);
        transfer.RunUntil(() => transfer.Relay.Front is not null);
        transfer.Relay.IsPaused = true;
        transfer.RunUntil(() => transfer.Relay.Front!.ReadableBytes > 60_000);
        world.World.Run(TimeSpan.FromSeconds(1)); // time passes: nothing is tried again at once
        Assert.True(world.Relay.ReceiveBuffers.Available < world.Relay.ReceiveBuffers.Count - 10);
        Assert.InRange(world.Relay.Stack.Tcp.Counters.BodiesCopiedOut, 1, 20);
        transfer.Relay.IsPaused = false;
        transfer.Run();
    }

    [Fact]
    public void A_short_pool_is_not_held_on_to()
    {
        TestDevice.NeedsPlainRing();
        RelayWorld world = new(relay: o => o.Tcp = s => s with { BodyReserve = 0.9, BodyLease = TimeSpan.FromHours(1) });
        Transfer transfer = new(world, 100_000, 0);
        transfer.RunUntil(() => transfer.Relay.Front is not null);
        transfer.Relay.IsPaused = true;
        int least = world.Relay.ReceiveBuffers.Count;
        transfer.RunUntil(() =>
        {
            least = Math.Min(least, world.Relay.ReceiveBuffers.Available);
            return transfer.Relay.Front!.ReadableBytes > 80_000;
        });
        Assert.InRange(least, world.Relay.ReceiveBuffers.Count * 9 / 10 - 1, world.Relay.ReceiveBuffers.Count - 10); // some were held, never more
        Assert.True(world.Relay.Stack.Tcp.Counters.BodiesCopiedOut > 0);
        transfer.Relay.IsPaused = false;
        transfer.Run();
    }

    [Fact]
    public void Without_a_buffer_to_copy_to_a_read_waits_for_one()
    {
        RelayWorld world = new(relay: o => o.Tcp = s => s with { BodyReserve = 1.1 }); // all is copied
        Transfer transfer = new(world, 50_000, 0);
        transfer.RunUntil(() => transfer.Relay.Front is not null);
        Memory.BufferPool pool = world.Relay.Stack.TransmitBuffers;
        List<Memory.BufferHandle> taken = [];
        while (pool.TryRent(out Memory.BufferHandle buffer)) taken.Add(buffer);
        transfer.RunUntil(() => transfer.Relay.Front!.ReadableBytes > 10_000);
        Assert.False(transfer.Relay.Front!.TryReadBody(out _));
        while (world.Relay.Stack.Tcp.TryReadEvent(out _)) { }
        foreach (Memory.BufferHandle buffer in taken) pool.Release(buffer);
        bool isReadable = false;
        transfer.Relay.IsPaused = true;
        transfer.RunUntil(() =>
        {
            while (world.Relay.Stack.Tcp.TryReadEvent(out TcpEvent happened)) isReadable |= happened.What.HasFlag(TcpEvents.Readable);
            return isReadable;
        });
        transfer.Relay.IsPaused = false;
        transfer.Run();
        Assert.Equal(50_000, world.Relay.Stack.Tcp.Counters.BodyBytesCopied);
    }

    [Fact]
    public void A_body_that_changed_is_dropped_by_the_receiver_and_never_replaced_by_a_good_sum()
    {
        RelayWorld world = new();
        Transfer transfer = new(world, 400_000, 0, chunk: 1_000_000);
        long passed = 0;
        transfer.Relay.Seen = body =>
        {
            if (passed < 20_000 && passed + body.Length >= 20_000) RelayWorld.Tamper(body, 7);
            passed += body.Length;
        };
        transfer.RunUntil(() => transfer.Relay.IsDone);
        Assert.True(world.Server.Stack.Tcp.Counters.Drops[TcpDropReason.BadChecksum] > 1); // sent again, with the same sum as before
        Assert.InRange(transfer.Server!.Read, 15_000, 20_000); // what it got was right: see StreamEnd
        Assert.Equal(TcpError.BodyChanged, transfer.Relay.Back!.Error); // found out at the first timeout
        transfer.RunUntil(() => transfer.Client.Connection.State == TcpState.Closed);
        transfer.Finish();
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_device_that_fills_in_checksums_is_not_asked_to_where_a_body_is_sent_on(bool isChanged)
    {
        RelayWorld world = new(nic: o => o.TransmitChecksum = true);
        Transfer transfer = new(world, 100_000, 0);
        if (isChanged) transfer.Relay.Seen = body => RelayWorld.Tamper(body, 0);
        if (isChanged) transfer.RunUntil(() => transfer.Relay.IsDone);
        else transfer.Run();
        Assert.Equal(isChanged, world.Server.Stack.Tcp.Counters.Drops[TcpDropReason.BadChecksum] > 0);
        Assert.Equal(isChanged ? 0 : 100_000, transfer.Server?.Read ?? 0); // its handshake ends with the first segment that it takes
        if (isChanged) transfer.Finish();
    }

    [Fact]
    public void Where_the_devices_verdict_is_believed_no_byte_is_read_and_the_senders_checksum_goes_through()
    {
        RelayWorld world = new(nic: o => o.TrustsReceiveChecksum = true);
        world.Relay.SaysChecksumGood = true;
        new Transfer(world, 100_000, 100_001, chunk: 1_000_000).Run();
        Assert.Equal((0L, 0L), (world.Copied, world.Relay.Meter.BodyBytesRead));
        Assert.InRange(world.Relay.Stack.Meter.BodyBytesRead, 0, 1000); // what the stack itself had to say

        world = new RelayWorld(front: new Impairment { Corrupt = 0.05 }, nic: o => o.TrustsReceiveChecksum = true);
        world.Relay.SaysChecksumGood = true; // a lie, now and then
        Transfer transfer = new(world, 50_000, 0, chunk: 1_000_000);
        transfer.RunUntil(() => transfer.Relay.IsDone); // it cannot be put right, but it is found out: by the server, or where it is cut or times out
        Assert.True(world.Server.Stack.Tcp.Counters.Drops[TcpDropReason.BadChecksum] + world.Relay.Stack.Tcp.Counters.BodiesChanged > 0);
        transfer.Finish();
    }

    [Fact]
    public void A_body_for_a_server_on_the_same_host_is_checked_there_too()
    {
        RelayWorld world = new();
        TcpListener front = RelayWorld.Listen(world.Relay, RelayWorld.Front, receivesBodies: true);
        TcpListener back = RelayWorld.Listen(world.Relay, RelayWorld.Front with { Port = 81 });
        TcpConnection client = world.Connect(world.Client, RelayWorld.Front);
        TcpConnection inner = world.Connect(world.Relay, RelayWorld.Front with { Port = 81 });
        byte[] data = StreamEnd.Data(2, 3000);
        client.Write(data);
        TcpConnection? from = null;
        TcpConnection? server = null;
        world.World.RunUntil(() => (from is not null || front.TryAccept(out from)) && (server is not null || back.TryAccept(out server)) && from!.ReadableBytes == 3000, Limit);
        for (int i = 0; from!.TryReadBody(out SummedBody body); i++)
        {
            if (i == 1) RelayWorld.Tamper(body, 9);
            Assert.True(inner.TryWriteBody(ref body));
        }
        world.World.RunUntil(() => inner.State == TcpState.Closed, Limit);
        Assert.Equal(TcpError.BodyChanged, inner.Error);
        byte[] got = new byte[3000];
        int count = server!.Read(got);
        Assert.InRange(count, 0, 2000);
        Assert.Equal(data[..count], got[..count]);
        foreach (TcpConnection connection in new[] { client, from, server, inner }) connection.Abort();
        front.Close();
        back.Close();
        world.World.Run(TimeSpan.FromSeconds(2));
        world.World.AssertNoLeaks();
    }

    [Fact]
    public void A_body_that_changed_and_is_cut_resets_the_connection_at_once()
    {
        RelayWorld world = new(backMtu: 1301);
        Transfer transfer = new(world, 400_000, 0);
        long passed = 0;
        transfer.Relay.Seen = body =>
        {
            if (passed < 20_000 && passed + body.Length >= 20_000) RelayWorld.Tamper(body, 7);
            passed += body.Length;
        };
        transfer.RunUntil(() => transfer.Relay.IsDone);
        Assert.Equal(TcpError.BodyChanged, transfer.Relay.Back!.Error);
        Assert.Equal(1, world.Relay.Stack.Tcp.Counters.BodiesChanged);
        transfer.RunUntil(() => transfer.Server!.Connection.State == TcpState.Closed && transfer.Client.Connection.State == TcpState.Closed);
        Assert.Equal(TcpError.ConnectionReset, transfer.Server!.Connection.Error);
        Assert.InRange(transfer.Server!.Read, 0, 20_000);
        transfer.Finish();
    }

    [Fact]
    public void A_body_that_changed_and_is_copied_out_is_not_read()
    {
        TestDevice.NeedsPlainRing();
        RelayWorld world = new();
        Transfer transfer = new(world, 100_000, 0);
        transfer.RunUntil(() => transfer.Relay.Front is not null);
        transfer.Relay.IsPaused = true;
        transfer.RunUntil(() => transfer.Relay.Front!.ReadableBytes > 20_000);
        Memory.DmaRegion region = world.Relay.ReceiveBuffers.Region;
        for (int i = 0; i < region.Length; i += 64) new Memory.DeviceMemory(region).Span(i, 1)[0] ^= 1;
        transfer.RunUntil(() => transfer.Relay.Front!.State == TcpState.Closed);
        Assert.Equal(TcpError.BodyChanged, transfer.Relay.Front!.Error);
        Assert.Equal(0, transfer.Relay.Front.ReadableBytes);
        Assert.False(transfer.Relay.Front.TryReadBody(out _));
        transfer.Relay.IsPaused = false;
        transfer.RunUntil(() => transfer.Relay.IsDone && transfer.Client.Connection.State == TcpState.Closed);
        transfer.Finish();
    }

    [Fact]
    public void A_connection_may_begin_to_receive_bodies_in_the_middle_and_end_it_when_none_is_unread()
    {
        RelayWorld world = new();
        TcpListener listener = RelayWorld.Listen(world.Relay, RelayWorld.Front);
        TcpConnection client = world.Connect(world.Client, RelayWorld.Front);
        byte[] data = StreamEnd.Data(9, 30_000);
        client.Write(data);
        TcpConnection? server = null;
        world.World.RunUntil(() => (server is not null || listener.TryAccept(out server)) && server!.ReadableBytes == data.Length, Limit);
        byte[] head = new byte[100];
        Assert.Equal(100, server!.Read(head));
        server.ReceivesBodies = true;
        Assert.Throws<InvalidOperationException>(() => server.Read(head));
        Assert.Throws<InvalidOperationException>(() => server.Peek());
        List<byte> got = [.. head];
        ReadBodies(server, got);
        Assert.Equal(data, got);
        client.Write(data.AsSpan(0, 5000));
        world.World.RunUntil(() => server.ReadableBytes == 5000, Limit);
        Assert.Throws<InvalidOperationException>(() => server.ReceivesBodies = false);
        got.Clear();
        ReadBodies(server, got);
        server.ReceivesBodies = false;
        Assert.Throws<InvalidOperationException>(() => server.TryReadBody(out _));
        Assert.Equal(data[..5000], got);
        client.Write(data.AsSpan(0, 77));
        world.World.RunUntil(() => server.ReadableBytes == 77, Limit);
        Assert.Equal(77, server.Read(head));
        client.Abort();
        server.Abort();
        listener.Close();
        world.World.Run(TimeSpan.FromSeconds(1));
        world.World.AssertNoLeaks();
    }

    private static void ReadBodies(TcpConnection connection, List<byte> to)
    {
        while (connection.TryReadBody(out SummedBody body))
        {
            byte[] bytes = new byte[body.Length];
            body.Body.CopyTo(0, bytes, new Memory.FetchMeter());
            Memory.ChecksumAccumulator sum = default;
            sum.Add(bytes);
            Assert.True(SummedBody.AreEqual(sum.Sum, body.Sum!.Value));
            to.AddRange(bytes);
            body.Release();
        }
    }

    /// <summary>A transfer through the relay.</summary>
    private sealed class Transfer
    {
        private readonly RelayWorld _world;
        private readonly TcpListener _listener;
        private readonly (byte[] There, byte[] Here) _data;
        private readonly bool _answersLast;

        internal Transfer(RelayWorld world, int there, int here, TcpConnectionOptions? back = null, bool answersLast = false, int chunk = 4001)
        {
            _world = world;
            _answersLast = answersLast;
            _data = (StreamEnd.Data(world.World.Seed, there), StreamEnd.Data(world.World.Seed + 1, here));
            _listener = RelayWorld.Listen(world.Server, RelayWorld.Back);
            Relay = new TcpRelay(world, back);
            Client = new StreamEnd(world.Connect(world.Client, RelayWorld.Front), _data.There, _data.Here, world.World.Seed) { Chunk = chunk };
        }

        internal TcpRelay Relay { get; }

        internal StreamEnd Client { get; }

        internal StreamEnd? Server { get; private set; }

        internal void Run()
        {
            RunUntil(() => Client.IsDone && Server is { IsDone: true } && Relay.IsDone);
            Assert.Equal((TcpError.None, TcpError.None), (Relay.Front!.Error, Relay.Back!.Error));
            Finish();
        }

        internal void RunUntil(Func<bool> condition) => _world.World.RunUntil(() =>
        {
            if (Server is null && _listener.TryAccept(out TcpConnection? accepted))
                Server = new StreamEnd(accepted!, _data.Here, _data.There, _world.World.Seed + 7) { AnswersLast = _answersLast };
            Client.Step();
            Server?.Step();
            Relay.Step();
            return condition();
        }, Limit, () => $"client {Client}, server {Server}, relay {Relay.Front?.State} {Relay.Front?.Error} {Relay.Back?.State} {Relay.Back?.Error}");

        /// <summary>Closes everything, and looks for what is kept.</summary>
        internal void Finish()
        {
            Client.Connection.Close();
            Server?.Connection.Close();
            _listener.Close();
            _world.World.Run(TimeSpan.FromSeconds(90));
            _world.World.AssertNoLeaks();
            foreach (StackHost host in new[] { _world.Client, _world.Relay, _world.Server })
            {
                Assert.Equal(0, host.Stack.Tcp.ConnectionCount + host.Stack.Tcp.TimeWaitCount);
                Assert.Equal(0, host.Stack.Tcp.Memory.Outstanding);
            }
        }
    }
}
