using System.Text;
using Microsoft.Win32.SafeHandles;
using NetStack.Memory;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// Writes a capture packet by packet, as pcapng or pcap, to a file or any stream. It gathers records in memory, copies each byte
/// once and allocates nothing per packet. An error is never lost: what the stream cannot take is an <see cref="IOException"/> of
/// the step that found it and of every later one, <see cref="Flush"/> and <see cref="Dispose"/> included, and a file is then cut
/// back so that it ends with a whole record.
/// </summary>
/// <remarks>Not thread-safe. A record that is refused with another exception leaves nothing behind; the writer can go on.</remarks>
public sealed partial class CaptureWriter : IDisposable
{
    private const int MaxText = ushort.MaxValue;

    private readonly CaptureOutput _output;
    private readonly CaptureEncoder _encoder;
    private readonly List<CaptureInterface> _interfaces = [];
    private readonly FetchMeter _optionMeter = new();
    private byte[] _scratch = [];
    private bool _isDisposed;

    private CaptureWriter(Stream stream, CaptureWriterOptions options, bool leaveOpen)
    {
        Format = options.Format;
        _output = new CaptureOutput(stream, leaveOpen);
        _encoder = Format == CaptureFileFormat.Pcap ? new PcapEncoder(_output, Meter) : new PcapNgEncoder(_output, Meter, options.Section, options.LeaveOut);
    }

    /// <summary>The file format.</summary>
    public CaptureFileFormat Format { get; }

    /// <summary>The interfaces added so far, by index over the whole file.</summary>
    public IReadOnlyList<CaptureInterface> Interfaces => _interfaces;

    /// <summary>How many packets were written.</summary>
    public long PacketsWritten { get; private set; }

    /// <summary>How many bytes the records written so far take, those that are still in memory included.</summary>
    public long Position => _output.Position;

