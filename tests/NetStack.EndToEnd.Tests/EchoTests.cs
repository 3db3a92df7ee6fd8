using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.EndToEnd.Tests;

/// <summary>Hosts on multiplexer ports on virtual NICs over an impaired link, in virtual time.</summary>
public sealed class EchoTests
{
    private static readonly Impairment Lossy = new() { Loss = 0.05, Delay = TimeSpan.FromMilliseconds(3), Jitter = TimeSpan.FromMilliseconds(1) };

    public static TheoryData<string, DomainBinding, bool> Ways => new()
    {
        { "CopyHeaders", DomainBinding.PerQueue, false },
        { "CopyHeaders", DomainBinding.PerDevice, true },
        { "CopyAll", DomainBinding.PerQueue, true },
        { "PassThrough", DomainBinding.PerQueue, false },
        { "Shadow", DomainBinding.PerDevice, false },
        { "Steered", DomainBinding.PerQueue, true },
    };

    /// <summary>One end: a NIC, its multiplexer, and two hosts on ports of it.</summary>
    private sealed class End
    {
        public End(int number, string way, DomainBinding domains, bool scrambles)
        {
            Nic = new VirtualNic(new VirtualNicOptions
            {
                Name = $"nic{number}",
                Queues = 3,
                RssQueues = 1,
                Mac = new MacAddress(0x02_00_00_00_00_00UL + (ulong)number * 16),
                WakeFrames = 8,
                WakeDelay = TimeSpan.FromMicroseconds(50),
                Tamper = scrambles ? new RewriteAfterFetch() : null,
                InOrder = number == 1,
                Domains = domains,
            });
            Mux = new PacketMultiplexer(Nic, new MultiplexerOptions { RingBuffers = 64, RingBufferSize = 256 });
            for (int i = 1; i <= 2; i++)
            {
                int host = i;
                MultiplexerPort port = Mux.Attach($"host{number}.{i}", o =>
                {
                    o.Mac = new MacAddress(0x02_00_00_00_00_00UL + (ulong)(number * 16 + host));
                    o.Address($"10.0.{number}.{host}");
                    o.Copy = way switch { "CopyAll" => CopyStrategy.CopyAll, "PassThrough" => CopyStrategy.PassThrough, "Shadow" => CopyStrategy.Shadow, _ => CopyStrategy.CopyHeaders };
                    o.Placement = way == "Steered" ? Placement.Steered : Placement.CopyPerClient;
                });
                Ports.Add(port);
                Hosts.Add(new PingHost(port));
            }
        }

        public VirtualNic Nic { get; }
        public PacketMultiplexer Mux { get; }
        public List<MultiplexerPort> Ports { get; } = [];
        public List<PingHost> Hosts { get; } = [];

