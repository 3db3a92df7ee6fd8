using System.Diagnostics;
using System.Runtime.InteropServices;
using NetStack.Memory;
using NetStack.Nic.Linux.Interop;

namespace NetStack.Nic.Linux.Tests;

/// <summary>
/// A device that takes no more for a while. The kernel's TAP driver hardly ever says so; a pair of sockets that keep message borders
/// says it when nobody reads.
/// </summary>
public sealed class RoomTests : IDisposable
{
    private const int UnixDomain = 1;
    private const int Messages = 5; // SOCK_SEQPACKET
    private const int NonBlocking = 0x800;

    private readonly TapDevice? _peer;
    private readonly TapNic? _nic;
    private readonly BufferPool _pool = BufferPool.Create(2048, 1000);
    private readonly byte[] _read = GC.AllocateArray<byte>(2048, pinned: true);

    public RoomTests()
    {
        if (!OperatingSystem.IsLinux()) return;
        int[] ends = new int[2];
        Assert.Equal(0, SocketPair(UnixDomain, Messages | NonBlocking, 0, ends));
        _peer = new TapDevice(new Descriptor(ends[1]));
        _nic = new TapNic(new TapDevice(new Descriptor(ends[0]), "pair", 1500), new TapOptions());
        _nic.Register(_pool, 0, BufferUse.Transmit);
    }

    private TapNic Nic
    {
        get
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux");
            return _nic!;
        }
    }

    public void Dispose()
    {
        _nic?.Dispose();
        _peer?.Dispose();
    }

    [Fact]
    public void What_there_is_no_room_for_stays_with_the_caller_and_is_not_lost()
    {
        TransmitFrame[] frames = Frames(500);
        int accepted = Nic.Queues[0].Transmit(frames);
        Assert.InRange(accepted, 1, 499);
        Assert.Equal(0, Nic.Queues[0].Transmit(frames.AsSpan(accepted)));
        Assert.Equal(_pool.Count - (500 - accepted), _pool.Available);
        Nic.Poll(Instant.FromSeconds(1));
        Assert.True(Nic.IsLinkUp); // short of room is not down

        List<int> arrived = [];
        while (arrived.Count < 500)
        {
            Assert.Equal(1014, Read());
            arrived.Add(BitConverter.ToInt32(_read, 14));
            accepted += Nic.Queues[0].Transmit(frames.AsSpan(accepted));
        }
        Assert.Equal(Enumerable.Range(0, 500), arrived);
        Assert.Equal(500, Nic.Queues[0].Counters.FramesSent);
        Assert.Equal(0, Nic.Queues[0].Counters.TransmitDrops.Total);
        Assert.Equal(_pool.Count, _pool.Available);
    }

    [Fact]
    public void A_wait_set_tells_of_room_only_while_it_is_short()
    {
        using IWaitSet set = Nic.CreateWaitSet();
        Assert.True(set.TryAdd(Nic));
        AssertSleeps(set); // there is room, which nobody asked for
        TransmitFrame[] frames = Frames(500);
        int accepted = Nic.Queues[0].Transmit(frames);
        AssertSleeps(set);
        Drain();
        long start = Stopwatch.GetTimestamp();
        set.Wait(TimeSpan.FromSeconds(20));
        Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 10, "no room was told");
        AssertSleeps(set);
        Assert.True(Nic.Queues[0].Transmit(frames.AsSpan(accepted)) > 0);
    }

    [Fact]
    public void An_armed_nic_is_woken_when_there_is_room()
    {
        using ManualResetEventSlim woken = new();
        Nic.OnWake(woken.Set);
        TransmitFrame[] frames = Frames(500);
        Nic.Queues[0].Transmit(frames);
        Assert.True(Nic.TryArm());
        Assert.False(woken.Wait(20));
        Drain();
        Assert.True(woken.Wait(20_000));
    }

    [Fact]
    public void A_peer_that_is_gone_takes_the_link_down()
    {
        using IWaitSet set = Nic.CreateWaitSet();
        set.TryAdd(Nic);
        set.Wait(TimeSpan.Zero);
        _peer!.Dispose();
        set.Wait(TimeSpan.FromSeconds(20));
        Assert.False(Nic.IsLinkUp);
        AssertSleeps(set);
    }

    private static void AssertSleeps(IWaitSet set)
    {
        TimeSpan timeout = TimeSpan.FromMilliseconds(20);
        long start = Stopwatch.GetTimestamp();
        set.Wait(timeout);
        Assert.True(Stopwatch.GetElapsedTime(start) >= timeout, "it did not sleep");
    }

    [DllImport("libc", EntryPoint = "socketpair")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SocketPair(int domain, int type, int protocol, [Out] int[] ends);

    private int Read() => _peer!.Read(TapDevice.AddressOf(_read), _read.Length);

    private void Drain()
    {
        while (Read() > 0)
        {
        }
    }

    private TransmitFrame[] Frames(int count)
    {
        TransmitFrame[] frames = new TransmitFrame[count];
        for (int i = 0; i < count; i++)
        {
            frames[i].Headers.Append(14);
            Assert.True(_pool.TryRent(out BufferHandle buffer));
            _pool.Write(buffer, 0, BitConverter.GetBytes(i));
            frames[i].Body = new PacketBody(new BodySlice(_pool, buffer, 0, 1000));
        }
        return frames;
    }
}
