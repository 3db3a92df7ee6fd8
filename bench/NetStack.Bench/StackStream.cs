using NetStack.Memory;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Bench;

/// <summary>One connection from stack to stack that stays open over all rounds.</summary>
internal abstract class Stream(string name) : Way(name)
{
    private readonly byte[] _chunk = new byte[64 * 1024];
    private TcpLayer? _writing;
    private TcpLayer? _reading;
    private TcpConnection? _sender;
    private TcpListener? _listener;
    private long _written;
    private long _read;
    private long _target;

    /// <summary>Opens the connection.</summary>
    protected void Open(NetworkStack writer, NetworkStack reader, TcpEndpoint server)
    {
        // A window that the receive ring takes in one burst, and the cache holds.
        TcpConnectionOptions options = new() { SendBuffer = 256 * 1024, MaxSendBuffer = 256 * 1024, ReceiveBuffer = 512 * 1024 };
        _writing = writer.Tcp;
        _reading = reader.Tcp;
        _reading.Listen(new TcpListenOptions(new TcpBindOptions(server)) { Connection = options }, out _listener);
        _writing.Connect(new TcpConnectOptions(server) { Connection = options }, default, out _sender);
    }

    /// <summary>Moves what there is to move, and time on.</summary>
    /// <returns>False when nothing will happen any more.</returns>
    protected abstract bool Step();

    protected override long Round()
    {
        _target += RoundBytes;
        long before = _writing!.Counters.SegmentsSent;
        while (_read < _target)
        {
            if (!Step()) throw new InvalidOperationException($"The stream stands still at {_read}.");
        }
        TcpCounters writing = _writing.Counters;
        if (writing.Retransmitted > 0)
        {
            throw new InvalidOperationException($"{Name}: a perfect link lost something by {_read}: {writing.Retransmitted} of {writing.SegmentsSent} segments sent again " +
                $"({writing.Timeouts} timeouts, {writing.TailLossProbes} probes, {writing.FastRecoveries} recoveries); the receiver dropped: {_reading!.Counters.Drops}.");
        }
        return _writing.Counters.SegmentsSent - before;
    }

    /// <summary>The program at the sender's end.</summary>
    protected void Write()
    {
        while (_writing!.TryReadEvent(out _)) { }
        while (_written < _target)
        {
            int count = _sender!.Write(_chunk.AsSpan(0, (int)Math.Min(_chunk.Length, _target - _written)));
            if (count == 0) return;
            _written += count;
        }
    }

    /// <summary>The program at the receiver's end: it looks at nothing.</summary>
    protected void Read()
    {
        while (_reading!.TryReadEvent(out TcpEvent happened))
        {
            if (happened.Listener is not null) _listener!.TryAccept(out _);
            if (happened.Connection is not { ReadableBytes: > 0 and int count } receiver) continue;
            receiver.Consume(count);
            _read += count;
        }
    }
}

/// <summary>Through virtual NICs and a virtual link, with a delay of 50 µs each way.</summary>
internal sealed class DrivenStream : Stream
{
    private readonly DrivenPair _pair;

    internal DrivenStream(string name, VirtualNicOptions nic) : base(name)
    {
        _pair = new DrivenPair(new VirtualLink(new Impairment { Delay = TimeSpan.FromMicroseconds(50) }), nic: nic);
        Open(_pair.Alice.Stack, _pair.Bob.Stack, new TcpEndpoint(_pair.Bob.Address, 80));
        _pair.Alice.Driver.Program = _ => Write();
        _pair.Bob.Driver.Program = _ => Read();
    }

    protected override bool Step() => _pair.Clock.Step();
}

/// <summary>Without devices: what one stack hands out is copied once, into memory that counts as shared, and received by the other.</summary>
internal sealed class JoinedStream : Stream
{
    private static readonly TimeSpan Turn = TimeSpan.FromMicroseconds(10);

    private readonly BufferPool _buffers = BufferPool.Create(bufferSize: 2048, count: 64);
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly FetchMeter _meter = new();
    private readonly TransmitFrame[] _frames = new TransmitFrame[32];
    private readonly NetInterface _alice;
    private readonly NetInterface _bob;
    private Instant _now;

    internal JoinedStream(string name) : base(name)
    {
        IpAddress alice = IpAddress.Parse("10.0.0.1");
        IpAddress bob = IpAddress.Parse("10.0.0.2");
        _alice = Add(1, alice);
        _bob = Add(2, bob);
        _alice.SetNeighbour(bob, _bob.Mac, _now);
        _bob.SetNeighbour(alice, _alice.Mac, _now);
        Open(_alice.Stack, _bob.Stack, new TcpEndpoint(bob, 80));
    }

    protected override bool Step()
    {
        Write();
        Move(_alice, _bob);
        Read();
        Move(_bob, _alice);
        _now += Turn;
        return true;
    }

    private NetInterface Add(ulong number, IpAddress address)
    {
        InterfaceOptions options = new() { Name = "joined", LinkType = LinkType.Ethernet, Mac = new MacAddress(0x02_00_00_00_00_00 | number), Mtu = 1500 };
        options.Ipv6.LinkLocal = options.Ipv6.AcceptRouterAdvertisements = false;
        NetInterface added = new NetworkStack(new StackOptions { Seed = number }).AddInterface(options, _now);
        added.AddAddress(address, 24, _now);
        return added;
    }

    /// <summary>Gives everything that one stack sends to the other.</summary>
    private void Move(NetInterface from, NetInterface to)
    {
        if (from.Stack.NextDeadline <= _now) from.Stack.OnDeadline(_now);
        int count;
        while ((count = from.Stack.Transmit(from, _frames, _now)) > 0)
        {
            for (int i = 0; i < count; i++) Deliver(ref _frames[i], to);
        }
    }

    private void Deliver(ref TransmitFrame frame, NetInterface to)
    {
        _buffers.TryRent(out BufferHandle buffer);
        Span<byte> memory = new DeviceMemory(_buffers.Region).Span(_buffers.RegionOffset(buffer), frame.Length);
        frame.Headers.Bytes.CopyTo(memory);
        frame.Body.CopyTo(0, memory[frame.Headers.Length..], _meter);
        PacketBody received = new(new BodySlice(_buffers, buffer, 0, memory.Length));
        frame.Body.Release();
        HeaderSnapshot headers = _snapshots.Rent(received, _meter);
        to.Stack.Receive(to, new InboundFrame(headers, LinkType.Ethernet) { Body = received, SegmentCount = 1 }, _now);
        _snapshots.Return(headers);
        received.Release();
    }
}
