using System.Runtime.CompilerServices;
using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// The TCP and UDP conversations of a capture, in the order of their first packets. A SYN whose sequence number is not that of the
/// running connection of the same ends opens another conversation. Inside tunnels each transport header counts for its own. Memory
/// is bounded: a table that is full gives up the flows that were idle longest, and says so.
/// </summary>
/// <remarks>Not thread-safe. Allocates per conversation, never per packet.</remarks>
public sealed class FlowTable
{
    private const int EvictedPart = 16; // of a full table, so that finding the idle ones is seldom

    private readonly int _maxFlows;
    private readonly bool _analyses;
    private readonly FlowHash _hash;
    private readonly List<Flow> _flows = [];
    private Slot[] _slots = new Slot[1024]; // open addressing, linear probing, never more than half full
    private int _current; // slots in use
    private int _tcpStreams;
    private int _udpStreams;

    /// <summary>An empty table.</summary>
    /// <param name="maxFlows">The most conversations that are held at once; at least 1. One takes about 250 bytes, analysed some hundred more.</param>
    /// <param name="analyse">Whether TCP is analysed: see <see cref="Flow.Totals"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxFlows"/> is not positive.</exception>
    public FlowTable(int maxFlows, bool analyse = true)
        : this(maxFlows, analyse, FlowHash.OfProcess())
    {
    }

