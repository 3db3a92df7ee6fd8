using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.Tcp;

/// <summary>Segments of any content, at the worst moments: nothing throws, nothing hangs, and at the end everything is given back.</summary>
public sealed class HostileSegmentTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Theory, MemberData(nameof(Seeds))]
    public void Random_segments_near_the_window_never_break_a_connection_apart(int seed)
    {
        SeededRandom random = new((ulong)seed);
        Rig rig = new(s => s with { ReceiveMemory = 1 << 18, ReceiveBlockSize = 1024, MaxTimeWait = 4 }, poolBuffers: 64);
        TcpListener listener = rig.Listen(backlog: 4, synBacklog: 4);
        List<TcpConnection> connections = [];
        long received = 0;
        for (int i = 0; i < 4000; i++)
        {
            if (random.Chance(0.02)) connections.Add(rig.Connect());
            rig.RemotePort = (ushort)(random.Chance(0.5) ? Rig.PeerPort : 4001 + random.Below(3));
            rig.OurPort = connections.Count > 0 && random.Chance(0.5) ? connections[random.Below(connections.Count)].Local.Port : (ushort)80;
            Throw(rig, ref random);
            rig.Pump();
            while (rig.Ip.Sent.TryDequeue(out SentSegment? sent)) Learn(rig, sent, ref random);
            while (listener.TryAccept(out TcpConnection? accepted)) connections.Add(accepted!);
            foreach (TcpConnection open in connections) received += open.ReadableBytes;
            if (connections.Count > 0) Use(connections[random.Below(connections.Count)], ref random);
            connections.RemoveAll(c => c.State == TcpState.Closed && Drop(c));
            if (random.Chance(0.1)) rig.Advance(random.Below(3000));
        }
        Assert.True(rig.Layer.Counters.PassiveOpens > 3, "no handshake was completed");
        Assert.True(received > 10_000, $"only {received} bytes were taken");
        listener.Close();
        foreach (TcpConnection connection in connections) connection.Abort();
        rig.Advance(TimeSpan.FromMinutes(10));
        rig.AssertNothingLeaks();
    }

    [Fact]
    public void Random_bytes_are_dropped_or_answered()
    {
        SeededRandom random = new(99);
        Rig rig = new();
        rig.Accepted();
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = new byte[random.Below(80)];
            random.Fill(bytes);
            rig.Deliver(bytes);
        }
        Assert.True(rig.Layer.Counters.Drops.Total >= 4900);
    }

    private static bool Drop(TcpConnection connection)
    {
        connection.Close();
        return true;
    }

    private static void Throw(Rig rig, ref SeededRandom random)
    {
        TcpFlags flags = (TcpFlags)(random.Chance(0.7) ? 16 | random.Below(16) & ~6 : random.Below(512));
        byte[] options = new byte[random.Chance(0.3) ? 4 * random.Below(10) : 0];
        random.Fill(options);
        if (options.Length >= 12 && random.Chance(0.7)) ((ReadOnlySpan<byte>)[1, 1, 5, 10]).CopyTo(options);
        byte[] data = new byte[random.Chance(0.5) ? random.Below(3000) : 0];
        uint seq = unchecked((uint)(random.Below(4000) - 1000));
        uint ack = unchecked((uint)(random.Below(4000) - 1000));
        if (random.Chance(0.4)) (seq, ack) = (random.Chance(0.5) ? 0u : 1u, 1u);
        int window = random.Chance(0.3) ? random.Below(100) : random.Below(65_536);
        rig.In(flags, seq, ack, window, options, data, (byte)random.Below(4), 1 + random.Below(3), random.Below(5000), random.Chance(0.05));
        if (random.Chance(0.05)) rig.Report((IcmpErrorKind)random.Below(7), ack, random.Below(1500));
    }

    /// <summary>A peer that often guesses our numbers right gets far.</summary>
    private static void Learn(Rig rig, SentSegment sent, ref SeededRandom random)
    {
        if ((sent.Flags & TcpFlags.Syn) == 0 || random.Chance(0.2)) return;
        rig.OurIss = sent.Header.Sequence;
        if (sent.Options.HasTimestamps) rig.Echo = sent.Options.TimestampValue;
        rig.OurPort = sent.Header.SourcePort;
        rig.RemotePort = sent.Header.DestinationPort;
        TcpFlags flags = (sent.Flags & TcpFlags.Ack) != 0 ? TcpFlags.Ack : TcpFlags.Syn | TcpFlags.Ack;
        rig.In(flags, (sent.Flags & TcpFlags.Ack) != 0 ? 1u : 0u, 1, options: flags == TcpFlags.Ack ? default : rig.SynOptions(Offer.Sack));
    }

    private static void Use(TcpConnection connection, ref SeededRandom random)
    {
        switch (random.Below(12))
        {
            case 0: connection.ShutdownWrite(); break;
            case 1: connection.ShutdownRead(); break;
            case 2: connection.IsCorked = random.Chance(0.5); break;
            case 3: connection.WriteUrgent(new byte[random.Below(100)]); break;
            case 4: connection.Options = connection.Options with { ReceiveBuffer = 1000 + random.Below(100_000), KeepAlive = random.Chance(0.5) }; break;
            case 5 when random.Chance(0.2): connection.Abort(); break;
            case 6 when random.Chance(0.2): connection.Close(); break;
            case < 9: connection.Write(new byte[random.Below(5000)]); break;
            default: connection.Read(new byte[random.Below(5000)]); break;
        }
    }
}
