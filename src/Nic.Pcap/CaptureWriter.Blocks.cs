using System.Buffers.Binary;
using System.Text;
using NetStack.Memory;
using NetStack.Nic.Pcap;

namespace NetStack;

/// <summary>What a capture holds besides packets, and copying from another capture.</summary>
public sealed partial class CaptureWriter
{
    private const ushort RecordEnd = 0;
    private const ushort RecordIpv4 = 1;
    private const ushort RecordIpv6 = 2;
    private const int MaxName = 65_000;

    private readonly Dictionary<CaptureSource, List<int>> _interfacesOf = [];
    private CaptureSource? _lastSource;
    private List<int> _lastInterfaces = [];

    /// <summary>How many blocks of other captures could not be copied: pcap holds packets only, and a block of a kind that is not
    /// known, from a file of the other byte order, would be read wrong here. Those that must not be copied are not counted.</summary>
    public long BlocksLeftOut { get; private set; }

    /// <summary>Begins a section, with interfaces of its own. Before anything else was written it is the first.</summary>
    /// <param name="section">What it says of itself; null for nothing.</param>
    /// <exception cref="ArgumentException">A text is too long.</exception>
    /// <exception cref="NotSupportedException">A pcap file has no sections.</exception>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void BeginSection(CaptureSection? section = null)
    {
        Check(section);
        PcapNg().Section(section ?? new CaptureSection(), default);
    }

    /// <summary>Writes what an interface counted.</summary>
    /// <param name="interfaceIndex">The interface, of the present section.</param>
    /// <param name="at">When the figures were taken.</param>
    /// <param name="statistics">The figures.</param>
    /// <param name="comment">A comment.</param>
    /// <exception cref="ArgumentException">There is no such interface in this section, or the comment is too long.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The interface's time unit cannot hold a time.</exception>
    /// <exception cref="NotSupportedException">A pcap file has no place for them.</exception>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void WriteStatistics(int interfaceIndex, Timestamp at, in InterfaceStatistics statistics, string? comment = null)
    {
        PcapNgEncoder encoder = PcapNg();
        if ((uint)interfaceIndex >= (uint)_interfaces.Count || interfaceIndex < encoder.SectionInterface)
            throw new ArgumentException($"Interface {interfaceIndex} was not added to this section.", nameof(interfaceIndex));
        CheckText(comment, nameof(comment));
        CaptureInterface on = _interfaces[interfaceIndex];
        ulong time = Units(on, at)!.Value;
        ulong? start = Units(on, statistics.Start), end = Units(on, statistics.End);
        encoder.Start(CaptureBlockType.InterfaceStatistics);
        encoder.Number((uint)(interfaceIndex - encoder.SectionInterface));
        encoder.Time(time);
        encoder.TimeOption(OptionCode.StartTime, start);
        encoder.TimeOption(OptionCode.EndTime, end);
        encoder.Option(OptionCode.Received, statistics.Received);
        encoder.Option(OptionCode.Dropped, statistics.Dropped);
        encoder.Option(OptionCode.FilterAccepted, statistics.FilterAccepted);
        encoder.Option(OptionCode.OsDropped, statistics.OsDropped);
        encoder.Option(OptionCode.Delivered, statistics.Delivered);
        encoder.Text(OptionCode.Comment, comment);
        encoder.End();
    }

    /// <summary>Writes names of addresses.</summary>
    /// <exception cref="ArgumentException">An address is none, or a name is too long or holds a zero byte.</exception>
    /// <exception cref="NotSupportedException">A pcap file has no place for them.</exception>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void WriteNames(params ReadOnlySpan<CaptureName> names)
    {
        PcapNgEncoder encoder = PcapNg();
        Span<byte> address = stackalloc byte[16];
        encoder.Start(CaptureBlockType.NameResolution);
        foreach (CaptureName name in names)
        {
            if (name.Address.IsNone) throw new ArgumentException("A name is of no address.", nameof(names));
            byte[] text = Encoding.UTF8.GetBytes(name.Name + "\0");
            if (text.Length > MaxName || text.AsSpan().IndexOf((byte)0) != text.Length - 1) throw new ArgumentException("A name is too long or holds a zero byte.", nameof(names));
            int size = name.Address.Write(address);
            encoder.Option(name.Address.IsV4 ? RecordIpv4 : RecordIpv6, address[..size], text);
        }
        encoder.Option(RecordEnd, ReadOnlySpan<byte>.Empty);
        encoder.End();
    }

