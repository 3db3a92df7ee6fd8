using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>
/// A virtual NIC whose wire a capture is played onto, a multiplexer on it, and three clients: a recorder that copies everything, a
/// browser that gets the packets to one host and attaches as asked for, and a monitor that sees all headers and no body.
/// </summary>
internal sealed class DemoWorld : IDisposable
{
    private const int MostPolls = 1_000; // without progress: the device keeps the buffers to itself

    private readonly List<HostileBehaviour> _attacks;
    private readonly SentFrames _sent = new();
    private byte[] _frame = new byte[2048];
    private Instant _now = Instant.FromSeconds(1);

    internal DemoWorld(DemoStrategy strategy, List<HostileBehaviour> attacks, LinkType linkType, DemoHost? host)
    {
        _attacks = attacks;
        Nic = new VirtualNic(new VirtualNicOptions
        {
            Queues = 4,
            RssQueues = 1,
            FlowRules = 16,
            LinkType = linkType,
            Tamper = attacks.Count > 0 ? new HostileDevice([.. attacks]) : null,
        });
        Multiplexer = new PacketMultiplexer(Nic, new MultiplexerOptions { RingBuffers = 512, RingReserve = 0 });
        Clients =
        [
            new(Attach("recorder", o => o.Copy = CopyStrategy.CopyAll), _sent, usesBody: true, Looked),
            new(AttachBrowser(strategy, host), _sent, usesBody: true, Looked, sums: !strategy.PassesOn),
            new(Attach("monitor", o => o.Copy = CopyStrategy.PassThrough), _sent, usesBody: false, Looked),
        ];
    }

    internal VirtualNic Nic { get; }

    internal PacketMultiplexer Multiplexer { get; }

    internal IReadOnlyList<DemoClient> Clients { get; }

    internal DemoClient Browser => Clients[1];

    /// <summary>Frames put on the wire.</summary>
    internal long Sent { get; private set; }

    /// <summary>Frames that found no room on it, however long they waited.</summary>
    internal long Refused { get; private set; }

    /// <summary>Where the headers of a packet end: what lies behind is body.</summary>
    internal static int HeadersEnd(in PacketHeaders headers) =>
        Math.Min(headers.Bytes.Length, headers.HasPayload ? headers.Payload.Offset : headers.Layers.Length > 0 ? headers.Layers[^1].End : 0);

    /// <summary>Plays one packet, and lets everybody work until it is through.</summary>
    /// <returns>False when the device takes nothing any more.</returns>
    internal bool Play(in CaptureRecord record)
    {
        int length = record.CapturedLength;
        if (_frame.Length < length) _frame = new byte[length * 2];
        Span<byte> bytes = _frame.AsSpan(0, length);
        record.Body.CopyTo(0, bytes, new FetchMeter());
        _sent.Add(bytes, HeadersEnd(PacketHeaders.Decode(record)));
        WireFrame info = new(Math.Max(length, record.WireLength), record.LinkType, record.InterfaceIndex, record.Timestamp);
        for (int polls = 0; polls < MostPolls; polls++)
        {
            if (Nic.TryDeliver(bytes, info))
            {
                Sent++;
                Step();
                return true;
            }
            Step();
        }
        Refused++;
        return false;
    }

    /// <summary>Lets what is on its way arrive.</summary>
    internal void Settle()
    {
        for (int i = 0; i < 64; i++) Step();
    }

    public void Dispose()
    {
        Multiplexer.DisposeAsync().AsTask();
        Nic.Dispose();
    }

    private void Step()
    {
        _now += TimeSpan.FromMicroseconds(10);
        Multiplexer.Poll(_now);
        foreach (DemoClient client in Clients) client.Drain();
    }

    /// <summary>A client looked at a frame: now a device strikes that rewrites what the host has.</summary>
    private void Looked()
    {
        foreach (HostileBehaviour attack in _attacks) (attack as HeldFrameBehaviour)?.RewriteNow();
    }

    private MultiplexerPort Attach(string name, Action<PortOptions> configure) => Multiplexer.Attach(name, o =>
    {
        o.Promiscuous = true;
        configure(o);
    });

    /// <summary>The browser owns its host's addresses, so that hardware can tell its frames; without a host it sees all TCP.</summary>
    private MultiplexerPort AttachBrowser(DemoStrategy strategy, DemoHost? host) => Multiplexer.Attach("browser", o =>
    {
        strategy.Configure(o);
        o.Filter = PortFilter.Protocol(IpProtocol.Tcp);
        o.Promiscuous = host is null;
        if (host is null) return;
        o.Mac = host.Mac;
        o.Addresses.Add(host.Address);
    });
}

/// <summary>The host whose packets the browser gets.</summary>
internal sealed record DemoHost(MacAddress Mac, IpAddress Address)
{
    /// <summary>Of the first TCP packet over IPv4, the side with the higher port: who called.</summary>
    internal static DemoHost? Find(CaptureReader capture)
    {
        while (capture.TryRead(out CaptureRecord record))
        {
            if (record.LinkType != LinkType.Ethernet || record.CapturedLength < 54) continue;
            ReadOnlySpan<byte> bytes = record.Headers.Require(54);
            if (BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) >> 8 != 0x080045 || bytes[23] != 6) continue;
            bool isFromCaller = BinaryPrimitives.ReadUInt16BigEndian(bytes[34..]) > BinaryPrimitives.ReadUInt16BigEndian(bytes[36..]);
            int mac = isFromCaller ? 6 : 0, address = isFromCaller ? 26 : 30;
            return new DemoHost(
                new MacAddress(BinaryPrimitives.ReadUInt64BigEndian(bytes[mac..]) >> 16),
                IpAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(bytes[address..])));
        }
        return null;
    }
}
