using System.Buffers.Binary;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

/// <summary>An exact flow table with a parser of its own, so that it is no mirror of the code under test.</summary>
internal sealed class MemoryFlowTable(int room) : IFlowSteering
{
    private readonly List<(FlowRule Rule, FlowTag Tag)> _rules = [];
    private readonly Dictionary<FlowTag, long> _hits = [];
    private readonly uint[] _generations = new uint[room + 1];

    public int Room => room - _rules.Count;

    /// <summary>Refuses every rule although there is room, as a device may.</summary>
    public bool Refuse { get; set; }

    public IReadOnlyList<(FlowRule Rule, FlowTag Tag)> Rules => _rules;

    public bool TryAdd(FlowRule rule, out FlowTag tag)
    {
        tag = default;
        if (Refuse || Room == 0) return false;
        uint id = 1;
        while (_rules.Any(r => r.Tag.Id == id)) id++;
        tag = new FlowTag(id, ++_generations[id]);
        _rules.Add((rule, tag));
        return true;
    }

    public bool Remove(FlowTag tag) => _rules.RemoveAll(r => r.Tag == tag) > 0;

    public long HitsOf(FlowTag tag) => _hits.GetValueOrDefault(tag);

    public void Place(ReadOnlySpan<byte> frame, ref int queue, ref FlowTag tag)
    {
        foreach ((FlowRule rule, FlowTag ruleTag) in _rules)
        {
            if (!Matches(rule.Match, frame)) continue;
            _hits[ruleTag] = HitsOf(ruleTag) + 1;
            queue = rule.Queue;
            tag = ruleTag;
            return;
        }
    }

    private static bool Matches(FlowMatch match, ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 14) return false;
        if (match.DestinationMac is { } mac && mac != MacAddress.Read(frame)) return false;
        int at = 12;
        int vlan = -1;
        while (frame.Length >= at + 6 && frame[at] == 0x81 && frame[at + 1] == 0)
        {
            if (vlan < 0) vlan = BinaryPrimitives.ReadUInt16BigEndian(frame[(at + 2)..]) & 0xFFF;
            at += 4;
        }
        if (match.Vlan is { } wantedVlan && wantedVlan != vlan) return false;
        int type = BinaryPrimitives.ReadUInt16BigEndian(frame[at..]);
        if (match.EtherType is { } wantedType && (int)wantedType != type) return false;
        bool wantsIp = match.Source is not null || match.Destination is not null || match.Protocol is not null || match.SourcePort is not null
            || match.DestinationPort is not null;
        return !wantsIp || (type == 0x0800 && MatchesV4(match, frame[(at + 2)..])) || (type == 0x86DD && MatchesV6(match, frame[(at + 2)..]));
    }

    private static bool MatchesV4(FlowMatch match, ReadOnlySpan<byte> ip)
    {
        if (ip.Length < 20) return false;
        bool later = (BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x1FFF) != 0;
        return MatchesAddresses(match, IpAddress.ReadV4(ip[12..]), IpAddress.ReadV4(ip[16..]))
            && MatchesTransport(match, ip[9], ip[((ip[0] & 15) * 4)..], later);
    }

    private static bool MatchesV6(FlowMatch match, ReadOnlySpan<byte> ip) =>
        ip.Length >= 40 && MatchesAddresses(match, IpAddress.ReadV6(ip[8..]), IpAddress.ReadV6(ip[24..])) && MatchesTransport(match, ip[6], ip[40..], false);

    private static bool MatchesAddresses(FlowMatch match, IpAddress source, IpAddress destination) =>
        (match.Source is not { } s || s == source) && (match.Destination is not { } d || d == destination);

    private static bool MatchesTransport(FlowMatch match, byte protocol, ReadOnlySpan<byte> transport, bool later)
    {
        if (match.Protocol is { } wanted && (byte)wanted != protocol) return false;
        if (match.SourcePort is null && match.DestinationPort is null) return true;
        if (protocol is not (6 or 17) || later || transport.Length < 4) return false;
        return (match.SourcePort is not { } s || s == BinaryPrimitives.ReadUInt16BigEndian(transport))
            && (match.DestinationPort is not { } d || d == BinaryPrimitives.ReadUInt16BigEndian(transport[2..]));
    }
}
