using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.Tcp;

/// <summary>What a SYN of the peer offers.</summary>
[Flags]
internal enum Offer
{
    None = 0,
    Sack = 1,
    Timestamps = 2,
    Scale = 4,
    All = 7,
}

/// <summary>
/// A TCP layer on one side and a hand-made peer on the other, in virtual time: <see cref="In"/> injects a segment,
/// <see cref="Out"/> says which one must come out. Numbers are relative, as tcpdump prints them: a SYN has 0, the first byte 1.
/// </summary>
internal sealed class Rig
{
    internal const ushort PeerPort = 4000;
    internal const byte PeerScale = 7;
    internal static readonly IpAddress Ours = IpAddress.Parse("10.0.0.1");
    internal static readonly IpAddress Peers = IpAddress.Parse("10.0.0.2");

    private readonly IpAddress _ours;
    private readonly IpAddress _peers;

    internal Rig(Func<TcpSettings, TcpSettings>? change = null, TcpConnectionOptions? options = null, bool isV6 = false, int poolBuffers = 4096)
    {
        _ours = isV6 ? IpAddress.Parse("2001:db8::1") : Ours;
        _peers = isV6 ? IpAddress.Parse("2001:db8::2") : Peers;
        Ip.Addresses.Add(_ours);
        Pool = BufferPool.Create(2048, poolBuffers, RegionWriter.Owner);
        TcpSettings settings = new() { Seed = 42, TransmitPool = Pool, Defaults = options ?? new TcpConnectionOptions { NoDelay = true } };
        Layer = new TcpLayer(Ip, change is null ? settings : change(settings), new FetchMeter());
    }

    internal FakeIp Ip { get; } = new();

    internal BufferPool Pool { get; }

    internal TcpLayer Layer { get; }

    internal Instant Now { get; set; } = Instant.FromSeconds(1000);

    internal uint PeerIss { get; set; } = 0x1000_0000;

    internal uint OurIss { get; set; }

    internal ushort OurPort { get; set; } = 80;

    internal ushort RemotePort { get; set; } = PeerPort;

    internal bool HasTimestamps { get; set; }

    /// <summary>The peer's timestamp clock; in milliseconds of <see cref="Now"/> unless it is set.</summary>
    internal uint? PeerClock { get; set; }

    /// <summary>Our newest timestamp, which the peer echoes.</summary>
    internal uint Echo { get; set; }

    internal List<TcpEvent> Events { get; } = [];

    private IStackPart Part => Layer;

    internal uint Clock => PeerClock ?? (uint)(Now.Nanoseconds / 1_000_000);

    // ---- time

    internal void Pump()
    {
        while (Part.TransmitOne(Now)) { }
        while (Layer.TryReadEvent(out TcpEvent happened)) Events.Add(happened);
    }

    /// <summary>Lets time pass, deadline by deadline.</summary>
    internal void Advance(TimeSpan time)
    {
        Pump();
        Instant end = Now + time;
        int steps = 0;
        while (Part.NextDeadline is { } next && next <= end)
        {
            Assert.True(++steps < 100_000, "the deadlines do not move on");
            if (next > Now) Now = next;
            Part.OnDeadline(Now);
            Pump();
        }
        Now = end;
    }

    internal void Advance(double milliseconds) => Advance(TimeSpan.FromMilliseconds(milliseconds));

    internal TcpEvents TakeEvents()
    {
        Pump();
        TcpEvents all = TcpEvents.None;
        foreach (TcpEvent e in Events) all |= e.What;
        Events.Clear();
        return all;
    }

    // ---- segments