    /// <summary>Writes secrets that decrypt packets; readers expect them before the packets they are for.</summary>
    /// <exception cref="NotSupportedException">A pcap file has no place for them.</exception>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void WriteSecrets(CaptureSecrets kind, ReadOnlySpan<byte> secrets)
    {
        PcapNgEncoder encoder = PcapNg();
        encoder.Start(CaptureBlockType.DecryptionSecrets);
        encoder.Number((uint)kind);
        encoder.Number((uint)secrets.Length);
        encoder.Bytes(secrets);
        encoder.End();
    }

    /// <summary>Writes a block as it is; the padding and both lengths are added.</summary>
    /// <param name="type">Its type: none that this writer keeps account of.</param>
    /// <param name="content">What lies between the lengths, its numbers little-endian.</param>
    /// <exception cref="ArgumentException">It is a section, an interface or a packet: there are other methods for these.</exception>
    /// <exception cref="NotSupportedException">A pcap file has no place for it.</exception>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void WriteBlock(CaptureBlockType type, ReadOnlySpan<byte> content)
    {
        if (type is CaptureBlockType.SectionHeader or CaptureBlockType.InterfaceDescription || new PacketFields { Type = type }.IsPacket)
            throw new ArgumentException($"A block of type {type} is not written as it is.", nameof(type));
        PcapNgEncoder encoder = PcapNg();
        encoder.Start(type);
        encoder.Bytes(content);
        encoder.End();
    }

    /// <summary>
    /// Copies a packet of another capture, its comments and other options with it. The interfaces it needs are added as they
    /// are there: copying a whole capture keeps their numbers.
    /// </summary>
    /// <param name="record">The packet.</param>
    /// <param name="comment">A further comment.</param>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, int, Timestamp?, int, string?, PacketDirection)" path="/exception"/>
    public void Write(in CaptureRecord record, string? comment = null) => Write(record, record.CapturedLength, comment);

    /// <summary>Copies the first bytes of a packet of another capture, as <see cref="Write(in CaptureRecord, string?)"/> does.</summary>
    /// <param name="record">The packet.</param>
    /// <param name="length">How many of its bytes at most; the length on the wire stays.</param>
    /// <param name="comment">A further comment.</param>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, int, Timestamp?, int, string?, PacketDirection)" path="/exception"/>
    public void Write(in CaptureRecord record, int length, string? comment = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        CheckText(comment, nameof(comment));
        bool cuts = length < record.CapturedLength;
        PacketBody body = cuts ? record.Body.Share(0, length) : record.Body;
        try
        {
            Encode(new PacketToWrite
            {
                Body = body,
                On = _interfaces[InterfaceOf(record.Source, record.InterfaceIndex)],
                WireLength = record.WireLength,
                Timestamp = record.Timestamp,
                Comment = comment,
                Options = new EncodedOptions(Private(record.Options), record.IsBigEndian),
            });
        }
        finally
        {
            if (cuts) body.Release();
        }
    }

    /// <summary>Copies a packet of another capture with other bytes in place of its own, which are not read.</summary>
    /// <param name="record">The packet.</param>
    /// <param name="bytes">The bytes, no more than the packet has on the wire.</param>
    /// <inheritdoc cref="Write(in CaptureRecord, string?)" path="/exception"/>
    public void Write(in CaptureRecord record, ReadOnlySpan<byte> bytes) => Encode(new PacketToWrite
    {
        Head = bytes,
        On = _interfaces[InterfaceOf(record.Source, record.InterfaceIndex)],
        WireLength = record.WireLength,
        Timestamp = record.Timestamp,
        Options = new EncodedOptions(Private(record.Options), record.IsBigEndian),
    });