    /// <summary>Counts what was copied of bodies given by handle.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>Creates a file, or writes over one.</summary>
    /// <param name="path">Its path; <c>-</c> is standard output.</param>
    /// <param name="options">How to write; null for the defaults.</param>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    /// <exception cref="ArgumentException">A text of the section is too long.</exception>
    public static CaptureWriter Create(string path, CaptureWriterOptions? options = null)
    {
        Check(options?.Section);
        return Create(path == "-" ? OpenStandardOutput() : new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0), options);
    }

    /// <summary>Writes to a stream, forward only.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">How to write; null for the defaults.</param>
    /// <param name="leaveOpen">Whether disposing the writer leaves the stream open.</param>
    /// <exception cref="ArgumentException">A text of the section is too long.</exception>
    public static CaptureWriter Create(Stream stream, CaptureWriterOptions? options = null, bool leaveOpen = false)
    {
        Check(options?.Section);
        return new CaptureWriter(stream, options ?? new CaptureWriterOptions(), leaveOpen);
    }

    /// <summary>Declares an interface; in pcapng, of the present section.</summary>
    /// <param name="linkType">How its packets begin.</param>
    /// <param name="snapLength">The most bytes kept of a packet; 0 for no limit. It is told, not enforced.</param>
    /// <param name="resolution">The time unit; null for nanoseconds. Times are rounded down to it. A pcap file takes the unit of
    /// its first packet's interface: microseconds if that is no finer, and else nanoseconds.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">Its description.</param>
    /// <param name="timeOffset">Seconds that readers add to its times: how to write times before 1970, or beyond the unit's range.</param>
    /// <returns>Its index over the whole file.</returns>
    /// <exception cref="ArgumentException">A text is too long.</exception>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public int AddInterface(LinkType linkType, uint snapLength = 0, TimeResolution? resolution = null, string? name = null, string? description = null, long timeOffset = 0)
    {
        TimeResolution unit = resolution ?? TimeResolution.Nanoseconds;
        ArgumentOutOfRangeException.ThrowIfNegative(unit.Exponent, nameof(resolution));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(unit.Exponent, 127, nameof(resolution));
        CheckText(name, nameof(name));
        CheckText(description, nameof(description));
        return Declare(new CaptureInterface(_interfaces.Count, linkType, snapLength, unit, timeOffset, name, description), default);
    }

    /// <summary>Writes a packet.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="wireLength">Its length on the wire in bytes, at least that of <paramref name="bytes"/>.</param>
    /// <param name="timestamp">When it was captured. Null, where nobody knows, is time 0 in the file, but for a packet of a
    /// pcapng section's first interface that has no comment and direction and is cut by nothing but the snap length.</param>
    /// <param name="interfaceIndex">The interface, as <see cref="AddInterface"/> gave it.</param>
    /// <param name="comment">A comment, at most 65,535 bytes of UTF-8; pcap has no place for it.</param>
    /// <param name="direction">Which way it went; pcap has no place for it.</param>
    /// <exception cref="ArgumentException">There is no such interface in this section, the packet is longer than readers accept
    /// (262,144 bytes, for D-Bus, USBPcap and EBHSCR 128 MiB), or the comment is too long.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The wire length is shorter than the packet, or the interface's time unit, or
    /// pcap, cannot hold the time.</exception>
    /// <exception cref="NotSupportedException">A pcap file would get a second link type.</exception>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public void Write(ReadOnlySpan<byte> bytes, int wireLength, Timestamp? timestamp, int interfaceIndex = 0, string? comment = null, PacketDirection direction = PacketDirection.Unknown) =>
        Write(bytes, default, wireLength, timestamp, interfaceIndex, comment, direction);

    /// <summary>Writes a packet whose bytes are given by handle; the body stays the caller's.</summary>
    /// <param name="body">Its bytes.</param>
    /// <param name="wireLength">Its length on the wire in bytes, at least that of <paramref name="body"/>.</param>
    /// <param name="timestamp">When it was captured, as above.</param>
    /// <param name="interfaceIndex">The interface.</param>
    /// <param name="comment">A comment, at most 65,535 bytes of UTF-8.</param>
    /// <param name="direction">Which way it went.</param>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, int, Timestamp?, int, string?, PacketDirection)" path="/exception"/>
    public void Write(in PacketBody body, int wireLength, Timestamp? timestamp, int interfaceIndex = 0, string? comment = null, PacketDirection direction = PacketDirection.Unknown) =>
        Write(default, body, wireLength, timestamp, interfaceIndex, comment, direction);

    /// <summary>Writes a packet of private first bytes and a body by handle, as a frame to send is made of; the body stays the caller's.</summary>
    /// <param name="head">Its first bytes.</param>
    /// <param name="body">The bytes behind them.</param>
    /// <param name="wireLength">Its length on the wire in bytes, at least that of both.</param>
    /// <param name="timestamp">When it was captured, as above.</param>
    /// <param name="interfaceIndex">The interface.</param>
    /// <param name="comment">A comment, at most 65,535 bytes of UTF-8.</param>
    /// <param name="direction">Which way it went.</param>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, int, Timestamp?, int, string?, PacketDirection)" path="/exception"/>
    public void Write(ReadOnlySpan<byte> head, in PacketBody body, int wireLength, Timestamp? timestamp, int interfaceIndex = 0, string? comment = null, PacketDirection direction = PacketDirection.Unknown)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(wireLength, head.Length + body.Length);
        if ((uint)interfaceIndex >= (uint)_interfaces.Count) throw new ArgumentException($"Interface {interfaceIndex} was not added.", nameof(interfaceIndex));
        CheckText(comment, nameof(comment));
        Encode(new PacketToWrite
        {
            Head = head,
            Body = body,
            On = _interfaces[interfaceIndex],
            WireLength = wireLength,
            Timestamp = timestamp,
            Comment = comment,
            Direction = direction,
        });
    }

    /// <summary>Writes out everything that is still in memory.</summary>
    /// <exception cref="IOException">The stream cannot take it, or could not before.</exception>
    public void Flush()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _encoder.Finish();
        _output.Flush();
    }

    /// <summary>Writes out everything and closes the file, which has its header even if no packet was written.</summary>
    /// <exception cref="IOException">The stream cannot take it, or could not before; it is closed even so.</exception>
    public void Dispose()
    {
        if (_isDisposed) return;
        try
        {
            _encoder.Finish();
        }
        finally
        {
            _isDisposed = true;
            _output.Dispose();
        }
    }

    private void Encode(in PacketToWrite packet)
    {
        uint most = CaptureFormat.MaxCapturedOf(packet.On.LinkType);
        if (packet.Length > most) throw new ArgumentException($"A packet of {packet.Length} bytes is longer than readers of captures accept: {most}.", nameof(packet));
        _encoder.Packet(packet);
        PacketsWritten++;
    }

    private int Declare(CaptureInterface declared, EncodedOptions options)
    {
        _encoder.Interface(declared, options);
        _interfaces.Add(declared);
        return declared.Index;
    }

    private static void Check(CaptureSection? section)
    {
        CheckText(section?.Comment, nameof(section));
        CheckText(section?.Hardware, nameof(section));
        CheckText(section?.OperatingSystem, nameof(section));
        CheckText(section?.Application, nameof(section));
    }

    private static void CheckText(string? text, string name)
    {
        if (text is not null && Encoding.UTF8.GetByteCount(text) > MaxText) throw new ArgumentException($"The text is longer than {MaxText} bytes.", name);
    }

    /// <summary>The framework's console stream hides that a reader went away, a file stream on a regular file would not move the
    /// shared file position: each is used where it is right.</summary>
    private static Stream OpenStandardOutput()
    {
        if (OperatingSystem.IsWindows()) return Console.OpenStandardOutput();
        FileStream file = new(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return file.CanSeek ? Console.OpenStandardOutput() : file;
    }
}
