using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Multiplexer.Tests;

public sealed class StrategyTests
{
    [Theory, MemberData(nameof(Clients.All), MemberType = typeof(Clients))]
    public async Task Every_frame_arrives_whole_and_in_order(string kind)
    {
        Rig rig = Make(kind, out MultiplexerPort port);
        for (int length = 0; length < 1400; length += 61)
        {
            byte[] frame = Frame(length);
            rig.Send(frame);
            Got got = Assert.Single(Rig.Drain(port));
            Assert.Equal(frame, got.Bytes);
            Assert.Equal(Clients.AccessOf(kind, frame.Length), got.Access);
            Assert.Equal(Clients.Steers(kind), !got.Tag.IsNone);
        }
        Assert.Equal(0, port.HeldFrames);
        await rig.AssertAllHomeAsync();
    }

    [Theory, MemberData(nameof(Clients.All), MemberType = typeof(Clients))]
    public async Task No_byte_of_device_memory_is_read_twice_by_multiplexer_port_and_client_together(string kind)
    {
        Rig rig = Make(kind, out MultiplexerPort port);
        foreach (int length in new[] { 0, 10, 50, 64, 65, 500, 1400 })
        {
            rig.Send(Frame(length));
            ReceivedFrame frame = Assert.Single(Rig.Take(port));
            frame.Headers.Require(54); // the client's own parse
            byte[] bytes = new byte[frame.Length];
            frame.Headers.CopyFrameTo(bytes); // and its delivery
            if (!Clients.Copies(kind) && frame.Access != BodyAccess.Private) Assert.All(rig.Nic.ReadsOf(frame.Body), count => Assert.Equal(1, count));
            frame.Release();
            Assert.Equal(1, rig.Nic.MostReads);
        }
        await rig.AssertAllHomeAsync();
    }

