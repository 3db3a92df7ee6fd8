using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>A file format: finds the next packet in a source, and behind damage the next place that looks like one.</summary>
internal abstract class CaptureFormat(BlockSource source)
{
    /// <summary>The most captured bytes of a packet: what libpcap and Wireshark accept.</summary>
    protected const uint MaxCaptured = 262_144;

    /// <summary>The same for link types that carry large messages.</summary>
    private const uint MaxCapturedLarge = 128 * 1024 * 1024;

    private const int MaxGapsKept = 1_000;
    private const int WindowSize = 64 * 1024;

    private readonly List<CaptureGap> _skipped = [];
    private byte[]? _window;

    /// <summary>Whether to go on behind damage.</summary>
    internal bool Recovers { get; set; }

    internal List<CaptureInterface> Interfaces { get; } = [];

    internal CaptureDamage? Damage { get; private set; }

    internal IReadOnlyList<CaptureGap> Skipped => _skipped;

    internal long SkippedCount { get; private set; }

    internal long SkippedBytes { get; private set; }

    protected BlockSource Source { get; } = source;

    /// <summary>Bytes that tell whether a record or block may begin.</summary>
    protected abstract int ProbeLength { get; }

    /// <summary>Finds the next packet, or the next block of any kind. The bodies of <paramref name="fields"/> belong to the caller.</summary>
    /// <param name="keepsBlocks">Whether blocks that hold no packet are given too.</param>
    /// <param name="packetsBefore">How many packets were read.</param>
    /// <param name="fields">What was found.</param>
    internal ReadOutcome TryRead(bool keepsBlocks, long packetsBefore, out PacketFields fields)
    {
        ReadOutcome outcome = ReadNext(keepsBlocks, out fields);
        while (outcome == ReadOutcome.Damaged && Recovers && TryPassDamage(packetsBefore)) outcome = ReadNext(keepsBlocks, out fields);
        return outcome;
    }

    /// <summary>
    /// Begins a snapshot of the next packet where it lies, if that is simple: whole in one block, and nothing odd about it. Nothing
    /// is consumed or judged; where it says false, <see cref="TryRead"/> does it all.
    /// </summary>
    /// <param name="snapshot">Receives the packet.</param>
    /// <param name="meter">Counts what is fetched.</param>
    /// <param name="number">The packet's number.</param>
    /// <param name="info">What the file says of it.</param>
    /// <returns>How many bytes the record or block has, to be passed over; 0 where it is not simple.</returns>
    internal abstract int TryLend(HeaderSnapshot snapshot, FetchMeter meter, long number, out PacketInfo info);

    /// <summary>Passes over what was lent.</summary>
    internal void Return(int length) => Source.Skip(length);

    /// <summary>The most captured bytes a packet of a link type may have.</summary>
    internal static uint MaxCapturedOf(LinkType linkType) => (int)linkType is 231 or 249 or 279 ? MaxCapturedLarge : MaxCaptured; // D-Bus, USBPcap, EBHSCR

    /// <summary>A file whose first header cannot be read.</summary>
    protected static CaptureFormatException Refused(BlockSource source, string detail) =>
        new(source.Failure is { } failure ? failure.ToString() : detail);

    /// <summary>Reads one packet or block. Where it is damaged and <see cref="Recovers"/> is set, nothing of it is consumed.</summary>
    protected abstract ReadOutcome ReadNext(bool keepsBlocks, out PacketFields fields);

    /// <summary>Whether bytes may be the beginning of a record or block. Called for every byte that is passed over, so it looks no further.</summary>
    protected abstract bool MayBegin(ReadOnlySpan<byte> probe);

    /// <summary>Whether what begins so many bytes ahead is a record or block, as far as itself and what follows can tell.</summary>
    protected abstract bool Begins(int ahead);

    protected ReadOutcome Broken(string code, long offset, string detail)
    {
        Damage = Source.Failure is { } failure ? failure with { Offset = offset } : new CaptureDamage(code, offset, detail);
        return ReadOutcome.Damaged;
    }

    protected ReadOutcome Cut(long offset, string what) => Broken("truncated_file", offset, $"the file ends inside {what}");

    /// <summary>Goes to the next place that can be read, a byte further at least.</summary>
    /// <returns>False where there is none: the damage stays.</returns>
    private bool TryPassDamage(long packetsBefore)
    {
        CaptureDamage cause = Damage!;
        long start = Source.Position;
        if (!Source.Skip(1) || !TryFind()) return false;
        SkippedBytes += Source.Position - start;
        Damage = null;
        if (_skipped.Count > 0 && _skipped[^1] is { } last && last.Offset + last.Length == start)
        {
            _skipped[^1] = last with { Length = Source.Position - last.Offset };
            return true;
        }
        SkippedCount++;
        if (_skipped.Count < MaxGapsKept) _skipped.Add(new CaptureGap(start, Source.Position - start, packetsBefore, cause));
        return true;
    }

    private bool TryFind()
    {
        byte[] window = _window ??= new byte[WindowSize];
        while (Source.Ensure(ProbeLength))
        {
            int count = Math.Min(Source.Available, window.Length);
            Source.Peek(0, window.AsSpan(0, count));
            int places = count - ProbeLength + 1;
            for (int i = 0; i < places; i++)
            {
                if (!MayBegin(window.AsSpan(i, ProbeLength)) || !Begins(i)) continue;
                Source.Skip(i);
                return true;
            }
            Source.Skip(places);
        }
        Source.Skip(Source.Available);
        return false;
    }
}
