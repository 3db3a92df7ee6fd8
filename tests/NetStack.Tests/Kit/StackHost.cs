using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>A stack whose interfaces are plugged into wires: what a driver is in a program.</summary>
public sealed class StackHost
{
    private readonly List<(NetInterface Nic, HubPort End)> _ports = [];
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly BufferPool _receive = BufferPool.Create(2048, 256);
    private readonly TransmitFrame[] _batch = new TransmitFrame[16];
    private readonly TestRing? _ring;
    private long _looped;

    public StackHost(World world, string name, ulong seed, Action<StackOptions>? configure = null)
    {
        World = world;
        Name = name;
        StackOptions options = new() { Seed = seed, TransmitBuffers = 512 };
        configure?.Invoke(options);
        Stack = new NetworkStack(options);
        _ring = TestRing.Create(seed);
    }

    public World World { get; }

    public string Name { get; }

    public NetworkStack Stack { get; }

    public FetchMeter Meter { get; } = new();

    /// <summary>Where its devices put what they receive.</summary>
    public BufferPool ReceiveBuffers => _receive;

    /// <summary>The first interface that was plugged in.</summary>
    public NetInterface Nic => _ports[0].Nic;

    /// <summary>Adds an interface on a wire. Its MAC is 02:00:00:00:HH:II, by the host's seed and the interface's number.</summary>
    public NetInterface Plug(Hub hub, Action<InterfaceOptions>? configure = null)
    {
        InterfaceOptions options = new()
        {
            Name = $"eth{_ports.Count}",
            Mac = new MacAddress(0x0200_0000_0000UL | Stack.Options.Seed << 8 & 0xFF00 | (uint)_ports.Count),
        };
        configure?.Invoke(options);
        NetInterface nic = Stack.AddInterface(options, World.Now);
        _ports.Add((nic, hub.Attach($"{Name}.{options.Name}")));
        return nic;
    }

    /// <summary>What its devices say of the checksum of what they received.</summary>
    public bool SaysChecksumGood { get; set; }

    /// <summary>Takes what arrived, does what is due, puts out what the stack wants to send.</summary>
    /// <returns>Whether anything moved.</returns>
    internal bool Pump(Instant now)
    {
        bool moved = false;
        foreach ((NetInterface nic, HubPort end) in _ports)
        {
            while (end.Received.TryDequeue(out byte[]? bytes))
            {
                moved = true;
                Receive(nic, bytes, now, SaysChecksumGood);
            }
        }
        if (Stack.NextDeadline is { } due && due <= now)
        {
            moved = true;
            Stack.OnDeadline(now);
        }
        foreach ((NetInterface nic, HubPort end) in _ports) moved |= Transmit(nic, end, now);
        Stack.Transmit(Stack.Loopback, default, now);
        moved |= Stack.Loopback.FramesSent != _looped;
        _looped = Stack.Loopback.FramesSent;
        return moved;
    }

    /// <summary>Gives a frame to an interface as a device does: in buffers that others may write.</summary>
    public void Receive(NetInterface nic, ReadOnlySpan<byte> bytes, Instant now, bool isChecksumGood = false)
    {
        if (_ring is not null)
        {
            ReceivedFrame frame = _ring.Bring(bytes, nic.LinkType, now);
            Stack.Receive(nic, new InboundFrame(frame.Headers, nic.LinkType) { Body = frame.Body, SegmentCount = 1, IsTransportChecksumGood = isChecksumGood }, now);
            frame.Release();
            return;
        }
        PacketBody body = default;
        for (int at = 0; at < bytes.Length; at += _receive.BufferSize)
        {
            if (!_receive.TryRent(out BufferHandle buffer)) Assert.Fail($"{Name} ran out of receive buffers: somebody keeps them");
            ReadOnlySpan<byte> piece = bytes[at..Math.Min(at + _receive.BufferSize, bytes.Length)];
            _receive.Write(buffer, 0, piece);
            body.Append(new BodySlice(_receive, buffer, 0, piece.Length));
        }
        HeaderSnapshot snapshot = _snapshots.Rent(body, Meter);
        Stack.Receive(nic, new InboundFrame(snapshot, nic.LinkType) { Body = body, SegmentCount = 1, IsTransportChecksumGood = isChecksumGood }, now);
        _snapshots.Return(snapshot);
        body.Release();
    }

    /// <summary>Fails unless every buffer is back where it came from.</summary>
    public void AssertNoLeaks()
    {
        Stack.Ip.Bodies.Release(); // the buffer that is being filled
        Assert.True(_receive.Available == _receive.Count, $"{Name} keeps {_receive.Count - _receive.Available} receive buffers");
        Assert.True(Stack.TransmitBuffers.Available == Stack.TransmitBuffers.Count, $"{Name} keeps {Stack.TransmitBuffers.Count - Stack.TransmitBuffers.Available} transmit buffers");
        Assert.Equal(0, _snapshots.Outstanding);
        _ring?.AssertNoLeaks();
    }

    private bool Transmit(NetInterface nic, HubPort end, Instant now)
    {
        int count = Stack.Transmit(nic, _batch, now);
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = ToBytes(_batch[i]);
            _batch[i].Body.Release();
            Assert.True(bytes.Length <= nic.Mtu + (nic.LinkType == LinkType.Ethernet ? EthernetHeader.Size : 0), $"{Name} sent {bytes.Length} bytes over an MTU of {nic.Mtu}");
            end.Send(bytes, now);
        }
        return count > 0;
    }

    /// <summary>The frame as it goes over a wire, with the checksum that a device was asked for.</summary>
    public static byte[] ToBytes(in TransmitFrame frame)
    {
        byte[] bytes = new byte[frame.Length];
        frame.Headers.Bytes.CopyTo(bytes);
        frame.Body.CopyTo(0, bytes.AsSpan(frame.Headers.Length), new FetchMeter());
        Assert.False(frame.Offload.WantsSegmentation, "the kit's devices cut no segments");
        if (!frame.Offload.WantsChecksum) return bytes;
        ushort checksum = InternetChecksum.Compute(bytes.AsSpan(frame.Offload.ChecksumStart));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(frame.Offload.ChecksumStart + frame.Offload.ChecksumOffset), checksum == 0 ? (ushort)0xFFFF : checksum);
        return bytes;
    }
}
