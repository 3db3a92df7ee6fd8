using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// Reads a capture packet by packet: pcap and pcapng, any byte order, gzip or not, from a file, standard input or any stream.
/// It reads in large blocks, takes constant memory, copies no packet and allocates nothing per packet. Damage is a value, not
/// an exception: everything before it is delivered, then <see cref="Damage"/> says what it was.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class CaptureReader : CaptureSource
{
    private readonly BlockSource _source;
    private readonly CaptureFormat _format;
    private int _lent; // bytes of the record or block that the snapshot reads where it lies, still to be passed over

    private CaptureReader(BlockSource source, CaptureFormat format, string name)
    {
        _source = source;
        _format = format;
        Name = name;
        Files = [this];
    }

    /// <summary>The path it was opened with; empty for a stream.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<CaptureReader> Files { get; }

    /// <summary>The file format.</summary>
    public CaptureFileFormat Format => _format is PcapFormat ? CaptureFileFormat.Pcap : CaptureFileFormat.PcapNg;

    /// <summary>The interfaces met so far, by index over the whole file: 65,536 at most, more are damage.</summary>
    public override IReadOnlyList<CaptureInterface> Interfaces => _format.Interfaces;

    /// <summary>Where reading ended early; null while it has not.</summary>
    public CaptureDamage? Damage => _format.Damage;

    /// <summary>The first parts that <see cref="CaptureReaderOptions.Recover"/> passed over, 1,000 at most.</summary>
    public IReadOnlyList<CaptureGap> Skipped => _format.Skipped;

    /// <summary>How many parts were passed over.</summary>
    public long SkippedCount => _format.SkippedCount;

    /// <summary>How many bytes were passed over.</summary>
    public long SkippedBytes => _format.SkippedBytes;

    /// <summary>How many bytes of the uncompressed file were consumed.</summary>
    public override long Position => _source.Position + _lent;

    /// <summary>The memory packets are read into, for whoever registers it with a device.</summary>
    public IReadOnlyList<BufferPool> Pools => _source.Pools;

    /// <summary>How many read blocks wait for users to release what they hold of them.</summary>
    internal int HeldBlocks => _source.HeldBlocks;

    /// <summary>Whether reading on would have to ask the stream for more.</summary>
    internal bool NothingBuffered => _source.Available == 0;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path; <c>-</c> is standard input.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <exception cref="CaptureFormatException">It is no capture, or of a kind that is not read.</exception>
    /// <exception cref="IOException">It is missing, a directory, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CaptureReader Open(string path, CaptureReaderOptions? options = null)
    {
        if (path == "-") return Open(StandardInput.Open(), leaveOpen: false, options, path);
        if (Directory.Exists(path)) throw new IOException($"{path} is a directory");
        return Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan), leaveOpen: false, options, path);
    }

    /// <summary>Opens a stream, which is read forward only.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="leaveOpen">Whether disposing the reader leaves the stream open.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <exception cref="CaptureFormatException">It is no capture, or of a kind that is not read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CaptureReader Open(Stream stream, bool leaveOpen = false, CaptureReaderOptions? options = null) => Open(stream, leaveOpen, options, "");

    /// <summary>
    /// Goes to the next block of any kind, to keep what is not a packet too. A pcap file is given as if each of its packets were
    /// an enhanced packet block. Blocks of more than 128 MiB that are no packets are passed over.
    /// </summary>
    /// <param name="block">The block, valid until the next call.</param>
    /// <returns>False at the end, and where the file is damaged: see <see cref="Damage"/>.</returns>
    public bool TryReadBlock(out CaptureBlock block)
    {
        ReleaseCurrent();
        block = default;
        if (!TryNext(keepsBlocks: true, out Current)) return false;
        block = new CaptureBlock(this, Current);
        return true;
    }

    /// <inheritdoc/>
    public override bool TryReadHeaders(out HeaderSnapshot headers, out PacketInfo info)
    {
        ReleaseCurrent();
        TakeBack();
        if (Damage is not null) return base.TryReadHeaders(out headers, out info);
        _lent = _format.TryLend(Headers, Meter, PacketsRead + 1, out info);
        if (_lent == 0) return base.TryReadHeaders(out headers, out info);
        PacketsRead++;
        headers = Headers;
        return true;
    }

    /// <inheritdoc/>
    internal override bool TryTake(out PacketFields fields) => TryNext(keepsBlocks: false, out fields);

    private protected override void Close() => _source.Dispose();

    private static CaptureReader Open(Stream stream, bool leaveOpen, CaptureReaderOptions? options, string name)
    {
        options ??= new CaptureReaderOptions();
        BlockSource? source = null;
        try
        {
            source = new BlockSource(Uncompression.Of(stream, leaveOpen), options.BlockSize);
            CaptureFormat format = Recognise(source);
            format.Recovers = options.Recover;
            return new CaptureReader(source, format, name);
        }
        catch
        {
            if (source is not null) source.Dispose();
            else if (!leaveOpen) stream.Dispose();
            throw;
        }
    }

    private void TakeBack()
    {
        if (_lent == 0) return;
        _format.Return(_lent);
        _lent = 0;
    }

    private bool TryNext(bool keepsBlocks, out PacketFields fields)
    {
        TakeBack();
        if (Damage is not null || _format.TryRead(keepsBlocks, PacketsRead, out fields) != ReadOutcome.Block)
        {
            fields = default;
            return false;
        }
        if (fields.IsPacket) PacketsRead++;
        return true;
    }

    private static CaptureFormat Recognise(BlockSource source)
    {
        if (!source.Ensure(4))
            throw new CaptureFormatException(source.Failure?.Detail ?? (source.Available == 0 ? "the file is empty" : $"no capture: only {source.Available} bytes"));
        Span<byte> bytes = stackalloc byte[4];
        source.Peek(0, bytes);
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (magic == (uint)CaptureBlockType.SectionHeader) return PcapNgFormat.Open(source);
        if (PcapFormat.IsMagic(magic, out bool isBigEndian, out uint known)) return PcapFormat.Open(source, isBigEndian, known);
        string? name = NameOf(magic);
        throw new CaptureFormatException(name is null ? $"no capture: it begins with 0x{magic:x8}" : $"{name}: not read, convert it to pcapng first");
    }

    private static string? NameOf(uint magic) => magic switch
    {
        0x1C0001AC or 0xAC01001C or 0x1C0001AB or 0xAB01001C => "an Ixia capture",
        0xA1E2CB12 or 0x12CBE2A1 => "a pcap file of a modified format (magic 0xa1e2cb12)",
        0x736E6F6F => "a snoop capture",
        0x52545353 => "a Microsoft Network Monitor 1 capture",
        0x474D4255 => "a Microsoft Network Monitor 2 capture",
        0x54525343 or 0x58435000 => "a Sniffer capture",
        _ => null,
    };
}
