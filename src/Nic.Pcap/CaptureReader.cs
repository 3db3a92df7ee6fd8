using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Nic.Pcap;

namespace NetStack;

/// <summary>
/// Reads a capture packet by packet: pcap and pcapng, any byte order, gzip or not, from a file, standard input or any stream.
/// It reads in large blocks, takes constant memory, copies no packet and allocates nothing per packet. Damage is a value, not
/// an exception: everything before it is delivered, then <see cref="Damage"/> says what it was.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
public sealed class CaptureReader : IDisposable
{
    private readonly BlockSource _source;
    private readonly CaptureFormat _format;
    private PacketFields _current;

    private CaptureReader(BlockSource source, CaptureFormat format)
    {
        _source = source;
        _format = format;
    }

    /// <summary>Counts what was fetched of the packets' headers and bodies.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>The file format.</summary>
    public CaptureFileFormat Format => _format is PcapFormat ? CaptureFileFormat.Pcap : CaptureFileFormat.PcapNg;

    /// <summary>The interfaces met so far, by index over the whole file.</summary>
    public IReadOnlyList<CaptureInterface> Interfaces => _format.Interfaces;

    /// <summary>Where reading ended early; null while it has not.</summary>
    public CaptureDamage? Damage => _format.Damage;

    /// <summary>How many packets were read.</summary>
    public long PacketsRead { get; private set; }

    /// <summary>How many bytes of the uncompressed file were consumed.</summary>
    public long Position => _source.Position;

    /// <summary>The memory packets are read into, for whoever registers it with a device.</summary>
    public IReadOnlyList<BufferPool> Pools => _source.Pools;

    /// <summary>How many read blocks wait for users to release what they hold of them.</summary>
    internal int HeldBlocks => _source.HeldBlocks;

    /// <summary>Whether reading on would have to ask the stream for more.</summary>
    internal bool NothingBuffered => _source.Available == 0;

    /// <summary>Counts what was read of options, which are no part of a packet.</summary>
    internal FetchMeter OptionMeter { get; } = new();

    /// <summary>The snapshot of the present packet.</summary>
    internal HeaderSnapshot Headers { get; } = new();

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path; <c>-</c> is standard input.</param>
    /// <exception cref="CaptureFormatException">It is no capture, or of a kind that is not read.</exception>
    /// <exception cref="IOException">It is missing, a directory, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static CaptureReader Open(string path)
    {
        if (path == "-") return Open(Console.OpenStandardInput());
        if (Directory.Exists(path)) throw new IOException($"{path} is a directory");
        return Open(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan));
    }

    /// <summary>Opens a stream, which is read forward only.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="leaveOpen">Whether disposing the reader leaves the stream open.</param>
    /// <exception cref="CaptureFormatException">It is no capture, or of a kind that is not read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CaptureReader Open(Stream stream, bool leaveOpen = false)
    {
        BlockSource? source = null;
        try
        {
            source = new BlockSource(Uncompress(stream, leaveOpen));
            return new CaptureReader(source, Recognise(source));
        }
        catch
        {
            if (source is not null) source.Dispose();
            else if (!leaveOpen) stream.Dispose();
            throw;
        }
    }

    /// <summary>Goes to the next packet.</summary>
    /// <param name="record">The packet, valid until the next call.</param>
    /// <returns>False at the end, and where the file is damaged: see <see cref="Damage"/>.</returns>
    public bool TryRead(out CaptureRecord record)
    {
        ReleaseCurrent();
        if (!TryTake(out _current))
        {
            record = default;
            return false;
        }
        record = CurrentRecord();
        return true;
    }

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
        if (!TryNext(keepsBlocks: true, out _current)) return false;
        block = new CaptureBlock(this, _current);
        return true;
    }

    /// <summary>Goes to the next packet and gives its bodies away: the caller releases them.</summary>
    internal bool TryTake(out PacketFields fields) => TryNext(keepsBlocks: false, out fields);

    /// <summary>The present packet as a record.</summary>
    internal CaptureRecord CurrentRecord()
    {
        Headers.Begin(_current.Body, Meter);
        return new CaptureRecord(this, _current, PacketsRead);
    }

    /// <summary>Closes the file. Bodies that were shared stay valid until they are released.</summary>
    public void Dispose()
    {
        ReleaseCurrent();
        _source.Dispose();
    }

    private bool TryNext(bool keepsBlocks, out PacketFields fields)
    {
        if (Damage is not null || _format.TryRead(keepsBlocks, out fields) != ReadOutcome.Block)
        {
            fields = default;
            return false;
        }
        if (fields.IsPacket) PacketsRead++;
        return true;
    }

    private void ReleaseCurrent()
    {
        _current.Body.Release();
        _current.Options.Release();
        _current = default;
    }

    private static Stream Uncompress(Stream stream, bool leaveOpen)
    {
        byte[] prefix = new byte[4];
        int length = stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false);
        PrefixStream whole = new(prefix, length, stream, leaveOpen);
        if (length >= 2 && prefix[0] == 0x1F && prefix[1] == 0x8B) return new GunzipStream(whole);
        if (length == 4 && BinaryPrimitives.ReadUInt32LittleEndian(prefix) is 0xFD2FB528)
            throw new CaptureFormatException("a zstd file: uncompress it first (zstd -dc FILE | netstack inspect -)");
        if (length == 4 && BinaryPrimitives.ReadUInt32LittleEndian(prefix) is 0x184D2204)
            throw new CaptureFormatException("an lz4 file: uncompress it first (lz4 -dc FILE | netstack inspect -)");
        return whole;
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
