using NetStack.Memory;

namespace NetStack.Ip;

/// <summary>
/// Puts datagrams together from fragments (RFC 791, 815, 8200, 5722). Fragments are copied out of packet memory when they come,
/// each byte read once, into blocks under one budget; a datagram that is whole is copied into one piece.
/// </summary>
internal sealed class Reassembler
{
    /// <summary>Bytes in a block.</summary>
    internal const int BlockSize = 2048;

    private readonly IpLayerOptions _options;
    private readonly IpDropCounters _drops;
    private readonly BlockPool _blocks;
    private readonly Dictionary<FragmentKey, PendingDatagram> _pending = [];
    private readonly Stack<PendingDatagram> _free = new();
    private byte[]? _compared;
    private readonly AgeList _v4 = new();
    private readonly AgeList _v6 = new();

    internal Reassembler(IpLayerOptions options, IpDropCounters drops)
    {
        _options = options;
        _drops = drops;
        _blocks = new BlockPool(BlockSize, Math.Max(options.ReassemblyMemory, 2 * (ushort.MaxValue + 1)));
    }

    /// <summary>Datagrams under reassembly.</summary>
    internal int Count => _pending.Count;

    /// <summary>Blocks that fragments take.</summary>
    internal int BlocksHeld => _blocks.Held;

    /// <summary>When the oldest datagram's time is over; null when there is none.</summary>
    internal Instant? NextDeadline => Instant.Earliest(_v4.Oldest?.Deadline, _v6.Oldest?.Deadline);

    /// <summary>Takes a fragment.</summary>
    /// <param name="fragment">What it says.</param>
    /// <param name="header">Its headers, private; kept of the first fragment.</param>
    /// <param name="bytes">Its bytes after the headers, not empty, ending at 65535 at most.</param>
    /// <param name="now">The present.</param>
    /// <returns>The datagram when it is whole: the caller copies it out and calls <see cref="Remove"/>.</returns>
    internal PendingDatagram? Add(in FragmentInfo fragment, ReadOnlySpan<byte> header, scoped InboundBytes bytes, Instant now)
    {
        PendingDatagram datagram = FindOrBegin(fragment.Key, now);
        if (datagram.IsDead) return Drop(IpDropReason.OverlappingFragments);
        int end = fragment.Offset + bytes.Length;
        if (!AgreesOnEnd(datagram, fragment.MoreFragments, end)) return Refuse(datagram, IpDropReason.BadFragmentOffset);
        if (datagram.Fragments == _options.MaxFragments) return Kill(datagram, IpDropReason.TooManyFragments);
        switch (datagram.Ranges.Add(fragment.Offset, end, _options.OverlapPolicy))
        {
            case FragmentFit.Overlap:
                return Kill(datagram, IpDropReason.OverlappingFragments);
            case FragmentFit.SameRange when !IsSame(datagram, fragment.Offset, bytes):
                return Kill(datagram, IpDropReason.OverlappingFragments);
            case FragmentFit.SameRange:
                return Drop(IpDropReason.DuplicateFragment);
            case FragmentFit.Nothing:
                _drops.Add(IpDropReason.DuplicateFragment);
                break; // it may still be the one that says where the datagram ends
            default:
                if (!TryKeep(datagram, fragment.Offset, bytes)) return Evict(datagram, IpDropReason.ReassemblyMemory);
                break;
        }
        datagram.Fragments++;
        if (!fragment.MoreFragments) datagram.Total = end;
        datagram.EcnSeen |= 1 << (fragment.TrafficClass & 3);
        if (fragment.Offset == 0 && !datagram.HasFirst) datagram.SetFirst(fragment, header);
        return datagram.Ranges.Received == datagram.Total && datagram.HasFirst ? datagram : null;
    }

    /// <summary>The oldest datagram whose time is over; the caller tells the sender and calls <see cref="Remove"/>.</summary>
    internal PendingDatagram? NextExpired(Instant now)
    {
        if (_v4.Oldest is { } v4 && v4.Deadline <= now) return v4;
        return _v6.Oldest is { } v6 && v6.Deadline <= now ? v6 : null;
    }

    /// <summary>Copies the first bytes of a datagram that have come; the caller knows how many there are.</summary>
    internal void CopyTo(PendingDatagram datagram, Span<byte> destination)
    {
        for (int at = 0; at < destination.Length; at += BlockSize)
        {
            int part = Math.Min(BlockSize, destination.Length - at);
            _blocks.Block(datagram.Blocks[at / BlockSize])[..part].CopyTo(destination[at..]);
        }
    }

    /// <summary>Forgets a datagram and gives its blocks back.</summary>
    internal void Remove(PendingDatagram datagram)
    {
        ReleaseBlocks(datagram);
        ListOf(datagram.Key).Remove(datagram);
        _pending.Remove(datagram.Key);
        _free.Push(datagram);
    }

    private PendingDatagram FindOrBegin(in FragmentKey key, Instant now)
    {
        if (_pending.TryGetValue(key, out PendingDatagram? datagram)) return datagram;
        MakeRoom(key);
        datagram = _free.TryPop(out PendingDatagram? free) ? free : new PendingDatagram(_options.MaxFragments);
        datagram.Begin(key, now + (key.Source.IsV4 ? _options.ReassemblyTimeoutV4 : _options.ReassemblyTimeoutV6));
        _pending.Add(key, datagram);
        ListOf(key).Add(datagram);
        return datagram;
    }