    internal FlowTable(int maxFlows, bool analyse, FlowHash hash)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxFlows, 1);
        _maxFlows = maxFlows;
        _analyses = analyse;
        _hash = hash;
    }

    private struct Slot
    {
        internal Flow? Flow;
        internal uint Tag; // the hash's upper half: almost no flow is looked at in vain
    }

    /// <summary>Takes the flows that a full table gives up, those that were idle longest first. Called from <see cref="Add(in PacketHeaders)"/>.</summary>
    public Action<Flow>? Evicted { get; init; }

    /// <summary>The conversations that are held, in the order of their first packets.</summary>
    public IReadOnlyList<Flow> Flows => _flows;

    /// <summary>How many conversations were met, those given up included.</summary>
    public long Met => (long)_tcpStreams + _udpStreams;

    /// <summary>How many conversations were given up. What comes of one of them later counts as another.</summary>
    public long EvictedFlows { get; private set; }

    /// <summary>How many packets they had.</summary>
    public long EvictedPackets { get; private set; }

    /// <summary>How many bytes they had.</summary>
    public long EvictedBytes { get; private set; }

    /// <summary>Steps beyond the first slot, over all look-ups: how much keys collide.</summary>
    internal long Probes { get; private set; }

    /// <summary>The conversations that are held, those with the most bytes first.</summary>
    public IEnumerable<Flow> ByBytes() => _flows.OrderByDescending(f => f.Bytes);

    /// <summary>The conversations that are held, those with the most packets first.</summary>
    public IEnumerable<Flow> ByPackets() => _flows.OrderByDescending(f => f.Packets);

    /// <summary>The conversations that are held, those with the most segments sent again first.</summary>
    public IEnumerable<Flow> ByRetransmissions() => _flows.OrderByDescending(f => f.Retransmissions);

    /// <summary>Counts a packet for each TCP and UDP header in it.</summary>
    /// <returns>What is known of it in the flow of the innermost one; the default where it has none.</returns>
    public FlowPacket Add(in PacketHeaders packet)
    {
        FlowPacket known = default;
        ReadOnlySpan<Layer> layers = packet.Layers;
        for (int i = 1, network = -1; i < layers.Length; i++)
        {
            if (layers[i - 1].Kind is LayerKind.Ipv4 or LayerKind.Ipv6) network = i - 1;
            if (layers[i].Kind is not (LayerKind.Tcp or LayerKind.Udp) || network < 0) continue;
            if (!FlowFacts.TryRead(packet, layers[network], layers[i], out FlowFacts facts)) continue;
            Flow flow = Count(facts, out bool isReverse);
            known = flow.Tcp is { } tcp ? Analyse(flow, tcp, packet, layers[i], facts, isReverse) : new FlowPacket { IsReverse = isReverse };
            known = known with { Flow = flow, Stream = flow.Stream };
        }
        return known;
    }

    /// <summary>
    /// Counts a packet as <see cref="Add(in PacketHeaders)"/> does, decoding no more of it than a conversation needs: for whoever
    /// wants nothing else of the packet. Where the table analyses, there is nothing to be saved.
    /// </summary>
    /// <param name="headers">The packet's snapshot.</param>
    /// <param name="info">What else is known of it.</param>
    public void Add(HeaderSnapshot headers, in PacketInfo info)
    {
        FlowFacts facts = default;
        PlainPacket plain = _analyses ? PlainPacket.Other : PlainHeaders.Read(headers, info, ref facts);
        if (plain == PlainPacket.HasFlow) Count(facts, out _);
        else if (plain == PlainPacket.Other) AddDecoded(headers, info);
    }

    [MethodImpl(MethodImplOptions.NoInlining)] // keeps the large frame of a decoded packet out of the quick path
    private void AddDecoded(HeaderSnapshot headers, in PacketInfo info) => Add(PacketHeaders.Decode(headers, info));

    private static FlowPacket Analyse(Flow flow, TcpFlowState tcp, in PacketHeaders packet, in Layer layer, in FlowFacts facts, bool isReverse)
    {
        FlowPacket known = tcp.Add(packet, layer, isReverse);
        flow.Totals!.Add(known, facts.Flags);
        return known;
    }

    /// <summary>Finds or opens a packet's conversation, and counts the packet.</summary>
    internal Flow Count(in FlowFacts facts, out bool isReverse)
    {
        ulong hash = _hash.Of(facts);
        Slot[] slots = _slots;
        int mask = slots.Length - 1;
        uint tag = (uint)(hash >> 32);
        for (int at = (int)hash & mask; ; at = (at + 1) & mask)
        {
            ref Slot slot = ref slots[at];
            Flow? flow = slot.Flow;
            if (flow is null) break;
            if (slot.Tag == tag && flow.Matches(facts, out isReverse))
            {
                if (facts.IsTcp && flow.IsEndedBy(facts, isReverse)) slot.Flow = flow = Replace(flow, facts, out isReverse);
                flow.Count(facts, isReverse);
                return flow;
            }
            Probes++;
        }
        isReverse = false;
        Flow opened = Open(facts, hash, reusesPorts: false);
        Insert(opened);
        opened.Count(facts, isReverse);
        return opened;
    }

    /// <summary>The next connection between the same ends: it takes over the slot.</summary>
    private Flow Replace(Flow ended, in FlowFacts facts, out bool isReverse)
    {
        isReverse = false;
        Flow opened = Open(facts, ended.Hash, reusesPorts: true);
        ended.IsCurrent = false;
        return opened;
    }

    private Flow Open(in FlowFacts facts, ulong hash, bool reusesPorts)
    {
        if (_flows.Count == _maxFlows) Evict();
        Flow flow = new(facts, hash, facts.IsTcp ? _tcpStreams++ : _udpStreams++);
        if (_analyses && facts.IsTcp)
        {
            flow.Tcp = new TcpFlowState(reusesPorts);
            flow.Totals = new TcpTotals();
        }
        _flows.Add(flow);
        return flow;
    }

    private void Insert(Flow flow)
    {
        if ((_current + 1) * 2 > _slots.Length) Rebuild(_slots.Length * 2);
        Place(flow);
    }

    private void Place(Flow flow)
    {
        int mask = _slots.Length - 1;
        int at = (int)flow.Hash & mask;
        while (_slots[at].Flow is not null) at = (at + 1) & mask;
        _slots[at] = new Slot { Flow = flow, Tag = (uint)(flow.Hash >> 32) };
        _current++;
    }

    private void Rebuild(int size)
    {
        _slots = new Slot[size];
        _current = 0;
        foreach (Flow flow in _flows)
        {
            if (flow.IsCurrent) Place(flow);
        }
    }

    /// <summary>Gives up a part of the flows, those that were idle longest, ended connections included.</summary>
    private void Evict()
    {
        int count = Math.Max(1, _maxFlows / EvictedPart);
        Flow[] byIdle = [.. _flows.OrderBy(f => f.LastFrame).Take(count)];
        foreach (Flow flow in byIdle)
        {
            flow.IsEvicted = true;
            EvictedFlows++;
            EvictedPackets += flow.Packets;
            EvictedBytes += flow.Bytes;
            Evicted?.Invoke(flow);
        }
        _flows.RemoveAll(f => f.IsEvicted);
        Rebuild(_slots.Length);
    }
}