    internal void In(TcpFlags flags, uint seq, uint? ack = null, int win = 65535, ReadOnlySpan<byte> options = default, ReadOnlySpan<byte> data = default,
        byte tos = 0, int count = 1, int urgent = 0, bool corrupt = false, bool bare = false)
    {
        Span<byte> room = stackalloc byte[40];
        TcpOptionsBuilder builder = new(room);
        if (HasTimestamps && !bare && (flags & TcpFlags.Syn) == 0)
        {
            builder.AddNoOperation();
            builder.AddNoOperation();
            builder.AddTimestamps(Clock, Echo);
        }
        byte[] all = [.. builder.Written, .. options];
        TcpHeader header = new(RemotePort, OurPort, PeerIss + seq, ack is { } number ? OurIss + number : 0, flags, (ushort)win) { UrgentPointer = (ushort)urgent };
        byte[] bytes = Segments.Build(_peers, _ours, header, all, data);
        if (corrupt) bytes[^1] ^= 0x10;
        Deliver(bytes, tos, count);
    }

    internal void Deliver(byte[] bytes, byte tos = 0, int count = 1, int interfaceIndex = 1)
    {
        InboundDatagram datagram = new()
        {
            Source = _peers,
            Destination = _ours,
            Protocol = IpProtocol.Tcp,
            Interface = interfaceIndex,
            TrafficClass = tos,
            HopLimit = 64,
            SegmentCount = count,
            Bytes = new InboundBytes(bytes),
        };
        Assert.Equal(TransportVerdict.Done, ((ITransport)Layer).Receive(datagram, Now));
    }

    internal SentSegment Take()
    {
        Pump();
        Assert.True(Ip.Sent.Count > 0, "nothing was sent");
        SentSegment sent = Ip.Sent.Dequeue();
        if (sent.Options.HasTimestamps) Echo = sent.Options.TimestampValue;
        return sent;
    }

    internal SentSegment Out(TcpFlags flags, uint? seq = null, uint? ack = null, int? length = null, int? win = null)
    {
        SentSegment sent = Take();
        Assert.Equal(flags, sent.Flags);
        if (seq is { } s) Assert.Equal(s, sent.Header.Sequence - OurIss);
        if (ack is { } a) Assert.Equal(a, sent.Header.Acknowledgement - PeerIss);
        if (length is { } l) Assert.Equal(l, sent.Data.Length);
        if (win is { } w) Assert.Equal(w, sent.Header.Window);
        return sent;
    }

    internal void NoOut()
    {
        Pump();
        Assert.True(Ip.Sent.Count == 0, Ip.Sent.Count == 0 ? "" : $"unexpected: {Describe(Ip.Sent.Peek())}");
    }

    internal void DropOut()
    {
        Pump();
        while (Ip.Sent.TryDequeue(out SentSegment? sent))
        {
            if (sent.Options.HasTimestamps) Echo = sent.Options.TimestampValue;
        }
    }

    internal string Describe(SentSegment s) =>
        $"[{s.Flags}] seq {s.Header.Sequence - OurIss} ack {s.Header.Acknowledgement - PeerIss} win {s.Header.Window} len {s.Data.Length} at {s.At}";