    [Theory, MemberData(nameof(Clients.All), MemberType = typeof(Clients))]
    public async Task A_device_that_overwrites_what_was_read_changes_no_header_and_no_copied_byte(string kind)
    {
        Rig rig = Make(kind, out MultiplexerPort port);
        rig.Nic.Scramble = true;
        foreach (int length in new[] { 0, 10, 100, 1400 })
        {
            byte[] frame = Frame(length);
            rig.Send(frame);
            ReceivedFrame got = Assert.Single(Rig.Take(port));
            Assert.Equal(frame.Take(54), got.Headers.Require(54)[..54].ToArray());
            if (got.Access == BodyAccess.Private)
            {
                byte[] bytes = new byte[got.Length];
                got.Headers.CopyFrameTo(bytes);
                Assert.Equal(frame, bytes);
                got.Body.CopyTo(0, bytes, new FetchMeter()); // the copy itself, not only what the slot holds
                Assert.Equal(frame, bytes);
            }
            got.Release();
        }
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void The_scramble_does_change_what_is_read_a_second_time()
    {
        Rig rig = Make("CopyHeaders", out MultiplexerPort port);
        rig.Nic.Scramble = true;
        byte[] frame = Frame(300);
        rig.Send(frame);
        ReceivedFrame got = Assert.Single(Rig.Take(port));
        byte[] again = new byte[frame.Length];
        got.Body.CopyTo(0, again, new FetchMeter()); // a double fetch, done on purpose
        Assert.NotEqual(frame.Take(54), again.Take(54));
        got.Release();
    }

    [Theory, MemberData(nameof(Clients.All), MemberType = typeof(Clients))]
    public void Bytes_copied_are_exactly_what_the_strategy_says(string kind)
    {
        Rig rig = Make(kind, out MultiplexerPort port);
        long all = 0;
        long lines = 0;
        long expected = 0;
        for (int length = 0; length < 1400; length += 100)
        {
            byte[] frame = Frame(length);
            rig.Send(frame);
            all += frame.Length;
            lines += Math.Min(64, frame.Length);
            expected += Clients.AccessOf(kind, frame.Length) == BodyAccess.Private ? frame.Length : Math.Min(64, frame.Length);
            foreach (ReceivedFrame held in Rig.Take(port))
            {
                ReceivedFrame taken = held;
                taken.Release();
            }
        }
        Assert.Equal(14, port.Counters.FramesDelivered);
        Assert.Equal(all, port.Counters.BytesDelivered);
        Assert.Equal(expected, port.Counters.BytesCopied);
        Assert.Equal((double)expected / all, port.Counters.BytesCopiedPerByteReceived);
        Assert.Equal(14, port.Counters.HeaderFetches);
        Assert.Equal(lines, port.Counters.HeaderBytesFetched);
        Assert.Equal(lines, rig.Mux.Counters.Meter.HeaderBytesFetched);
        Assert.Equal(Clients.Steers(kind) ? 14 : 0, port.Counters.FramesSteered);
        Assert.Equal(14, port.Counters.FramesCopied + port.Counters.FramesByHeaders + port.Counters.FramesPassedThrough + port.Counters.FramesInPlace);
    }

    [Fact]
    public void In_place_is_given_only_to_a_client_that_trusts_the_devices_data()
    {
        Rig rig = Make("ZeroCopy", out MultiplexerPort untrusting);
        MultiplexerPort trusting = rig.Mux.Attach("trusting", o => Clients.Configure("ZeroCopy+trust", o));
        rig.Send(Frame(100));
        Assert.Equal(BodyAccess.CopyOnDeliver, Assert.Single(Rig.Drain(untrusting)).Access);
        Assert.Equal(BodyAccess.InPlace, Assert.Single(Rig.Drain(trusting)).Access);
        Assert.Equal((1, 0), (untrusting.Counters.UntrustedInPlace, trusting.Counters.UntrustedInPlace));
    }

    [Fact]
    public void A_strategy_of_ones_own_sees_the_facts_and_its_drops_are_counted()
    {
        Recorder strategy = new();
        Rig rig = new();
        MultiplexerPort port = rig.Mux.Attach("own", o =>
        {
            o.Copy = strategy;
            o.BufferCount = 3;
            o.Trust = Trust.DataOnly;
        });
        rig.Send(Frame(10), Frame(11), Frame(12));
        Assert.Equal([(64, 3, 0, false), (65, 3, 1, false), (66, 2, 1, false)], strategy.Seen.Select(f => (f.Length, f.FreeBuffers, f.HeldFrames, f.Steered)));
        Assert.All(strategy.Seen, f => Assert.Equal(Trust.DataOnly, f.Trust));
        Assert.Equal(1, port.Counters.Queue.ReceiveDrops[DropReason.Strategy]);
        Assert.Equal(2, Rig.Drain(port).Count);
    }

    [Theory, InlineData("CopyAll"), InlineData("CopyHeaders"), InlineData("Shadow")]
    public async Task Frames_longer_than_a_buffer_chain(string kind)
    {
        Rig rig = new(options: new MultiplexerOptions { RingBuffers = 64, RingBufferSize = 256, RingReserve = 0 });
        MultiplexerPort port = rig.Mux.Attach("small", o =>
        {
            Clients.Configure(kind, o);
            o.BufferSize = 100;
        });
        byte[] frame = Frame(3000);
        Random random = new(5);
        random.NextBytes(frame.AsSpan(60));
        rig.Send(frame);
        Assert.Equal(frame, Assert.Single(Rig.Drain(port)).Bytes);
        Assert.Equal(1, port.Counters.Queue.FramesChained);
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void Several_copies_of_one_frame_are_made_from_one_reading_of_it()
    {
        Rig rig = new();
        MultiplexerPort[] ports = [.. Enumerable.Range(0, 3).Select(i => rig.Mux.Attach($"p{i}", o => o.Copy = CopyStrategy.CopyAll))];
        rig.Nic.Scramble = true;
        byte[] frame = Frame(1000);
        rig.Send(frame);
        Assert.All(ports, p => Assert.Equal(frame, Assert.Single(Rig.Drain(p)).Bytes));
        Assert.Equal(1, rig.Nic.MostReads);
        Assert.All(ports, p => Assert.Equal(frame.Length, p.Counters.BytesCopied));
    }

    private static Rig Make(string kind, out MultiplexerPort port)
    {
        Rig rig = new(queues: 2, flowRoom: 8);
        port = rig.Mux.Attach(kind, o =>
        {
            Clients.Configure(kind, o);
            o.Filter = "tcp port 80";
        });
        Assert.Equal(Clients.Steers(kind) ? SteeringState.Active : SteeringState.NotAsked, port.SteeringState);
        return rig;
    }

    private static byte[] Frame(int payload)
    {
        byte[] bytes = new byte[payload];
        for (int i = 0; i < payload; i++) bytes[i] = (byte)(i * 7 + payload);
        return Frames.Tcp(Frames.NicMac, Frames.PeerV4, 5000, Frames.V4(1), 80, bytes);
    }

    private sealed class Recorder : ICopyStrategy
    {
        public List<FrameFacts> Seen { get; } = [];

        public CopyDecision Decide(in FrameFacts facts)
        {
            Seen.Add(facts);
            return Seen.Count switch
            {
                1 => CopyDecision.Headers,
                2 => CopyDecision.All,
                _ => CopyDecision.Drop,
            };
        }
    }
}
