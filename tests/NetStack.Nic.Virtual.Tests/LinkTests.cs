using System.Buffers.Binary;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>Links: what is impaired, how often, when it arrives, and that the seed decides it.</summary>
public sealed class LinkTests
{
    private const int Count = 20_000;

    /// <summary>Notes what arrives and when.</summary>
    private sealed class Far : IWireEnd
    {
        public List<(byte[] Frame, Instant At)> Arrived { get; } = [];
        public Instant Now { get; set; }
        public bool IsFull { get; set; }

        public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
        {
            if (IsFull) return false;
            Arrived.Add((frame.ToArray(), Now));
            return true;
        }

        public IEnumerable<int> Numbers => Arrived.Select(a => BinaryPrimitives.ReadInt32BigEndian(a.Frame.AsSpan(14)));
    }

    /// <summary>Sends numbered frames, one each interval, and lets all arrive.</summary>
    private static (VirtualLink Link, Far Far) Run(Impairment impairment, ulong seed, int count = Count, int length = 60, int intervalMicroseconds = 10)
    {
        VirtualLink link = new(impairment, seed: seed);
        Far far = new();
        link.Connect(new Far(), far);
        for (int i = 0; i < count; i++)
        {
            Instant sent = Instant.FromMicroseconds((long)i * intervalMicroseconds);
            PollUntil(link, far, sent);
            link.A.TryDeliver(Frames.Numbered(i, length), new WireFrame(length));
            Poll(link, far, sent);
        }
        PollUntil(link, far, Instant.MaxValue);
        Assert.Equal(0, link.InFlight);
        Assert.Equal(count, link.AToB.Sent);
        Assert.Equal(link.AToB.Sent + link.AToB.Duplicated, link.AToB.Delivered + link.AToB.Drops.Total);
        Assert.Equal(far.Arrived.Count, link.AToB.Delivered);
        return (link, far);
    }

    private static void PollUntil(VirtualLink link, Far far, Instant end)
    {
        while (link.NextDeadline is { } due && due <= end) Poll(link, far, due);
    }

    private static void Poll(VirtualLink link, Far far, Instant now)
    {
        far.Now = now;
        link.Poll(now);
    }

    /// <summary>Within five standard deviations of a binomial count.</summary>
    private static void AssertShare(double share, long count, long of, ulong seed) =>
        Assert.True(Math.Abs(count - share * of) <= 5 * Math.Sqrt(of * share * (1 - share)) + 1, $"seed {seed}: {count} of {of} is not {share:P1}");

    public static TheoryData<ulong> Seeds => [1, 2, 3, ulong.MaxValue];

    [Theory, MemberData(nameof(Seeds))]
    public void The_shares_of_loss_doubling_damage_and_reordering_are_as_asked(ulong seed)
    {
        (VirtualLink link, Far far) = Run(new Impairment { Loss = 0.05, Duplicate = 0.02, Corrupt = 0.03, Reorder = 0.04, ReorderDelay = TimeSpan.FromMicroseconds(95) }, seed);
        LinkCounters counters = link.AToB;
        AssertShare(0.05, counters.Drops[DropReason.LinkLoss], Count, seed);
        long passed = Count - counters.Drops.Total;
        AssertShare(0.02, counters.Duplicated, passed, seed);
        AssertShare(0.04, counters.Reordered, passed, seed);
        AssertShare(0.03, counters.Corrupted, passed + counters.Duplicated, seed);
        int late = far.Numbers.Zip(far.Numbers.Skip(1)).Count(p => p.Second < p.First);
        Assert.InRange(late, counters.Reordered / 2, counters.Reordered + counters.Corrupted);
    }

    [Fact]
    public void A_damaged_frame_differs_in_one_bit()
    {
        (_, Far far) = Run(new Impairment { Corrupt = 1 }, 5, count: 500);
        Assert.Equal(500, far.Arrived.Count);
        HashSet<int> places = [];
        for (int i = 0; i < 500; i++)
        {
            byte[] sent = Frames.Numbered(i, 60);
            int[] wrong = [.. Enumerable.Range(0, 480).Where(bit => ((sent[bit / 8] ^ far.Arrived[i].Frame[bit / 8]) >> bit % 8 & 1) != 0)];
            places.Add(Assert.Single(wrong));
        }
        Assert.True(places.Count > 200);
    }

    [Fact]
    public void The_seed_decides_everything_and_another_seed_something_else()
    {
        Impairment rough = new()
        {
            Loss = 0.1,
            Duplicate = 0.1,
            Corrupt = 0.1,
            Reorder = 0.1,
            Delay = TimeSpan.FromMilliseconds(1),
            Jitter = TimeSpan.FromMilliseconds(2),
            Rate = 100_000_000,
            QueueBytes = 5000,
        };
        (_, Far one) = Run(rough, 7, 2000);
        (_, Far same) = Run(rough, 7, 2000);
        (_, Far other) = Run(rough, 8, 2000);
        Assert.Equal(one.Arrived.Select(a => (Convert.ToHexString(a.Frame), a.At)), same.Arrived.Select(a => (Convert.ToHexString(a.Frame), a.At)));
        Assert.NotEqual(one.Arrived.Select(a => a.At), other.Arrived.Select(a => a.At));
    }

    [Fact]
    public void A_perfect_link_keeps_order_and_takes_no_time()
    {
        (_, Far far) = Run(new Impairment(), 1, 1000);
        Assert.Equal(Enumerable.Range(0, 1000), far.Numbers);
        for (int i = 0; i < 1000; i++) Assert.Equal(Instant.FromMicroseconds(10L * i), far.Arrived[i].At);
    }