    internal static byte[] Bytes(int count, int from = 0)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = (byte)((from + i) * 31 + ((from + i) >> 8));
        return bytes;
    }

    // ---- handshakes

    internal byte[] SynOptions(Offer offer, int mss = 1460, uint echo = 0)
    {
        TcpOptionsBuilder builder = new(stackalloc byte[40]);
        if (mss > 0) builder.AddMaximumSegmentSize((ushort)mss);
        if ((offer & Offer.Sack) != 0) builder.AddSackPermitted();
        if ((offer & Offer.Timestamps) != 0) builder.AddTimestamps(Clock, echo);
        if ((offer & Offer.Scale) != 0) builder.AddWindowScale(PeerScale);
        return builder.Written.ToArray();
    }

    internal TcpListener Listen(int backlog = 16, int synBacklog = 0, TcpConnectionOptions? options = null)
    {
        TcpListenOptions listen = new(new TcpBindOptions(new TcpEndpoint(default, 80))) { Backlog = backlog, SynBacklog = synBacklog, Connection = options };
        Assert.Equal(TcpError.None, Layer.Listen(listen, out TcpListener? listener));
        return listener!;
    }

    internal TcpConnection Connect(TcpConnectionOptions? options = null)
    {
        TcpConnectOptions connect = new(new TcpEndpoint(_peers, PeerPort)) { Connection = options };
        Assert.Equal(TcpError.None, Layer.Connect(connect, Now, out TcpConnection? connection));
        OurPort = connection!.Local.Port;
        return connection;
    }

    /// <summary>A connection that the peer opened.</summary>
    internal TcpConnection Accepted(Offer offer = Offer.None, int mss = 1460, int win = 65535, TcpConnectionOptions? options = null)
    {
        TcpListener listener = Listen(options: options);
        In(TcpFlags.Syn, 0, win: win, options: SynOptions(offer, mss));
        SentSegment reply = Take();
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, reply.Flags & ~TcpFlags.Ece);
        OurIss = reply.Header.Sequence;
        HasTimestamps = reply.Options.HasTimestamps;
        In(TcpFlags.Ack, 1, 1, win);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        Assert.Equal(TcpState.Established, connection!.State);
        TakeEvents();
        NoOut();
        return connection;
    }

    /// <summary>A connection that we opened.</summary>
    internal TcpConnection Connected(Offer offer = Offer.None, int mss = 1460, int win = 65535, TcpConnectionOptions? options = null, TimeSpan roundTrip = default)
    {
        TcpConnection connection = Connect(options);
        SentSegment syn = Take();
        Assert.Equal(TcpFlags.Syn, syn.Flags & ~(TcpFlags.Ece | TcpFlags.Cwr));
        OurIss = syn.Header.Sequence;
        if (roundTrip > TimeSpan.Zero) Advance(roundTrip);
        In(TcpFlags.Syn | TcpFlags.Ack, 0, 1, win, SynOptions(offer, mss, syn.Options.TimestampValue));
        HasTimestamps = (offer & Offer.Timestamps) != 0 && syn.Options.HasTimestamps;
        Out(TcpFlags.Ack, 1, 1, 0);
        Assert.Equal(TcpState.Established, connection.State);
        TakeEvents();
        return connection;
    }

    /// <summary>SACK blocks as an option, in relative numbers of ours.</summary>
    internal byte[] Sack(params (uint Left, uint Right)[] blocks)
    {
        TcpOptionsBuilder builder = new(stackalloc byte[40]);
        builder.AddNoOperation();
        builder.AddNoOperation();
        byte[] data = new byte[8 * blocks.Length];
        for (int i = 0; i < blocks.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(8 * i), OurIss + blocks[i].Left);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(8 * i + 4), OurIss + blocks[i].Right);
        }
        builder.Add(TcpOptionKind.Sack, data);
        return builder.Written.ToArray();
    }

    internal static string Read(TcpConnection connection, int count)
    {
        byte[] bytes = new byte[count];
        int read = connection.Read(bytes);
        return Convert.ToHexString(bytes.AsSpan(0, read));
    }

    internal void Report(IcmpErrorKind kind, uint seq, int mtu = 0) => ((ITransport)Layer).OnError(ErrorAbout(kind, seq, mtu), Now);

    /// <summary>Whether TCP would have IP believe an error that quotes a number.</summary>
    internal bool Expects(IcmpErrorKind kind, uint seq) => ((ITransport)Layer).IsExpected(ErrorAbout(kind, seq, 0));

    private IcmpErrorReport ErrorAbout(IcmpErrorKind kind, uint seq, int mtu)
    {
        byte[] quoted = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(quoted, OurPort);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(quoted.AsSpan(2), RemotePort);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(quoted.AsSpan(4), OurIss + seq);
        return new IcmpErrorReport { Kind = kind, Source = _ours, Destination = _peers, Protocol = IpProtocol.Tcp, Quoted = quoted, Mtu = mtu };
    }

    /// <summary>Everything is given back: no buffer, block, table entry or deadline is left.</summary>
    internal void AssertNothingLeaks()
    {
        Pump();
        Assert.Equal(Pool.Count, Pool.Available);
        Assert.Equal(0, Layer.Memory.Outstanding);
        Assert.Equal(0, Layer.ConnectionCount);
        Assert.Equal(0, Layer.TimeWaitCount);
        Assert.Equal(0, Layer.OrphanCount);
        Assert.Null(Part.NextDeadline);
    }
}
