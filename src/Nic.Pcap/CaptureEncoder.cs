using NetStack.Memory;

namespace NetStack.Nic.Pcap;

/// <summary>A packet on its way into a file: its first bytes, then the rest by handle.</summary>
internal ref struct PacketToWrite
{
    internal ReadOnlySpan<byte> Head;
    internal PacketBody Body;
    internal CaptureInterface On;
    internal int WireLength;
    internal Timestamp? Timestamp;
    internal PacketDirection Direction;
    internal string? Comment;
    internal EncodedOptions Options;

    internal readonly int Length => Head.Length + Body.Length;
}

/// <summary>pcapng options of another file, in private bytes.</summary>
/// <param name="bytes">The options.</param>
/// <param name="isBigEndian">The byte order of their numbers.</param>
internal readonly ref struct EncodedOptions(ReadOnlySpan<byte> bytes, bool isBigEndian)
{
    internal bool IsEmpty => Bytes.IsEmpty;

    internal bool IsBigEndian { get; } = isBigEndian;

    internal ReadOnlySpan<byte> Bytes { get; } = bytes;
}

/// <summary>How a file format is written.</summary>
internal abstract class CaptureEncoder(CaptureOutput output, FetchMeter meter)
{
    protected CaptureOutput Output { get; } = output;

    protected FetchMeter Meter { get; } = meter;

    /// <summary>Declares an interface, whose index is right already.</summary>
    internal abstract void Interface(CaptureInterface declared, EncodedOptions options);

    /// <summary>Writes a packet.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The format cannot hold its time.</exception>
    internal abstract void Packet(in PacketToWrite packet);

    /// <summary>Writes the file header if nothing else made that necessary: a file without packets is a file too.</summary>
    internal abstract void Finish();

    protected static ArgumentOutOfRangeException NoRoomFor(Timestamp time, string where) =>
        new(nameof(time), $"{where} cannot hold the time {time}.");
}
