// Two TCP/IP stacks on a bad cable, in one process and in virtual time: a transfer, what it cost, and a capture of it.
//
//   dotnet run -c Release --project samples/05-two-hosts -- [CAPTURE.pcapng]
//
// Nothing here needs privileges, a thread or a real clock. A stack only ever gets frames and the time, and says what it wants to
// send and when it wants to be called again; StackDriver.cs is the loop between it and a NIC. The clock stands still while anything
// is to do, then jumps: the run takes as long as the computing does, and is the same every time.

using NetStack;
using NetStack.Nic;
using NetStack.Nic.Pcap;
using NetStack.Nic.Virtual;
using NetStack.Samples;
using NetStack.Tcp;
using NetStack.Wire;

if (args.Length > 1)
{
    Console.Error.WriteLine("usage: two-hosts [CAPTURE.pcapng]");
    return 1;
}
string path = args is [string given] ? given : Path.Combine(Path.GetTempPath(), "two-hosts.pcapng");

// The cable: 100 Mbit/s, 10 ms each way, and every hundredth frame is lost, by a seed.
VirtualLink link = new(new Impairment { Rate = 100_000_000, Delay = TimeSpan.FromMilliseconds(10), Loss = 0.01 }, seed: 5);
VirtualClock clock = new();
Host alice = new("alice", "10.0.0.1", seed: 1, clock.Now);
Host bob = new("bob", "10.0.0.2", seed: 2, clock.Now);

// Wireshark sees what Alice's interface sees: what she sends before the cable loses it, what reaches her after it did.
using CaptureWriter capture = CaptureWriter.Create(path);
capture.AddInterface(LinkType.Ethernet, name: "alice");
alice.Nic.Attach(new Tap(capture, PacketDirection.Outbound, clock, link.A));
bob.Nic.Attach(link.B);
link.Connect(new Tap(capture, PacketDirection.Inbound, clock, alice.Nic), bob.Nic);

// The link comes first, so that a frame is handled in the step that delivers it.
clock.Add(link);
clock.Add(alice.Driver);
clock.Add(bob.Driver);

byte[] data = new byte[8 << 20];
new SeededRandom(5).Fill(data);

TcpEndpoint server = new(bob.Address, 5001);
bob.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(server)), out TcpListener? listener);
alice.Stack.Tcp.Connect(new TcpConnectOptions(server), clock.Now, out TcpConnection? connection);

// Alice writes what fits and closes. Nothing blocks: what does not fit now is written after a Writable event.
int written = 0;
TcpInfo sent = default;
alice.Driver.Program = _ =>
{
    while (alice.Stack.Tcp.TryReadEvent(out TcpEvent happened))
    {
        if (happened.What.HasFlag(TcpEvents.Closed) && connection!.Error != TcpError.None) throw new IOException($"the connection ended: {connection.Error}");
    }
    if (written == data.Length) return;
    written += connection!.Write(data.AsSpan(written));
    sent = connection.Info;
    if (written == data.Length) connection.Close(); // what is queued is still sent, then a FIN
};

// Bob compares in place, without a copy of his own, and closes after Alice.
int read = 0;
Instant end = default;
bob.Driver.Program = now =>
{
    while (bob.Stack.Tcp.TryReadEvent(out TcpEvent happened))
    {
        if (happened.Listener is not null) listener!.TryAccept(out _); // further events name the connection
        if (happened.Connection is not { } incoming) continue;
        foreach (ReadOnlyMemory<byte> piece in incoming.Peek())
        {
            if (!piece.Span.SequenceEqual(data.AsSpan(read, piece.Length))) throw new InvalidDataException($"other bytes arrived at {read}");
            read += piece.Length;
        }
        incoming.Consume(incoming.ReadableBytes);
        if (!incoming.IsEndOfStream || end != default) continue;
        end = now;
        incoming.Close();
    }
};

// Until both have forgotten the connection, Alice after a minute of TIME-WAIT.
bool isOver = clock.RunUntil(() => read == data.Length && alice.IsQuiet && bob.IsQuiet, limit: Instant.FromSeconds(600));
listener!.Close();
Task stopped = Task.WhenAll(alice.Driver.StopAsync(), bob.Driver.StopAsync());
while (!stopped.IsCompleted) clock.Step();
capture.Flush();

double seconds = end.Nanoseconds / 1e9;
TcpCounters tcp = alice.Stack.Tcp.Counters;
Console.WriteLine($"{read} of {data.Length} bytes arrived, unchanged");
Console.WriteLine(FormattableString.Invariant($"{seconds:F3} virtual seconds, {read * 8 / seconds / 1e6:F1} Mbit/s"));
Console.WriteLine($"{tcp.SegmentsSent} segments sent, {tcp.Retransmitted} of them again; {tcp.FastRecoveries} fast recoveries, {tcp.TailLossProbes} tail loss probes, {tcp.Timeouts} timeouts");
Console.WriteLine($"{link.AToB.Drops.Total} frames dropped on the way there: {link.AToB.Drops}; {link.BToA.Drops.Total} on the way back");
Console.WriteLine(FormattableString.Invariant($"round trip {sent.SmoothedRtt.TotalMilliseconds:F1} ms smoothed, {sent.MinRtt.TotalMilliseconds:F1} ms at least"));
Console.WriteLine($"{alice.BuffersOut + bob.BuffersOut} buffers did not come home");
Console.WriteLine($"{capture.PacketsWritten} frames in {path}");
return isOver && alice.BuffersOut + bob.BuffersOut == 0 ? 0 : 2;

/// <summary>A stack, a NIC, and the driver between them.</summary>
internal sealed class Host
{
    internal Host(string name, string address, ulong seed, Instant now)
    {
        Address = IpAddress.Parse(address);
        Nic = new VirtualNic(new VirtualNicOptions { Name = name, Mac = new MacAddress(0x02_00_00_00_00_00 + seed) });
        Stack = new NetworkStack(new StackOptions { Seed = seed }); // a program sets Secret, to its system's randomness
        Driver = new StackDriver(Stack, Nic, now, o => o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false);
        Driver.Interface.AddAddress(Address, 24, now);
    }

    internal IpAddress Address { get; }

    internal VirtualNic Nic { get; }

    internal NetworkStack Stack { get; }

    internal StackDriver Driver { get; }

    internal bool IsQuiet => Stack.Tcp.ConnectionCount + Stack.Tcp.TimeWaitCount == 0;

    internal long BuffersOut => Driver.BuffersOut + Stack.TransmitBuffers.Count - Stack.TransmitBuffers.Available + Nic.SnapshotsOutstanding;
}

/// <summary>Writes what passes into a capture. Virtual time begins in 1970.</summary>
internal sealed class Tap(CaptureWriter capture, PacketDirection direction, VirtualClock clock, IWireEnd next) : IWireEnd
{
    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        capture.Write(frame, info.WireLength, Timestamp.FromNanoseconds(clock.Now.Nanoseconds), direction: direction);
        return next.TryDeliver(frame, info);
    }
}
