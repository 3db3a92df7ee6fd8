using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Fetches.Tests.Cases;

/// <summary>A stack on a port of the multiplexer, 10.0.0.1 and fd00::1, driven step by step: what it sends goes out between two measurements.</summary>
internal sealed class WayHost
{
    private readonly Way _way;
    private readonly MultiplexerPort _port;
    private readonly TransmitFrame[] _toSend = new TransmitFrame[16];

    internal WayHost(Way way, MultiplexerPort port, bool believesChecksums)
    {
        _way = way;
        _port = port;
        Stack = new NetworkStack(new StackOptions { Seed = 1, Protocols = new() { Ip = new() { Forwarding = true } } });
        port.Register(Stack.TransmitBuffers, 0, BufferUse.Transmit);
        Interface = Add("eth0", Frames.Us, believesChecksums, "10.0.0.1", "fd00::1");
        Interface.SetNeighbour(IpAddress.Parse("10.0.0.2"), Frames.Them, way.Now);
        Interface.SetNeighbour(IpAddress.Parse("fd00::2"), Frames.Them, way.Now);
        Behind = Add("eth1", new MacAddress(0x02_00_00_00_00_11), false, "10.9.0.1", "fd09::1");
        Behind.SetNeighbour(IpAddress.Parse("10.9.0.9"), new MacAddress(0x02_00_00_00_00_19), way.Now);
        Receive = OnFrame;
    }

    internal NetworkStack Stack { get; }

    internal NetInterface Interface { get; }

    /// <summary>The other side of a router; it has no NIC.</summary>
    internal NetInterface Behind { get; }

    /// <summary>Takes a frame.</summary>
    internal Action<ReceivedFrame> Receive { get; }

    /// <summary>Sends what waits, and drops what goes behind.</summary>
    internal void Transmit()
    {
        if (Stack.NextDeadline <= _way.Now) Stack.OnDeadline(_way.Now);
        for (int count = Stack.Transmit(Interface, _toSend, _way.Now); count > 0; count = Stack.Transmit(Interface, _toSend, _way.Now))
        {
            if (_port.Queues[0].Transmit(_toSend.AsSpan(0, count)) != count) throw new InvalidOperationException("The port had no room.");
            _way.Multiplexer.Poll(_way.Now);
        }
        for (int count = Stack.Transmit(Behind, _toSend, _way.Now); count > 0; count = Stack.Transmit(Behind, _toSend, _way.Now))
        {
            for (int i = 0; i < count; i++) _toSend[i].Body.Release();
            Passed += count;
        }
    }

    /// <summary>Frames that went behind.</summary>
    internal int Passed { get; private set; }

    private void OnFrame(ReceivedFrame frame)
    {
        InboundFrame inbound = new(frame.Headers, frame.LinkType)
        {
            Body = frame.Body,
            SegmentCount = frame.SegmentCount,
            SegmentSize = frame.SegmentSize,
            IsTransportChecksumGood = frame.Checksum == ChecksumVerdict.Good,
        };
        Stack.Receive(Interface, inbound, _way.Now);
        frame.Release();
    }

    private NetInterface Add(string name, MacAddress mac, bool believesChecksums, string address, string address6)
    {
        InterfaceOptions options = new() { Name = name, Mac = mac, TrustsReceiveChecksum = believesChecksums };
        options.Ipv6.LinkLocal = options.Ipv6.AcceptRouterAdvertisements = false;
        NetInterface added = Stack.AddInterface(options, _way.Now);
        added.AddAddress(IpAddress.Parse(address), 24, _way.Now, detectDuplicates: false);
        added.AddAddress(IpAddress.Parse(address6), 64, _way.Now, detectDuplicates: false);
        return added;
    }
}

/// <summary>A stack at the other end of the cable, that gets and gives frames as bytes.</summary>
internal sealed class Peer : IWireEnd
{
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly BufferPool _received = BufferPool.Create(2048, 64);
    private readonly FetchMeter _meter = new();
    private readonly TransmitFrame[] _toSend = new TransmitFrame[16];
    private readonly Way _way;
    private readonly NetInterface _nic;

    internal Peer(Way way)
    {
        _way = way;
        Stack = new NetworkStack(new StackOptions { Seed = 2 });
        InterfaceOptions options = new() { Mac = Frames.Them };
        options.Ipv6.LinkLocal = options.Ipv6.AcceptRouterAdvertisements = false;
        _nic = Stack.AddInterface(options, way.Now);
        _nic.AddAddress(IpAddress.Parse("10.0.0.2"), 24, way.Now, detectDuplicates: false);
        _nic.AddAddress(IpAddress.Parse("fd00::2"), 64, way.Now, detectDuplicates: false);
        _nic.SetNeighbour(IpAddress.Parse("10.0.0.1"), Frames.Us, way.Now);
        _nic.SetNeighbour(IpAddress.Parse("fd00::1"), Frames.Us, way.Now);
        way.Nic.Attach(this);
    }

    internal NetworkStack Stack { get; }

    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        _received.TryRent(out BufferHandle buffer);
        _received.Write(buffer, 0, frame);
        PacketBody body = new(new BodySlice(_received, buffer, 0, frame.Length));
        HeaderSnapshot snapshot = _snapshots.Rent(body, _meter);
        Stack.Receive(_nic, new InboundFrame(snapshot, _nic.LinkType) { Body = body, SegmentCount = 1 }, _way.Now);
        _snapshots.Return(snapshot);
        body.Release();
        return true;
    }

    /// <summary>What the stack wants to send now.</summary>
    internal List<byte[]> Send()
    {
        if (Stack.NextDeadline <= _way.Now) Stack.OnDeadline(_way.Now);
        List<byte[]> frames = [];
        for (int count = Stack.Transmit(_nic, _toSend, _way.Now); count > 0; count = Stack.Transmit(_nic, _toSend, _way.Now))
        {
            for (int i = 0; i < count; i++)
            {
                byte[] bytes = new byte[_toSend[i].Length];
                _toSend[i].Headers.Bytes.CopyTo(bytes);
                _toSend[i].Body.CopyTo(0, bytes.AsSpan(_toSend[i].Headers.Length), _meter);
                _toSend[i].Body.Release();
                frames.Add(bytes);
            }
        }
        return frames;
    }
}
