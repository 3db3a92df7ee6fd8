using NetStack.Nic.Pcap;

namespace NetStack;

/// <summary>How a <see cref="CaptureReader"/> reads.</summary>
public sealed record CaptureReaderOptions
{
    /// <summary>Whether to look for the next whole packet behind damage and go on there. What was passed over is in
    /// <see cref="CaptureReader.Skipped"/>.</summary>
    public bool Recover { get; init; }

    /// <summary>Bytes read at once, 4,096 to 16,777,216. Two such blocks are held, more while bodies in them are.</summary>
    public int BlockSize { get; init; } = BlockSource.DefaultBlockSize;

    /// <summary>A block size with which so many files at once take little memory.</summary>
    /// <param name="files">How many files are read at once.</param>
    public static int BlockSizeFor(int files) => files <= 4 ? BlockSource.DefaultBlockSize : Math.Max(16 * 1024, BlockSource.DefaultBlockSize * 4 / files);
}

/// <summary>A part of a damaged capture that was passed over.</summary>
/// <param name="Offset">Where it begins, in the uncompressed file.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="PacketsBefore">How many packets of the file were read before it. The last of them may be damaged as well.</param>
/// <param name="Cause">What was wrong there.</param>
public sealed record CaptureGap(long Offset, long Length, long PacketsBefore, CaptureDamage Cause)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => $"skipped {Length} bytes at byte {Offset}, after packet {PacketsBefore}: {Cause.Code}: {Cause.Detail}";
}
