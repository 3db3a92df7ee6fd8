using System.Buffers.Binary;
using System.Diagnostics;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Linux.Tests;

/// <summary>
/// A TAP device whose kernel end lies in a network namespace of its own, so that nothing of the machine is touched. The kernel there
/// is the peer: it has an address, knows ours, and answers echo requests.
/// </summary>
internal sealed class Lab : IDisposable
{
    internal const string KernelAddress = "10.77.0.1";
    internal const string OurAddress = "10.77.0.2";

    private static int _last;

    internal Lab(int buffers = 64, int bufferSize = 2048, TapOptions? options = null, int mtu = 1500)
    {
        SkipUnlessPossible();
        int number = Interlocked.Increment(ref _last);
        Space = $"nstest-{Environment.ProcessId}-{number}";
        Name = $"nst{Environment.ProcessId % 1_000_000}x{number}";
        Run($"ip netns add {Space}");
        Run($"ip tuntap add dev {Name} mode tap");
        if (mtu != 1500) Run($"ip link set {Name} mtu {mtu}");
        Nic = new TapNic(Name, options);
        Run($"ip link set {Name} netns {Space}");
        In("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        In($"ip address add {KernelAddress}/24 dev {Name}");
        In($"ip link set {Name} up");
        In($"ip neighbour add {OurAddress} lladdr {Nic.Info.Mac} dev {Name} nud permanent");
        KernelMac = MacAddress.Parse(In($"cat /sys/class/net/{Name}/address").Trim());
        Pool = BufferPool.Create(bufferSize, buffers);
        Registration = Nic.Register(Pool, 0, BufferUse.Receive | BufferUse.Transmit);
        Nic.Poll(Instant.Zero);
        Time = Instant.FromSeconds(1);
    }

    internal static bool IsPossible => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && File.Exists("/dev/net/tun") && File.Exists("/usr/sbin/ip");

    internal string Space { get; }
    internal string Name { get; }
    internal TapNic Nic { get; }
    internal INicQueue Queue => Nic.Queues[0];
    internal BufferPool Pool { get; }
    internal BufferRegistration Registration { get; }
    internal MacAddress KernelMac { get; }
    internal Instant Time { get; set; }

    internal static void SkipUnlessPossible() => Assert.SkipUnless(IsPossible, "needs root, /dev/net/tun and iproute2");

    /// <summary>Runs a command to its end and returns what it printed.</summary>
    internal static string Run(string command, bool mayFail = false)
    {
        string[] words = command.Split(' ');
        using Process process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0 && !mayFail) Assert.Fail($"{command}: {errors.Result}{output}");
        return output;
    }

    /// <summary>Runs a command in the kernel's namespace.</summary>
    internal string In(string command, bool mayFail = false) => Run($"ip netns exec {Space} {command}", mayFail);

    /// <summary>How many buffers wait for frames.</summary>
    internal int Posted => (int)(Queue.Counters.BuffersPosted - Queue.Counters.BuffersCompleted);

    /// <summary>Posts up to so many free buffers.</summary>
    internal int Fill(int most = int.MaxValue)
    {
        int posted = 0;
        while (posted < most && Queue.PostRoom > 0 && Pool.TryRent(out BufferHandle buffer)) posted += Queue.Post(Registration, [buffer]);
        return posted;
    }

    /// <summary>An echo request to the kernel, its data in buffers of ours that are filled up to a size.</summary>
    internal TransmitFrame Echo(int id, ReadOnlySpan<byte> data, int slice = int.MaxValue)
    {
        TransmitFrame frame = default;
        Span<byte> headers = frame.Headers.Append(14 + 20 + 8);
        KernelMac.Write(headers);
        Nic.Info.Mac.Write(headers[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(headers[12..], 0x0800);
        Span<byte> ip = headers[14..34];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(28 + data.Length));
        ip[8] = 64;
        ip[9] = 1;
        IpAddress.Parse(OurAddress).Write(ip[12..]);
        IpAddress.Parse(KernelAddress).Write(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip, []));
        Span<byte> icmp = headers[34..];
        icmp[0] = 8;
        BinaryPrimitives.WriteUInt16BigEndian(icmp[4..], 0x7001);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[6..], (ushort)id);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], Checksum(icmp, data));
        Append(ref frame, data, Math.Min(slice, Pool.BufferSize));
        return frame;
    }

    /// <summary>Adds a body in pool memory.</summary>
    internal void Append(ref TransmitFrame frame, ReadOnlySpan<byte> data, int slice)
    {
        while (data.Length > 0)
        {
            Assert.True(Pool.TryRent(out BufferHandle buffer), "the test has too few buffers");
            int part = Math.Min(slice, data.Length);
            Pool.Write(buffer, 0, data[..part]);
            frame.Body.Append(new BodySlice(Pool, buffer, 0, part));
            data = data[part..];
        }
    }

    /// <summary>Takes what is there, checks and releases it.</summary>
    internal List<byte[]> Take(int batch = 8)
    {
        List<byte[]> taken = [];
        ReceivedFrame[] frames = new ReceivedFrame[batch];
        while (true)
        {
            Nic.Poll(Time = Time.AddNanoseconds(1));
            int count = Queue.Receive(frames);
            if (count == 0) return taken;
            for (int i = 0; i < count; i++)
            {
                byte[] bytes = new byte[frames[i].Length];
                frames[i].Headers.CopyFrameTo(bytes);
                Assert.Equal(LinkType.Ethernet, frames[i].LinkType);
                Assert.Equal(bytes.Length, frames[i].WireLength);
                frames[i].Release();
                taken.Add(bytes);
            }
        }
    }

    /// <summary>Takes frames until there are so many, for seconds at most.</summary>
    internal List<byte[]> TakeUntil(int count, Action? between = null)
    {
        List<byte[]> taken = [];
        for (long start = Stopwatch.GetTimestamp(); taken.Count < count && Stopwatch.GetElapsedTime(start).TotalSeconds < 10;)
        {
            between?.Invoke();
            taken.AddRange(Take());
        }
        return taken;
    }

    internal void AssertAllHome()
    {
        Assert.Equal(0, Nic.SnapshotsOutstanding);
        Assert.Equal(Pool.Count, Pool.Available + Posted);
    }

    public void Dispose()
    {
        Nic.Dispose();
        Run($"ip netns delete {Space}", mayFail: true);
        Run($"ip link delete {Name}", mayFail: true);
    }

    private static ushort Checksum(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        ChecksumAccumulator sum = default;
        sum.Add(first);
        sum.Add(second);
        return sum.Finish();
    }
}