    [Fact]
    public void Delay_is_exact_and_jitter_is_even_and_keeps_the_order()
    {
        (_, Far far) = Run(new Impairment { Delay = TimeSpan.FromMilliseconds(5) }, 1, 100);
        for (int i = 0; i < 100; i++) Assert.Equal(Instant.FromMicroseconds(5000 + 10L * i), far.Arrived[i].At);

        (_, far) = Run(new Impairment { Delay = TimeSpan.FromMilliseconds(5), Jitter = TimeSpan.FromMilliseconds(1) }, 2, 5000, intervalMicroseconds: 2000);
        Assert.Equal(Enumerable.Range(0, 5000), far.Numbers);
        double[] extra = [.. far.Arrived.Select((a, i) => (a.At - Instant.FromMicroseconds(2000L * i + 5000)).TotalMicroseconds)];
        Assert.InRange(extra.Min(), 0, 10);
        Assert.InRange(extra.Max(), 990, 1000);
        Assert.InRange(extra.Average(), 480, 520);
        (_, far) = Run(new Impairment { Jitter = TimeSpan.FromMilliseconds(10) }, 3, 1000);
        Assert.Equal(Enumerable.Range(0, 1000), far.Numbers);
    }

    [Fact]
    public void A_frame_sets_out_when_it_is_sent_however_long_ago_the_link_was_polled()
    {
        VirtualLink link = new(new Impairment { Delay = TimeSpan.FromMilliseconds(5) });
        Far far = new();
        link.Connect(new Far(), far);
        link.Poll(Instant.Zero);
        link.A.TryDeliver(Frames.Numbered(1, 60), new WireFrame(60)); // at 100 ms, which the link learns with the next poll
        Assert.Equal(Instant.Zero, link.NextDeadline);
        link.Poll(Instant.FromMilliseconds(100));
        Assert.Equal((1, Instant.FromMilliseconds(105)), (link.InFlight, link.NextDeadline));
    }

    [Fact]
    public void Rate_spaces_frames_and_its_queue_drops_what_is_too_much()
    {
        // 1250 bytes at 10 Mbit/s take 1 ms each; ten fit beside the one being sent.
        VirtualLink link = new(new Impairment { Rate = 10_000_000, QueueBytes = 12_500 });
        Far far = new();
        link.Connect(new Far(), far);
        for (int i = 0; i < 20; i++) link.A.TryDeliver(Frames.Numbered(i, 1250), new WireFrame(1250));
        PollUntil(link, far, Instant.MaxValue);
        Assert.Equal(Enumerable.Range(0, 10), far.Numbers);
        Assert.Equal(10, link.AToB.Drops[DropReason.RingFull]);
        for (int i = 0; i < 10; i++) Assert.Equal(Instant.FromMilliseconds(i + 1), far.Arrived[i].At);
        far.Arrived.Clear();
        for (int i = 0; i < 5; i++)
        {
            PollUntil(link, far, Instant.FromSeconds(1 + i));
            link.A.TryDeliver(Frames.Numbered(i, 1250), new WireFrame(1250));
            Poll(link, far, Instant.FromSeconds(1 + i));
        }
        PollUntil(link, far, Instant.MaxValue);
        Assert.Equal(Instant.FromMilliseconds(5001), far.Arrived[4].At);
    }

    [Fact]
    public void Frames_over_the_limit_of_the_link_are_dropped()
    {
        VirtualLink link = new(new Impairment { MaxFrameLength = 1514 });
        Far far = new();
        link.Connect(new Far(), far);
        link.A.TryDeliver(new byte[1514], new WireFrame(1514));
        link.A.TryDeliver(new byte[1515], new WireFrame(1515));
        link.Poll(Instant.Zero);
        Assert.Equal((1, 1), (far.Arrived.Count, link.AToB.Drops[DropReason.TooLong]));
    }

    [Fact]
    public void Directions_are_apart_and_can_be_changed_and_taken_down()
    {
        VirtualLink link = new(new Impairment(), new Impairment { Loss = 1 }, seed: 4);
        Far a = new();
        Far b = new();
        link.Connect(a, b);
        void Both()
        {
            link.A.TryDeliver(Frames.Numbered(1, 60), new WireFrame(60));
            link.B.TryDeliver(Frames.Numbered(2, 60), new WireFrame(60));
            link.Poll(Instant.Zero);
        }

        Both();
        Assert.Equal((0, 1), (a.Arrived.Count, b.Arrived.Count));
        Assert.Equal(1, link.BToA.Drops[DropReason.LinkLoss]);
        link.Change(new Impairment { Loss = 1 }, new Impairment());
        Both();
        Assert.Equal((1, 1), (a.Arrived.Count, b.Arrived.Count));
        link.SetUp(false);
        Both();
        Assert.Equal((1, 1), (link.AToB.Drops[DropReason.LinkDown], link.BToA.Drops[DropReason.LinkDown]));
        link.SetUp(true);
        link.Change(new Impairment(), new Impairment());
        b.IsFull = true;
        Both();
        Assert.Equal((2, 1), (a.Arrived.Count, b.Arrived.Count));
        Assert.Equal(1, link.AToB.Drops[DropReason.NoBuffer]);
    }

    [Fact]
    public void Impairments_out_of_range_are_refused()
    {
        Impairment[] bad =
        [
            new() { Loss = -0.1 }, new() { Corrupt = 1.1 }, new() { Duplicate = double.NaN }, new() { Delay = TimeSpan.FromTicks(-1) }, new() { Rate = -1 },
        ];
        Assert.All(bad, i => Assert.ThrowsAny<ArgumentException>(() => new VirtualLink(i)));
        Assert.All(bad, i => Assert.ThrowsAny<ArgumentException>(() => new VirtualLink(new Impairment(), i)));
    }
}
