using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tests.Tcp;

/// <summary>A segment that TCP handed to IP, its payload copied and its body released.</summary>
internal sealed record SentSegment(IpSend Send, TcpHeader Header, TcpOptions Options, SackBlock[] Sack, byte[] OptionBytes, byte[] Data, Instant At)
{
    internal TcpFlags Flags => Header.Flags;

    internal int SegmentCount => Send.SegmentSize == 0 ? 1 : (Data.Length + Send.SegmentSize - 1) / Send.SegmentSize;

    /// <summary>The datagram's transport bytes, checksum in place, of the part that a cutter would send as one segment.</summary>
    internal byte[] ToBytes(int index = 0)
    {
        int size = Send.SegmentSize == 0 ? Data.Length : Send.SegmentSize;
        int start = index * size;
        int length = Math.Min(size, Data.Length - start);
        bool isLast = start + length == Data.Length;
        TcpFlags flags = isLast ? Header.Flags : Header.Flags & ~(TcpFlags.Fin | TcpFlags.Psh);
        if (index > 0) flags &= ~TcpFlags.Cwr;
        TcpHeader header = Header with { Sequence = Header.Sequence + (uint)start, Flags = flags };
        return Segments.Build(Send.Source, Send.Destination, header, OptionBytes, Data.AsSpan(start, length));
    }
}

/// <summary>Builds transport bytes.</summary>
internal static class Segments
{
    internal static byte[] Build(IpAddress source, IpAddress destination, TcpHeader header, ReadOnlySpan<byte> options, ReadOnlySpan<byte> data)
    {
        byte[] bytes = new byte[60 + data.Length];
        int size = (header with { Checksum = 0 }).Write(bytes, options);
        data.CopyTo(bytes.AsSpan(size));
        Array.Resize(ref bytes, size + data.Length);
        ushort checksum = PseudoHeader.Checksum(source, destination, IpProtocol.Tcp, bytes);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(16), checksum);
        return bytes;
    }
}

/// <summary>IP as TCP sees it: remembers what was sent, and can refuse.</summary>
internal sealed class FakeIp : IIpOutput
{
    private readonly FetchMeter _meter = new();

    internal HashSet<IpAddress> Addresses { get; } = [];

    internal Queue<SentSegment> Sent { get; } = new();

    internal int Mtu { get; set; } = 1500;

    internal int MaxSegmentation { get; set; }

    internal bool HasRoute { get; set; } = true;

    /// <summary>What the next sends come to.</summary>
    internal SendOutcome Outcome { get; set; }

    /// <summary>Where set, what is sent goes here and is not remembered.</summary>
    internal Action<SentSegment>? Sink { get; set; }

    /// <summary>Throws segments away without looking, for measurements.</summary>
    internal bool IsBlind { get; set; }

    internal int Confirmations { get; private set; }

    public bool TryFindPath(IpAddress destination, IpAddress source, int? boundInterface, out IpPath path)
    {
        IpAddress from = source.IsNone ? Addresses.First(a => a.IsV4 == destination.IsV4) : source;
        path = new IpPath(from, boundInterface ?? 1, Mtu, MaxSegmentation);
        return HasRoute;
    }

    public bool IsLocalAddress(IpAddress address) => Addresses.Contains(address);

    public void ConfirmReachable(IpAddress destination, Instant now) => Confirmations++;

    public SendOutcome Send(in IpSend send, ReadOnlySpan<byte> transportHeader, PacketBody body, Instant now)
    {
        if (IsBlind || Outcome != SendOutcome.Sent)
        {
            body.Release();
            return Outcome;
        }
        Assert.Equal(16, send.ChecksumOffset);
        Assert.True(TcpView.TryRead(transportHeader, out TcpView view));
        Assert.Equal(transportHeader.Length, view.HeaderLength);
        Assert.Equal(0, view.Checksum);
        byte[] data = new byte[body.Length];
        body.CopyTo(0, data, _meter);
        body.Release();
        Assert.True(send.SegmentSize > 0 || data.Length + transportHeader.Length + (send.Source.IsV4 ? 20 : 40) <= Mtu, "a segment is larger than the path takes");
        SentSegment segment = new(send, TcpHeader.From(view), TcpOptions.Read(view.Options), ReadSack(view.Options), view.Options.ToArray(), data, now);
        if (Sink is null) Sent.Enqueue(segment);
        else Sink(segment);
        return SendOutcome.Sent;
    }

    private static SackBlock[] ReadSack(ReadOnlySpan<byte> options)
    {
        List<SackBlock> blocks = [];
        OptionReader reader = new(options);
        while (reader.MoveNext())
        {
            if (reader.Kind != (byte)TcpOptionKind.Sack) continue;
            foreach (SackBlock block in new SackBlocks(reader.Data)) blocks.Add(block);
        }
        return [.. blocks];
    }
}
