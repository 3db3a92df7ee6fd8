using NetStack.Analysis;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>How datagrams are put together.</summary>
public sealed record DatagramOptions
{
    /// <summary>What becomes of fragments that overlap.</summary>
    public OverlapPolicy Overlap { get; init; } = OverlapPolicy.First;

    /// <summary>The most datagrams that wait for fragments at once, at least 1; the oldest is given up for the next.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public int MaxDatagrams
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 512;
}

/// <summary>A datagram that is whole.</summary>
public readonly ref struct ReassembledDatagram
{
    internal ReassembledDatagram(FragmentedDatagram datagram) => Datagram = datagram;

    /// <summary>Its payload: what followed the IP header, or the fragment header.</summary>
    public ReadOnlySpan<byte> Payload => Datagram.Payload;

    /// <summary>Its IP header as its first fragment had it; of IPv6 the extension headers in front of the fragment header too.</summary>
    public ReadOnlySpan<byte> Header => Datagram.Header;

    /// <summary>Its source.</summary>
    public IpAddress Source => Datagram.Key.Source;

    /// <summary>Its destination.</summary>
    public IpAddress Destination => Datagram.Key.Destination;

    /// <summary>What its payload is.</summary>
    public IpProtocol Protocol => Datagram.Protocol;

    /// <summary>Its identification.</summary>
    public uint Identification => Datagram.Key.Identification;

    /// <summary>How many fragments it had, duplicates included.</summary>
    public int Fragments => Datagram.Fragments;

    /// <summary>Whether fragments overlapped with different bytes.</summary>
    public bool HasConflict => Datagram.HasConflict;

    internal FragmentedDatagram Datagram { get; }
}

/// <summary>
/// Puts IP datagrams together from the fragments in a capture (RFC 791, RFC 8200 section 4.5), those inside tunnels too. It reads the
/// fragments' bodies, each once. A capture has no end of time: what is not whole waits until room is needed.
/// </summary>
/// <remarks>Not thread-safe. What a call gives is valid until the next.</remarks>
/// <param name="options">How; null for the defaults.</param>
public sealed class DatagramReassembler(DatagramOptions? options = null)
{
    private readonly DatagramOptions _options = options ?? new DatagramOptions();
    private readonly Dictionary<FragmentKey, FragmentedDatagram> _pending = [];
    private readonly Queue<FragmentedDatagram> _byAge = [];
    private readonly Stack<FragmentedDatagram> _free = [];
    private FragmentedDatagram? _given;

    /// <summary>How many datagrams wait for fragments.</summary>
    public int Pending => _pending.Count;

    /// <summary>How many fragments were taken.</summary>
    public long Fragments { get; private set; }

    /// <summary>How many fragments were not: not captured whole, with a wrong header checksum, or such as cannot be.</summary>
    public long FragmentsRefused { get; private set; }

    /// <summary>How many datagrams were given up for lack of room, or since their fragments contradict each other.</summary>
    public long DatagramsGivenUp { get; private set; }

    /// <summary>How many datagrams had fragments that overlap with different bytes, whole or not.</summary>
    public long Conflicts { get; private set; }

    /// <summary>Takes a packet; one without a fragment is passed over.</summary>
    /// <param name="packet">Its headers.</param>
    /// <param name="body">All its bytes.</param>
    /// <param name="meter">Counts what is read of them.</param>
    /// <param name="datagram">The datagram that the packet made whole.</param>
    /// <returns>Whether it made one whole.</returns>
    public bool TryAdd(in PacketHeaders packet, in PacketBody body, FetchMeter meter, out ReassembledDatagram datagram)
    {
        datagram = default;
        Recycle();
        if (!FragmentFinder.TryFind(packet, out FoundFragment fragment)) return false;
        int length = fragment.End - fragment.PayloadOffset;
        bool isTaken = fragment.IsSound && length > 0 && fragment.End <= packet.Info.CapturedLength && fragment.Info.Offset + length <= ushort.MaxValue
            && (!fragment.Info.MoreFragments || length % 8 == 0 || fragment.Info.Key.Source.IsV4);
        if (!isTaken)
        {
            FragmentsRefused++;
            return false;
        }
        Fragments++;
        FragmentedDatagram pending = FindOrBegin(fragment.Info.Key);
        bool hadConflict = pending.HasConflict;
        FragmentOutcome outcome = pending.Add(fragment, packet.Bytes, body, meter, _options.Overlap);
        if (pending.HasConflict && !hadConflict) Conflicts++;
        if (outcome == FragmentOutcome.Contradiction) GiveUp(pending);
        if (outcome != FragmentOutcome.Whole) return false;
        _pending.Remove(fragment.Info.Key);
        pending.IsDone = true;
        _given = pending;
        datagram = new ReassembledDatagram(pending);
        return true;
    }

    private FragmentedDatagram FindOrBegin(in FragmentKey key)
    {
        if (_pending.TryGetValue(key, out FragmentedDatagram? known)) return known;
        while (_pending.Count >= _options.MaxDatagrams) GiveUp(OldestPending());
        FragmentedDatagram begun = _free.TryPop(out FragmentedDatagram? free) ? free : new FragmentedDatagram();
        begun.Begin(key);
        _pending.Add(key, begun);
        _byAge.Enqueue(begun);
        if (_byAge.Count > 2 * _options.MaxDatagrams) DropDone();
        return begun;
    }

    private FragmentedDatagram OldestPending()
    {
        while (true)
        {
            FragmentedDatagram oldest = _byAge.Dequeue();
            if (!oldest.IsDone) return oldest;
        }
    }

    private void DropDone()
    {
        for (int i = _byAge.Count; i > 0; i--)
        {
            FragmentedDatagram datagram = _byAge.Dequeue();
            if (!datagram.IsDone) _byAge.Enqueue(datagram);
            else if (!ReferenceEquals(datagram, _given)) _free.Push(datagram);
        }
    }

    private void GiveUp(FragmentedDatagram datagram)
    {
        _pending.Remove(datagram.Key);
        datagram.IsDone = true;
        DatagramsGivenUp++;
    }

    private void Recycle() => _given = null;
}
