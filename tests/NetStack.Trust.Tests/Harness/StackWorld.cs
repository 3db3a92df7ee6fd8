using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Samples;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>
/// A whole stack as the client: a port attached as a column says, on a hostile NIC, receives by TCP what an honest host sends. What
/// its program reads must be what was sent, whatever the device does to the segments; once the device is honest again it must
/// get the rest.
/// </summary>
internal sealed class StackWorld : IDisposable
{
    private const ushort Port = 5001;

    private static readonly Instant Honest = Instant.FromSeconds(3);

    private readonly VirtualClock _clock = new();
    private readonly VirtualNic _near;
    private readonly VirtualNic _far;
    private readonly NetworkStack _receiver = new(new StackOptions { Seed = 1, TransmitBuffers = 64 });
    private readonly NetworkStack _sender = new(new StackOptions { Seed = 2, TransmitBuffers = 128 });
    private readonly StackDriver _near0;
    private readonly StackDriver _far0;
    private readonly byte[] _data = new byte[48 * 1024];
    private readonly TcpListener _listener;
    private readonly HostileBehaviour[] _behaviours;
    private int _written;
    private int _read;
    private string? _harm;

    /// <summary>Builds it.</summary>
    /// <param name="column">How the stack's port attaches.</param>
    /// <param name="seed">Decides the data and the link.</param>
    /// <param name="behaviour">What the device under the port does.</param>
    /// <param name="believesChecksum">Whether the stack believes the device's checksum verdict.</param>
    internal StackWorld(Column column, ulong seed, HostileBehaviour behaviour, bool believesChecksum = false)
        : this(column, seed, [behaviour], believesChecksum)
    {
    }

    /// <summary>Builds it over a device that does several things at once; without a column the stack has the NIC for itself.</summary>
    internal StackWorld(Column? column, ulong seed, HostileBehaviour[] behaviours, bool believesChecksum = false)
    {
        new SeededRandom(seed).Fill(_data);
        _behaviours = behaviours;
        VirtualLink link = new(new Impairment { Delay = TimeSpan.FromMilliseconds(2) }, seed: seed);
        _near = new VirtualNic(new VirtualNicOptions { Name = "near", Mac = new MacAddress(0x02_00_00_00_00_01), Queues = 2, RssQueues = 1, RingSize = 128, ReceiveChecksum = true, Tamper = new HostileDevice(behaviours), Seed = seed });
        _far = new VirtualNic(new VirtualNicOptions { Name = "far", Mac = new MacAddress(0x02_00_00_00_00_02), Seed = seed });
        link.Connect(_near, _far);
        _near0 = Drive(_receiver, column is null ? _near : Attach(column), "10.0.0.1", _far, "10.0.0.2", believesChecksum);
        _far0 = Drive(_sender, _far, "10.0.0.2", _near, "10.0.0.1", false);
        TcpEndpoint server = new(IpAddress.Parse("10.0.0.1"), Port);
        _receiver.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(server)), out TcpListener? listener);
        _sender.Tcp.Connect(new TcpConnectOptions(server), _clock.Now, out TcpConnection? connection);
        _listener = listener!;
        _far0.Program = _ => Write(connection!);
        _near0.Program = _ => Read();
        _clock.Add(link);
        _clock.Add(_near0);
        _clock.Add(_far0);
    }

    /// <summary>How many segments the stack found to be wrong by their checksum.</summary>
    internal long SegmentsRefused => _receiver.Tcp.Counters.Drops[TcpDropReason.BadChecksum];

    /// <summary>Runs until all was read: what the program read that was not sent, or that it did not get all.</summary>
    internal string? Harm()
    {
        _clock.RunUntil(() => _harm is not null || _clock.Now >= Honest || _read == _data.Length, Honest);
        foreach (HostileBehaviour behaviour in _behaviours) behaviour.IsActive = false;
        _clock.RunUntil(() => _harm is not null || _read == _data.Length, Instant.FromSeconds(600));
        if (_harm is null && _read < _data.Length) return $"{_read} of {_data.Length} bytes arrived, at {_clock.Now}";
        return _harm;
    }

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    private MultiplexerPort Attach(Column column) => new PacketMultiplexer(_near, new MultiplexerOptions { RingBuffers = 128 }).Attach("stack", o =>
    {
        column.Configure(o);
        o.Filter = $"tcp dst port {Port}";
        o.Address("10.0.0.1");
        o.BufferCount = o.SteeredBufferCount = 64;
    });

    private StackDriver Drive(NetworkStack stack, INic nic, string address, VirtualNic peer, string peerAddress, bool believesChecksum)
    {
        StackDriver driver = new(stack, nic, _clock.Now, o =>
        {
            o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false;
            o.TrustsReceiveChecksum = believesChecksum;
        });
        driver.Interface.AddAddress(IpAddress.Parse(address), 24, _clock.Now);
        driver.Interface.SetNeighbour(IpAddress.Parse(peerAddress), peer.Info.Mac, _clock.Now);
        return driver;
    }

    private void Write(TcpConnection connection)
    {
        while (_sender.Tcp.TryReadEvent(out _))
        {
        }
        if (_written < _data.Length) _written += connection.Write(_data.AsSpan(_written));
    }

    private void Read()
    {
        foreach (HeldFrameBehaviour held in _behaviours.OfType<HeldFrameBehaviour>()) held.RewriteNow(); // what the stack still holds, if it holds anything
        while (_receiver.Tcp.TryReadEvent(out TcpEvent happened))
        {
            if (happened.Listener is not null) _listener.TryAccept(out _);
            if (happened.Connection is not { } incoming) continue;
            foreach (ReadOnlyMemory<byte> piece in incoming.Peek()) Compare(piece.Span);
            incoming.Consume(incoming.ReadableBytes);
        }
    }

    private void Compare(ReadOnlySpan<byte> piece)
    {
        if (_read + piece.Length > _data.Length || !piece.SequenceEqual(_data.AsSpan(_read, piece.Length))) _harm ??= $"a program read other bytes than were sent, at {_read}";
        _read = Math.Min(_data.Length, _read + piece.Length);
    }
}
