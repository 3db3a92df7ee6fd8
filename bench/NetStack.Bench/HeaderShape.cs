using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Bench;

/// <summary>A TCP segment whose Ethernet, IP and TCP headers together have a certain length.</summary>
/// <param name="HeaderLength">54, 66, 86 or 94 bytes.</param>
public sealed record HeaderShape(int HeaderLength)
{
    public const int FrameLength = 1514;

    /// <summary>No options; timestamps; IPv6 with timestamps; timestamps and three SACK blocks.</summary>
    public static IReadOnlyList<HeaderShape> All { get; } = [new(54), new(66), new(86), new(94)];

    private bool IsV6 => HeaderLength == 86;

    /// <summary>A frame that differs from every other by its number.</summary>
    public byte[] Frame(int number)
    {
        byte[] frame = new byte[FrameLength];
        new SeededRandom((ulong)number + 1).Fill(frame);
        int at = new EthernetHeader(new MacAddress(2), new MacAddress(4), IsV6 ? EtherType.Ipv6 : EtherType.Ipv4).Write(frame);
        if (IsV6) at += new Ipv6Header(IpAddress.Parse("2001:db8::1"), IpAddress.Parse("2001:db8::2"), IpProtocol.Tcp, FrameLength - 54).Write(frame.AsSpan(at));
        else at += new Ipv4Header(IpAddress.V4(0xC0000201), IpAddress.V4(0xC0000202), IpProtocol.Tcp, FrameLength - 14).Write(frame.AsSpan(at));
        new TcpHeader(443, (ushort)(number + 1024), (uint)number, 1, TcpFlags.Ack, 501).Write(frame.AsSpan(at), Options(number));
        return frame;
    }

    /// <summary>What a receiver decides on: addresses, ports, numbers, and every TCP option. The same code over any bytes.</summary>
    public static ulong Parse(ReadOnlySpan<byte> bytes)
    {
        if (!EthernetView.TryRead(bytes, out EthernetView ethernet)) return 0;
        ulong mixed = ethernet.Destination.Value;
        int at = EthernetView.Size;
        if (ethernet.TypeOrLength == (ushort)EtherType.Ipv6)
        {
            if (!Ipv6View.TryRead(bytes[at..], out Ipv6View ip)) return 0;
            mixed += (ulong)ip.Source.Value + (ulong)ip.Destination.Value + ip.PayloadLength + (ulong)ip.NextHeader;
            at += Ipv6View.Size;
        }
        else
        {
            if (!Ipv4View.TryRead(bytes[at..], out Ipv4View ip) || ip.HeaderLength < Ipv4View.MinSize) return 0;
            mixed += (ulong)ip.Source.Value + (ulong)ip.Destination.Value + ip.TotalLength + (ulong)ip.Protocol;
            at += ip.HeaderLength;
        }
        if (at > bytes.Length || !TcpView.TryRead(bytes[at..], out TcpView tcp)) return 0;
        TcpOptions options = TcpOptions.Read(tcp.Options);
        return mixed + tcp.SourcePort + tcp.DestinationPort + tcp.Sequence + tcp.Acknowledgement + (ulong)tcp.Flags + tcp.Window
            + options.TimestampValue + options.TimestampEcho + (ulong)options.MaximumSegmentSize;
    }

    private byte[] Options(int number)
    {
        if (HeaderLength == 54) return [];
        byte[] buffer = new byte[40];
        TcpOptionsBuilder options = new(buffer);
        options.AddNoOperation();
        options.AddNoOperation();
        options.AddTimestamps((uint)number, 7);
        if (HeaderLength == 94)
        {
            options.AddNoOperation();
            options.AddNoOperation();
            options.Add(TcpOptionKind.Sack, new byte[24]);
        }
        return options.Written.ToArray();
    }
}

/// <summary>A ring of frames in a region that a device may write, one buffer each.</summary>
public sealed class FrameRing
{
    private const int BufferSize = 2048;

    public FrameRing(HeaderShape shape, int bytes)
    {
        Pool = BufferPool.Create(BufferSize, bytes / BufferSize, RegionWriter.Device, hugePages: true);
        Bodies = new PacketBody[Pool.Count];
        for (int i = 0; i < Bodies.Length; i++)
        {
            Pool.TryRent(out BufferHandle buffer);
            Pool.Write(buffer, 0, shape.Frame(i));
            Bodies[i] = new PacketBody(new BodySlice(Pool, buffer, 0, HeaderShape.FrameLength));
        }
    }

    public BufferPool Pool { get; }

    public PacketBody[] Bodies { get; }

    /// <summary>The ring's slices, for whoever reads in place.</summary>
    public SharedSpan Window(int index) => Pool.Window(Bodies[index].Slice(0).Buffer, 0, HeaderShape.FrameLength);
}
