using NetStack.Ip;
using NetStack.Memory;

namespace NetStack.Udp;

/// <remarks>Datagrams kept by handle: see <see cref="UdpSocket.ReceivesBodies"/>.</remarks>
public sealed partial class UdpLayer
{
    private readonly List<UdpSocket> _holders = []; // sockets in which bodies waited at the last look
    private Instant? _leaseEnd;
    private byte[]? _scratch;

    /// <summary>Payload bytes received by handle that were never copied.</summary>
    public long BodyBytesPassed { get; internal set; }

    /// <summary>Payload bytes received by handle out of private buffers: they had been copied when they came, or later.</summary>
    public long BodyBytesCopied { get; internal set; }

    /// <summary>Bodies that were copied because they waited for too long or their pool was short.</summary>
    public long BodiesCopiedOut { get; private set; }

    Instant? IStackPart.NextDeadline => _leaseEnd;

    /// <summary>Room for one datagram, whatever its length.</summary>
    internal byte[] Scratch => _scratch ??= GC.AllocateUninitializedArray<byte>(ushort.MaxValue);

    void IStackPart.OnDeadline(Instant now)
    {
        if (_leaseEnd > now) return;
        _leaseEnd = null;
        for (int i = _holders.Count - 1; i >= 0; i--)
        {
            UdpSocket socket = _holders[i];
            socket.CopyOut(now);
            if (socket.BodySince is { } since) _leaseEnd = Instant.Earliest(_leaseEnd, Later(since + Options.BodyLease, now));
            else
            {
                socket.IsHolder = false;
                _holders.RemoveAt(i);
            }
        }
    }

    /// <summary>Whether so few buffers of a pool are free that none may be kept. Our own buffers are where we would copy to.</summary>
    internal bool IsShort(BufferPool pool) => pool != Ip.Bodies.Pool && pool.Available < pool.Count * Options.BodyReserve;

    /// <summary>Copies a body into blocks.</summary>
    /// <returns>False when it is not what was verified.</returns>
    internal bool TryCopy(in SummedBody body, BlockChain chain)
    {
        ChecksumAccumulator sum = default;
        Span<byte> bytes = Scratch.AsSpan(0, body.Length);
        body.Body.CopyTo(0, bytes, ref sum, Ip.Meter);
        Blocks.Fill(chain, 0, bytes);
        BodiesCopiedOut++;
        if (body.Sum is not { } carried || SummedBody.AreEqual(sum.Sum, carried)) return true;
        Drops.Add(UdpDropReason.BodyChanged);
        return false;
    }

    /// <summary>Keeps a datagram where it is, once it sums up right.</summary>
    private TransportVerdict Hold(UdpSocket socket, in InboundDatagram datagram, in Arriving arriving, Instant now)
    {
        ushort? carried = null;
        if (arriving.Header.Checksum != 0)
        {
            ChecksumAccumulator sum = arriving.Sum;
            carried = datagram.SumOf(arriving.Payload, sum);
            sum.AddSum(carried.Value, arriving.Payload.Length);
            if (arriving.IsSumDue && sum.Finish() != 0) return Drop(UdpDropReason.BadChecksum);
        }
        Received++;
        socket.Add(InfoOf(datagram, arriving.Header), new SummedBody(arriving.Payload.Share(), carried), now);
        if (!socket.IsHolder) _holders.Add(socket);
        socket.IsHolder = true;
        _leaseEnd ??= now + Options.BodyLease;
        return TransportVerdict.Done;
    }

    /// <summary>What could not be copied because memory is short is looked at again after a lease.</summary>
    private Instant Later(Instant end, Instant now) => end > now ? end : now + Options.BodyLease;
}