        /// <summary>Takes everything down and looks whether all came home.</summary>
        public async Task CloseAsync(Instant now)
        {
            Task gone = Mux.DisposeAsync().AsTask();
            for (int i = 0; i < 8; i++) Mux.Poll(now);
            await gone.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            Assert.Equal(0, Mux.RingBuffersHeld);
            Assert.Equal(0, Nic.SnapshotsOutstanding);
            Assert.All(Ports, p => Assert.Equal(0, p.HeldFrames));
            Assert.All(Hosts, h => Assert.Equal((h.Pool.Count, 0), (h.Pool.Available, h.Pool.Region.Registrations)));
            Assert.All(Nic.Queues, q => Assert.Equal((q.Counters.BuffersPosted, 0), (q.Counters.BuffersCompleted, q.Counters.ReceiveDrops.Total)));
            Assert.Equal(0, Nic.Iommu.FaultCount);
            Nic.Dispose();
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Hosts_answer_each_other_through_rings_link_and_multiplexers_in_spite_of_loss(string way, DomainBinding domains, bool scrambles)
    {
        End left = new(1, way, domains, scrambles);
        End right = new(2, way, domains, scrambles);
        VirtualLink link = new(Lossy, seed: 42);
        link.Connect(left.Nic, right.Nic);
        if (way == "Steered") Assert.All(left.Ports.Concat(right.Ports), p => Assert.Equal(SteeringState.Active, p.SteeringState));
        VirtualClock clock = Start(link, left, right);
        PingHost[] hosts = [.. left.Hosts, .. right.Hosts];
        long maps = left.Nic.Iommu.Maps + right.Nic.Iommu.Maps;

        Random random = new(7);
        for (ushort i = 0; i < 100; i++)
        {
            byte[] data = new byte[random.Next(1400)];
            random.NextBytes(data);
            int from = i % 4;
            hosts[from].Ping(hosts[(from + 2) % 4].Address, i, data);
        }
        Assert.True(clock.RunUntil(() => hosts.All(h => h.Unanswered == 0), Instant.FromSeconds(60)), $"at {clock.Now}: {string.Join(' ', hosts.Select(h => h.Unanswered))}");
        Assert.Equal(100, hosts.Sum(h => h.Answered));
        Assert.True(hosts.Sum(h => h.Requests) >= 100);
        Assert.True(link.AToB.Drops[DropReason.LinkLoss] > 0 && link.BToA.Drops[DropReason.LinkLoss] > 0, "nothing was lost");
        Assert.True(hosts.Any(h => h.Retries > 2), "nothing was asked again");
        Assert.True(clock.Now >= Instant.FromMilliseconds(100), $"{clock.Now}"); // a retry takes its time
        Assert.Equal(maps, left.Nic.Iommu.Maps + right.Nic.Iommu.Maps); // nothing is mapped while frames pass
        if (way == "Steered") Assert.True(left.Ports[0].Counters.FramesSteered > 0);

        await left.CloseAsync(clock.Now);
        await right.CloseAsync(clock.Now);
    }

    [Fact]
    public async Task A_spoofed_source_is_refused_and_counted_and_never_arrives()
    {
        End left = new(1, "CopyHeaders", DomainBinding.PerQueue, false);
        End right = new(2, "CopyHeaders", DomainBinding.PerQueue, false);
        VirtualLink link = new(new Impairment());
        link.Connect(left.Nic, right.Nic);
        VirtualClock clock = Start(link, left, right);
        PingHost mallory = left.Hosts[0];
        PingHost target = right.Hosts[0];
        mallory.Ping(target.Address, 1, [1, 2, 3]);
        Assert.True(clock.RunUntil(() => mallory.Unanswered == 0, Instant.FromSeconds(5)));
        long sent = link.AToB.Sent;
        mallory.Spoof(left.Hosts[1].Address, target.Address);
        mallory.Spoof(IpAddress.Parse("192.0.2.1"), target.Address);
        clock.RunUntil(() => false, Instant.FromSeconds(6));
        Assert.Equal(2, left.Ports[0].Counters.Queue.TransmitDrops[DropReason.SpoofedSource]);
        Assert.Equal(sent, link.AToB.Sent);
        Assert.Equal([mallory.Address], target.Senders);
        await left.CloseAsync(clock.Now);
        await right.CloseAsync(clock.Now);
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_whatever_the_order_of_the_parts()
    {
        (long, long, Instant) Run(bool reversed)
        {
            End left = new(1, "CopyHeaders", DomainBinding.PerQueue, true);
            End right = new(2, "CopyAll", DomainBinding.PerQueue, true);
            VirtualLink link = new(Lossy, seed: 5);
            link.Connect(left.Nic, right.Nic);
            VirtualClock clock = Start(link, left, right, reversed);
            for (ushort i = 0; i < 20; i++) left.Hosts[0].Ping(right.Hosts[0].Address, i, new byte[i * 50]);
            Assert.True(clock.RunUntil(() => left.Hosts[0].Unanswered == 0, Instant.FromSeconds(60)));
            left.Nic.Dispose();
            right.Nic.Dispose();
            return (link.AToB.Sent, link.BToA.Sent, clock.Now);
        }

        Assert.Equal(Run(false), Run(false));
        Assert.Equal(Run(false), Run(true));
    }

    private static VirtualClock Start(VirtualLink link, End left, End right, bool reversed = false)
    {
        VirtualClock clock = new();
        List<IPollable> parts = [link, left.Mux, right.Mux, .. left.Hosts, .. right.Hosts];
        if (reversed) parts.Reverse();
        foreach (IPollable part in parts) clock.Add(part);
        return clock;
    }
}
