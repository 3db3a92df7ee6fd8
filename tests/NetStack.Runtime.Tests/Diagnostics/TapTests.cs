using System.Net;
using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>A tap under a host: the capture read back.</summary>
public sealed class TapTests
{
    [Fact]
    public async Task A_tap_writes_the_conversation_with_directions_and_the_loops_time()
    {
        MemoryStream file = new();
        VirtualTimeLoop loop = new();
        await loop.RunAsync(async () =>
        {
            bool isFirst = true;
            await using HostPair pair = await HostPair.StartAsync(loop, decorate: nic =>
            {
                if (!isFirst) return nic;
                isFirst = false;
                return new CaptureTap(nic, CaptureWriter.Create(file, leaveOpen: true), new CaptureTapOptions { TimeProvider = loop.TimeProvider });
            });
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
            await using NetConnection client = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7));
            await using NetConnection server = await listener.AcceptAsync();
            await client.AsStream().WriteAsync(new byte[50_000]);
            await server.AsStream().ReadExactlyAsync(new byte[50_000]);
            await client.DisposeAsync();
            await server.DisposeAsync();
            await Task.Delay(TimeSpan.FromSeconds(1), loop.TimeProvider);
        });
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file.ToArray()));
        List<(PacketDirection Direction, TcpFlags Flags, Timestamp Time)> segments = [];
        PacketDirection arp = PacketDirection.Unknown;
        while (reader.TryRead(out CaptureRecord record))
        {
            byte[] bytes = new byte[record.CapturedLength];
            record.Body.CopyTo(0, bytes, new FetchMeter());
            if (bytes[12] == 8 && bytes[13] == 6 && arp == PacketDirection.Unknown) arp = record.Direction;
            if (bytes[12] == 8 && bytes[13] == 0 && bytes[23] == 6) segments.Add((record.Direction, (TcpFlags)bytes[47], record.Timestamp!.Value));
        }
        Assert.Null(reader.Damage);
        Assert.Equal("a0", reader.Interfaces[0].Name);
        Assert.Equal(PacketDirection.Outbound, arp); // A asked
        Assert.Equal([PacketDirection.Outbound, PacketDirection.Inbound, PacketDirection.Outbound], segments.Take(3).Select(s => s.Direction));
        Assert.Equal([TcpFlags.Syn, TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Ack], segments.Take(3).Select(s => s.Flags & (TcpFlags.Syn | TcpFlags.Ack)));
        Int128 start = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds() * (Int128)1_000_000_000;
        Assert.Equal(1_000_000, (double)(segments[0].Time.TotalNanoseconds - start), 20_000d); // the neighbour made itself known first
        Assert.Equal(2_000_000, (double)(segments[1].Time - segments[0].Time), 20_000d);
        Assert.True(segments.Zip(segments.Skip(1)).All(p => p.First.Time <= p.Second.Time));
        Assert.Equal(2, segments.Count(s => s.Flags.HasFlag(TcpFlags.Fin)));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_capture()
    {
        Assert.Equal(await CaptureAsync(), await CaptureAsync());

        static async Task<byte[]> CaptureAsync()
        {
            MemoryStream file = new();
            VirtualTimeLoop loop = new();
            await loop.RunAsync(async () =>
            {
                await using HostPair pair = await HostPair.StartAsync(loop, seed: 5, decorate: nic =>
                    nic.Info.Name != "b0" ? nic : new CaptureTap(nic, CaptureWriter.Create(file, leaveOpen: true), new CaptureTapOptions { TimeProvider = loop.TimeProvider }));
                await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
                await using NetConnection client = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7));
            });
            return file.ToArray();
        }
    }

    [Fact]
    public void A_loop_waits_for_the_nic_behind_decorators()
    {
        WaitableNic inner = new();
        using CaptureTap tap = new(new CaptureTap(inner, CaptureWriter.Create(Stream.Null)), CaptureWriter.Create(Stream.Null));
        LoopWaiting waiting = new([tap]);
        Assert.Same(inner, Assert.Single(inner.Set.Added));
        Assert.False(inner.HasWake);
        waiting.Retire();
        Assert.True(inner.Set.IsDisposed);
        LoopWaiting mixed = new([tap, new CaptureTap(new WaitableNic { IsStrange = true }, CaptureWriter.Create(Stream.Null))]);
        Assert.Equal(2, inner.Set.Added.Count);
        mixed.Retire();
    }

    /// <summary>A NIC that can be waited for; it does nothing else.</summary>
    private sealed class WaitableNic : IWaitableNic
    {
        internal WaitSet Set { get; } = new();

        internal bool HasWake { get; private set; }

        internal bool IsStrange { get; init; }

        public NicInfo Info { get; } = new("w0", default, LinkType.Ethernet, 1500, NicCapabilities.None);

        public bool IsLinkUp => true;

        public IReadOnlyList<INicQueue> Queues => [];

        public IFlowSteering? Steering => null;

        public Instant? NextDeadline => null;

        public IWaitSet CreateWaitSet() => Set;

        public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => throw new NotSupportedException();

        public void Poll(Instant now)
        {
        }

        public void OnWake(Action? wake) => HasWake = wake is not null;

        public bool TryArm() => true;

        public void Dispose()
        {
        }
    }

    private sealed class WaitSet : IWaitSet
    {
        internal List<INic> Added { get; } = [];

        internal bool IsDisposed { get; private set; }

        public bool TryAdd(INic nic)
        {
            if (nic is not WaitableNic { IsStrange: false }) return false;
            Added.Add(nic);
            return true;
        }

        public void Remove(INic nic) => Added.Remove(nic);

        public void Wait(TimeSpan timeout)
        {
        }

        public void Wake()
        {
        }

        public void Dispose() => IsDisposed = true;
    }
}
