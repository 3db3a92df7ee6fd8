using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// Gathers what a report of captures tells, packet by packet, and writes it as one HTML page that needs nothing else: no
/// network, no other file. Memory does not grow with the number of packets.
/// </summary>
/// <remarks>Not thread-safe. Allocates nothing per packet.</remarks>
public sealed class ReportBuilder
{
    private const int MaxCandidates = 4096;

    private readonly HashSet<Flow> _candidates = [];
    private readonly List<ReportFile> _files = [];
    private Flow? _latest;

    /// <summary>The most conversations a report lists.</summary>
    public const int MaxConversations = 25;

    /// <summary>How many packets were added.</summary>
    public long Packets { get; private set; }

    internal IReadOnlyList<ReportFile> Files => _files;
    internal long Bytes { get; private set; }
    internal long CapturedBytes { get; private set; }
    internal long TcpConnections { get; private set; }
    internal long UdpConversations { get; private set; }
    internal Timestamp? First { get; private set; }
    internal Timestamp? Last { get; private set; }
    internal TimeSeries Series { get; } = new();
    internal DurationHistogram Handshakes { get; } = new();
    internal DurationHistogram RoundTrips { get; } = new();

    /// <summary>Packets and bytes by the innermost header.</summary>
    internal (long Packets, long Bytes)[] Protocols { get; } = new (long, long)[(int)LayerKind.Wccp + 1];

    /// <summary>Segments by what they are, by bit of <see cref="TcpAnalysis"/>.</summary>
    internal long[] Findings { get; } = new long[16];

    /// <summary>Remarks by code.</summary>
    internal long[] Notes { get; } = new long[(int)NoteCode.DepthLimit + 1];

    internal long Resets { get; private set; }

    /// <summary>The conversations with the most bytes.</summary>
    internal IEnumerable<Flow> Conversations => _candidates.OrderByDescending(f => f.Bytes).ThenBy(f => f.FirstFrame).Take(MaxConversations);

    /// <summary>Tells of a capture that the packets come from.</summary>
    /// <param name="name">Its name, as people know it.</param>
    /// <param name="interfaces">The interfaces it has.</param>
    /// <param name="damage">Where reading it ended early; null where it did not.</param>
    public void AddFile(string name, IReadOnlyList<CaptureInterface> interfaces, CaptureDamage? damage) => _files.Add(new ReportFile(name, interfaces, damage));

    /// <summary>Adds a packet.</summary>
    /// <param name="packet">Its headers.</param>
    /// <param name="flow">What it is in its flow, of a table that analyses.</param>
    public void Add(in PacketHeaders packet, in FlowPacket flow)
    {
        Packets++;
        Bytes += packet.Info.WireLength;
        CapturedBytes += packet.Info.CapturedLength;
        ref (long Packets, long Bytes) protocol = ref Protocols[packet.Layers.IsEmpty ? 0 : (int)packet.Layers[^1].Kind];
        protocol.Packets++;
        protocol.Bytes += packet.Info.WireLength;
        foreach (Note note in packet.Notes) Notes[(int)note.Code]++;

        ref TimeBucket bucket = ref Series.At(SinceFirst(packet.Info.Timestamp));
        bucket.Packets++;
        if (flow.Flow is null) bucket.Other += packet.Info.WireLength;
        else if (flow.IsReverse) bucket.Reverse += packet.Info.WireLength;
        else bucket.Forward += packet.Info.WireLength;
        if (flow.Flow is null) return;
        Remember(flow.Flow);
        if (flow.Flow.Protocol == IpProtocol.Tcp) AddSegment(packet, flow, ref bucket);
    }

    /// <summary>Writes the page.</summary>
    /// <param name="output">Where to.</param>
    /// <exception cref="IOException">The output cannot take it.</exception>
    public void Write(TextWriter output) => new ReportPage(this, output).Write();

    private void AddSegment(in PacketHeaders packet, in FlowPacket flow, ref TimeBucket bucket)
    {
        for (int found = (int)flow.Analysis; found != 0; found &= found - 1) Findings[System.Numerics.BitOperations.TrailingZeroCount(found)]++;
        if ((flow.Analysis & TcpAnalysis.Retransmission) != 0) bucket.Retransmissions++;
        if (flow.RoundTrip is { } roundTrip and >= 0)
        {
            bucket.RoundTrips++;
            bucket.RoundTripMicroseconds += roundTrip / 1000;
            RoundTrips.Add(roundTrip);
        }
        if (flow.EndsHandshake && flow.InitialRoundTrip is { } handshake) Handshakes.Add(handshake);
        if (packet.TryGet(LayerKind.Tcp, out Layer tcp) && TcpView.TryRead(packet.BytesOf(tcp), out TcpView view) && (view.Flags & TcpFlags.Rst) != 0) Resets++;
    }

    /// <summary>Keeps the flows that may be among the largest. One that was let go comes back with its next packet, all counted.</summary>
    private void Remember(Flow flow)
    {
        if (ReferenceEquals(flow, _latest)) return;
        _latest = flow;
        if (flow.Packets == 1)
        {
            if (flow.Protocol == IpProtocol.Tcp) TcpConnections++;
            else UdpConversations++;
        }
        if (!_candidates.Add(flow) || _candidates.Count <= MaxCandidates) return;
        Flow[] largest = [.. _candidates.OrderByDescending(f => f.Bytes).Take(MaxCandidates / 4)];
        _candidates.Clear();
        _candidates.UnionWith(largest);
        _candidates.Add(flow);
    }

    private long SinceFirst(Timestamp? timestamp)
    {
        if (timestamp is not { } at) return Last is { } last ? Nanoseconds(last) : 0;
        First ??= at;
        if (Last is not { } latest || at > latest) Last = at;
        return Nanoseconds(at);
    }

    private long Nanoseconds(Timestamp at) => (long)Int128.Clamp(at - First!.Value, 0, long.MaxValue / 2);
}

/// <summary>A capture of a report.</summary>
internal sealed record ReportFile(string Name, IReadOnlyList<CaptureInterface> Interfaces, CaptureDamage? Damage);
