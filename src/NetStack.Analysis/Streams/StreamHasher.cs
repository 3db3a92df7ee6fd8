using System.Security.Cryptography;
using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>What a direction of a TCP connection carried.</summary>
/// <param name="Length">Its bytes that are in the capture, each once.</param>
/// <param name="Sha256">Their SHA-256 in the order of the stream, in lower-case hexadecimal.</param>
/// <param name="IsComplete">Whether its first byte was seen and none is missing up to its last that was.</param>
/// <param name="Conflicts">How many segments overlapped earlier ones with different bytes; those that overlap bytes already
/// hashed are not compared.</param>
public readonly record struct StreamDigest(long Length, string Sha256, bool IsComplete, long Conflicts);

/// <summary>Hashes what TCP connections carry. It reads bodies: each captured byte once.</summary>
/// <remarks>Not thread-safe. Memory grows with the number of connections, and with what waits for missing bytes.</remarks>
/// <param name="options">How streams are put together; null for the defaults.</param>
public sealed class StreamHasher(StreamOptions? options = null) : IDisposable
{
    private readonly Dictionary<Flow, Direction?[]> _flows = [];
    private readonly PayloadReader _payload = new();

    /// <summary>Takes a packet; one of no TCP connection is passed over.</summary>
    /// <param name="packet">Its headers.</param>
    /// <param name="body">All its bytes.</param>
    /// <param name="meter">Counts what is read of them.</param>
    /// <param name="flow">What it is in its flow.</param>
    public void Add(in PacketHeaders packet, in PacketBody body, FetchMeter meter, in FlowPacket flow)
    {
        if (flow.Flow is not { Protocol: IpProtocol.Tcp } connection || !StreamSegment.TryRead(packet, out StreamSegment segment)) return;
        if (segment.Length == 0 && (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin)) == 0) return;
        Direction direction = DirectionOf(connection, flow.IsReverse);
        direction.Stream.Add(segment.Sequence, segment.Flags, _payload.Read(body, segment.Offset, segment.Captured, meter), segment.Length, packet.Info.Number);
    }

    /// <summary>What a direction carried. It ends there: nothing may be added to it later.</summary>
    /// <param name="flow">The connection.</param>
    /// <param name="reverse">Whether what B sent is asked for.</param>
    public StreamDigest Of(Flow flow, bool reverse)
    {
        Direction? direction = _flows.TryGetValue(flow, out Direction?[]? both) ? both[reverse ? 1 : 0] : null;
        return direction?.Finish() ?? new StreamDigest(0, Direction.OfNothing, true, 0);
    }

    /// <summary>Forgets a connection.</summary>
    public void Drop(Flow flow)
    {
        if (!_flows.Remove(flow, out Direction?[]? both)) return;
        foreach (Direction? direction in both) direction?.Dispose();
    }

    /// <summary>Forgets all.</summary>
    public void Dispose()
    {
        foreach (Direction?[] both in _flows.Values)
        {
            foreach (Direction? direction in both) direction?.Dispose();
        }
        _flows.Clear();
    }

    private Direction DirectionOf(Flow flow, bool isReverse)
    {
        if (!_flows.TryGetValue(flow, out Direction?[]? both)) _flows.Add(flow, both = new Direction?[2]);
        return both[isReverse ? 1 : 0] ??= new Direction(options);
    }

    private sealed class Direction : IStreamReceiver, IDisposable
    {
        internal static readonly string OfNothing = Convert.ToHexStringLower(SHA256.HashData([]));

        private IncrementalHash? _hash;
        private StreamDigest? _digest;

        internal Direction(StreamOptions? options) => Stream = new StreamReassembler(this, options);

        internal StreamReassembler Stream { get; }

        public void Data(ReadOnlySpan<byte> bytes, long packet) => (_hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256)).AppendData(bytes);

        public void Missing(long at, long length)
        {
        }

        public void Conflict(long at, long packet)
        {
        }

        public void Dispose() => _hash?.Dispose();

        internal StreamDigest Finish()
        {
            if (_digest is { } known) return known;
            Stream.Finish();
            string hash = _hash is null ? OfNothing : Convert.ToHexStringLower(_hash.GetHashAndReset());
            StreamDigest digest = new(Stream.Length, hash, Stream.IsComplete, Stream.Conflicts);
            _digest = digest;
            return digest;
        }
    }
}
