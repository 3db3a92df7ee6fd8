using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using NetStack.Fetches.Tests.Counting;
using NetStack.Memory;
using NetStack.Nic.Pcap;
using NetStack.TestCaptures;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Fetches.Tests.Cases;

/// <summary>The decoder over one frame, in memory of a device.</summary>
internal sealed class ParserCase : FetchCase
{
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly FetchMeter _meter = new();
    private readonly LinkType _linkType;
    private readonly int _wireLength;
    private readonly int _length;
    private readonly nint _address;
    private readonly PacketBody _frame;
    private HeaderSnapshot? _snapshot;

    internal ParserCase(string name, byte[] frame, LinkType linkType, int wireLength)
        : base("decoder", name, BodyReads.Never)
    {
        (_linkType, _wireLength, _length) = (linkType, wireLength, frame.Length);
        HeaderBytes = HeaderBytesOf(frame, linkType, wireLength);
        BufferPool pool = BufferPool.Create(Math.Max(frame.Length, BufferPool.MinBufferSize), 1);
        pool.TryRent(out BufferHandle buffer);
        pool.Write(buffer, 0, frame);
        _frame = new PacketBody(new BodySlice(pool, buffer, 0, frame.Length));
        _address = AddressOf(pool.Region, pool.RegionOffset(buffer));
    }

    public override Watched[] Prepare()
    {
        if (_snapshot is not null) _snapshots.Return(_snapshot);
        _snapshot = _snapshots.Rent(_frame, _meter);
        return [new Watched(Frame, _address, _length)];
    }

    public override void Run() => PacketHeaders.Decode(_snapshot!, _linkType, _wireLength);

    /// <summary>One frame of each shape, that is, of each chain of headers and number of lines, that the sample captures have, and of
    /// some they lack.</summary>
    internal static IEnumerable<ParserCase> All()
    {
        HashSet<string> seen = [];
        foreach ((byte[] frame, LinkType linkType, int wireLength) in Captured().Concat(Made()))
        {
            if (seen.Add(ShapeOf(frame, linkType, wireLength, out string name))) yield return new ParserCase(name, frame, linkType, wireLength);
        }
    }

    private static IEnumerable<(byte[] Frame, LinkType LinkType, int WireLength)> Captured()
    {
        foreach (string capture in SampleCaptures.Names.Select(n => n.Data))
        {
            using CaptureReader reader = CaptureReader.Open(SampleCaptures.PathOf(capture));
            while (reader.TryRead(out CaptureRecord record))
            {
                byte[] frame = new byte[record.Headers.FrameLength];
                record.Headers.CopyFrameTo(frame);
                yield return (frame, record.LinkType, record.WireLength);
            }
        }
    }

    private static IEnumerable<(byte[] Frame, LinkType LinkType, int WireLength)> Made() =>
        new[] { Frames.Udp6WithOptions(900), Frames.Icmp6Error(), Frames.IpInIp(900), Frames.Ip6InGre(900), Frames.Vxlan(900), Frames.Geneve(900), Frames.LongChain() }
            .Select(f => (f, LinkType.Ethernet, f.Length));

    private static string ShapeOf(byte[] frame, LinkType linkType, int wireLength, out string name)
    {
        using PrivateFrame copy = new(frame);
        PacketHeaders headers = PacketHeaders.Decode(copy.Snapshot, linkType, wireLength);
        List<string> layers = [];
        foreach (Layer layer in headers.Layers) layers.Add(layer.Kind.ToString());
        int options = layers.Count(l => l == nameof(LayerKind.Ipv6DestinationOptions));
        name = options > 1 ? $"Ethernet/Ipv6/{options} extension headers" : string.Join('/', layers);
        return $"{name} {(copy.Snapshot.Watermark + HeaderLine.Size - 1) / HeaderLine.Size} {copy.Snapshot.Watermark < frame.Length}";
    }
}

/// <summary>A parser that reads where the frame lies, and reads the length twice: to check it, and to use it.</summary>
internal sealed class NaiveParserControl : FetchCase
{
    private readonly DmaRegion _region;
    private readonly int _length;

    internal NaiveParserControl()
        : base("control", "a naive parser", BodyReads.Twice)
    {
        byte[] frame = Frames.Udp4(100);
        _length = frame.Length;
        _region = DmaRegion.Allocate(4096);
        frame.CopyTo(new DeviceMemory(_region).Span(0, frame.Length));
        HeaderBytes = 42;
    }

    internal int Parsed { get; private set; }

    public override Watched[] Prepare() => [new Watched(Frame, AddressOf(_region, 0), _length)];

    public override void Run()
    {
        Span<byte> frame = new DeviceMemory(_region).Span(0, _length);
        if (CheckLength(frame)) Parsed = UseLength(frame);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool CheckLength(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[16..]) <= frame.Length - 14;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int UseLength(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[16..]) - 20;
}

/// <summary>A copy by the library: for most lengths it reads the overlap of its last two steps twice.</summary>
internal sealed class LibraryCopyControl : FetchCase
{
    private readonly DmaRegion _region = DmaRegion.Allocate(4096);
    private readonly byte[] _private = new byte[66];

    internal LibraryCopyControl()
        : base("control", "Span.CopyTo of 66 bytes", BodyReads.Twice) => HeaderBytes = 66;

    public override Watched[] Prepare() => [new Watched(Frame, AddressOf(_region, 0), 66)];

    public override void Run() => new DeviceMemory(_region).Span(0, 66).CopyTo(_private);
}