    /// <summary>
    /// Copies a block of another capture, whatever it holds, in our byte order: with <see cref="CaptureReader.TryReadBlock"/>, how
    /// to keep everything of a file. What cannot be copied is left out and counted.
    /// </summary>
    /// <inheritdoc cref="Write(in CaptureRecord, string?)" path="/exception"/>
    public void Write(in CaptureBlock block)
    {
        if (block.TryGetRecord(out CaptureRecord record)) Write(record);
        else if (block.Type == CaptureBlockType.CustomNotCopied) return;
        else if (block.Type == CaptureBlockType.InterfaceDescription) InterfaceOf(block.Reader, block.Reader.Interfaces.Count - 1, OptionsOf(block, 8));
        else if (_encoder is not PcapNgEncoder encoder) BlocksLeftOut++;
        else if (block.Type == CaptureBlockType.SectionHeader) encoder.Section(new CaptureSection(), OptionsOf(block, 16));
        else if (!TryCopy(encoder, block)) BlocksLeftOut++;
    }

    private bool TryCopy(PcapNgEncoder encoder, in CaptureBlock block)
    {
        Span<byte> content = Private(block.Content);
        if (block.IsBigEndian && !PcapNgContent.TryMakeLittleEndian(block.Type, content)) return false;
        if (!PcapNgContent.TryFindOptions(block.Type, content, out int options)) return false;
        if (block.Type == CaptureBlockType.InterfaceStatistics && !TryRename(encoder, block, content)) return false;
        encoder.Start(block.Type);
        encoder.Bytes(content[..options]);
        encoder.Options(block.Type, new EncodedOptions(content[options..], block.IsBigEndian));
        encoder.End();
        return true;
    }

    /// <summary>Figures name their interface by its number in the section, which may be another here.</summary>
    private bool TryRename(PcapNgEncoder encoder, in CaptureBlock block, Span<byte> statistics)
    {
        long index = block.SectionInterface + (long)BinaryPrimitives.ReadUInt32LittleEndian(statistics);
        if (index >= block.Reader.Interfaces.Count) return false;
        int ours = InterfaceOf(block.Reader, (int)index) - encoder.SectionInterface;
        BinaryPrimitives.WriteUInt32LittleEndian(statistics, (uint)ours);
        return true;
    }

    /// <summary>Our interface for one of another capture. Those before it are added too, so that the numbers stay.</summary>
    private int InterfaceOf(CaptureSource source, int index, EncodedOptions options = default)
    {
        if (!ReferenceEquals(source, _lastSource))
        {
            if (!_interfacesOf.TryGetValue(source, out List<int>? known)) _interfacesOf.Add(source, known = []);
            _lastInterfaces = known;
            _lastSource = source;
        }
        List<int> ours = _lastInterfaces;
        while (ours.Count <= index) ours.Add(Adopt(source.Interfaces[ours.Count], ours.Count == index ? options : default));
        if (ours[index] < ((_encoder as PcapNgEncoder)?.SectionInterface ?? 0)) ours[index] = Adopt(source.Interfaces[index], default);
        return ours[index];
    }

    private int Adopt(CaptureInterface theirs, EncodedOptions options) => Declare(theirs with { Index = _interfaces.Count }, options);

    private EncodedOptions OptionsOf(in CaptureBlock block, int offset) => new(Private(block.Content)[offset..], block.IsBigEndian);

    /// <summary>A private copy of bytes that are no packet, valid until the next.</summary>
    private Span<byte> Private(PacketBody body)
    {
        int length = body.Length;
        if (length > _scratch.Length) _scratch = new byte[Math.Max(length, 2 * _scratch.Length)];
        body.CopyTo(0, _scratch.AsSpan(0, length), _optionMeter);
        return _scratch.AsSpan(0, length);
    }

    private PcapNgEncoder PcapNg() =>
        _encoder as PcapNgEncoder ?? throw new NotSupportedException("A pcap file holds packets only. Write pcapng.");

    private static ulong? Units(CaptureInterface on, Timestamp? time)
    {
        if (time is not { } known) return null;
        return on.Resolution.TryToUnits(known, on.TimeOffset, out ulong units)
            ? units
            : throw new ArgumentOutOfRangeException(nameof(time), $"Interface {on.Index} cannot hold the time {known}.");
    }
}