    private void MakeRoom(in FragmentKey key)
    {
        PendingDatagram? oldestOfSource = null;
        int ofSource = 0;
        for (PendingDatagram? d = ListOf(key).Oldest; d is not null; d = d.Newer)
        {
            if (d.Key.Source != key.Source) continue;
            oldestOfSource ??= d;
            ofSource++;
        }
        if (ofSource >= _options.MaxReassembliesPerSource) Evict(oldestOfSource!, IpDropReason.ReassemblyEvicted);
        else if (_pending.Count >= _options.MaxReassemblies) Evict(Oldest()!, IpDropReason.ReassemblyEvicted);
    }

    /// <summary>Whether a fragment's end agrees with what is known of the datagram's.</summary>
    private static bool AgreesOnEnd(PendingDatagram datagram, bool moreFragments, int end) =>
        moreFragments ? datagram.Total < 0 || end <= datagram.Total : datagram.Total == end || (datagram.Total < 0 && end >= datagram.Ranges.End);

    private bool IsSame(PendingDatagram datagram, int offset, scoped InboundBytes bytes)
    {
        ChecksumAccumulator ignored = default;
        Span<byte> copy = (_compared ??= new byte[ushort.MaxValue + 1]).AsSpan(0, bytes.Length);
        bytes.CopyTo(copy, ref ignored);
        for (int done = 0; done < copy.Length;)
        {
            int at = offset + done;
            int part = Math.Min(BlockSize - at % BlockSize, copy.Length - done);
            if (!_blocks.Block(datagram.Blocks[at / BlockSize]).Slice(at % BlockSize, part).SequenceEqual(copy.Slice(done, part))) return false;
            done += part;
        }
        return true;
    }

    /// <summary>Copies the parts of a fragment that the policy keeps to their place.</summary>
    private bool TryKeep(PendingDatagram datagram, int offset, scoped InboundBytes bytes)
    {
        ChecksumAccumulator ignored = default;
        foreach (ByteRange piece in datagram.Ranges.Pieces)
        {
            for (int at = piece.Start; at < piece.End;)
            {
                int index = at / BlockSize;
                if (datagram.Blocks[index] < 0 && (datagram.Blocks[index] = RentFor(datagram)) < 0) return false;
                int part = Math.Min(BlockSize - at % BlockSize, piece.End - at);
                bytes.Slice(at - offset, part).CopyTo(_blocks.Block(datagram.Blocks[index]).Slice(at % BlockSize, part), ref ignored);
                at += part;
            }
        }
        return true;
    }

    /// <summary>A free block; the oldest other datagrams make room. -1 when there is no other.</summary>
    private int RentFor(PendingDatagram datagram)
    {
        while (true)
        {
            int block = _blocks.TryRent();
            if (block >= 0) return block;
            PendingDatagram? oldest = Oldest();
            if (oldest == datagram) oldest = datagram.Newer ?? (ListOf(datagram.Key) == _v4 ? _v6.Oldest : _v4.Oldest);
            if (oldest is null) return -1;
            Evict(oldest, IpDropReason.ReassemblyEvicted);
        }
    }

    private PendingDatagram? Oldest()
    {
        if (_v4.Oldest is not { } v4) return _v6.Oldest;
        if (_v6.Oldest is not { } v6) return v4;
        return v4.Deadline <= v6.Deadline ? v4 : v6;
    }

    /// <summary>RFC 5722: the fragments that came and those that will come are dropped, and no error is sent.</summary>
    private PendingDatagram? Kill(PendingDatagram datagram, IpDropReason reason)
    {
        _drops.Add(reason);
        ReleaseBlocks(datagram);
        datagram.IsDead = true;
        return null;
    }

    private PendingDatagram? Refuse(PendingDatagram datagram, IpDropReason reason) =>
        _options.OverlapPolicy == OverlapPolicy.Reject ? Kill(datagram, reason) : Drop(reason);

    private PendingDatagram? Evict(PendingDatagram datagram, IpDropReason reason)
    {
        _drops.Add(reason);
        Remove(datagram);
        return null;
    }

    private PendingDatagram? Drop(IpDropReason reason)
    {
        _drops.Add(reason);
        return null;
    }

    private void ReleaseBlocks(PendingDatagram datagram)
    {
        for (int i = 0; i < datagram.Blocks.Length; i++)
        {
            if (datagram.Blocks[i] < 0) continue;
            _blocks.Release(datagram.Blocks[i]);
            datagram.Blocks[i] = -1;
        }
    }

    private AgeList ListOf(in FragmentKey key) => key.Source.IsV4 ? _v4 : _v6;

    /// <summary>Datagrams by age.</summary>
    private sealed class AgeList
    {
        private PendingDatagram? _newest;

        internal PendingDatagram? Oldest { get; private set; }

        internal void Add(PendingDatagram datagram)
        {
            datagram.Older = _newest;
            datagram.Newer = null;
            if (_newest is null) Oldest = datagram;
            else _newest.Newer = datagram;
            _newest = datagram;
        }

        internal void Remove(PendingDatagram datagram)
        {
            if (datagram.Older is null) Oldest = datagram.Newer;
            else datagram.Older.Newer = datagram.Newer;
            if (datagram.Newer is null) _newest = datagram.Older;
            else datagram.Newer.Older = datagram.Older;
            datagram.Older = null;
            datagram.Newer = null;
        }
    }
}
