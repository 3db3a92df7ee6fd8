using System.Buffers.Binary;

namespace NetStack.Nic.Pcap;

/// <summary>Tells compressed captures by their first bytes.</summary>
internal static class Uncompression
{
    /// <summary>The plain bytes of a stream, which may be compressed by gzip, zstd or lz4.</summary>
    /// <exception cref="CaptureFormatException">It is compressed in a way that cannot be read here.</exception>
    internal static Stream Of(Stream stream, bool leaveOpen)
    {
        byte[] prefix = new byte[4];
        int length = stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false);
        PrefixStream whole = new(prefix, length, stream, leaveOpen);
        if (length >= 2 && prefix[0] == 0x1F && prefix[1] == 0x8B) return new GunzipStream(whole);
        if (length < 4) return whole;
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(prefix);
        if (magic is 0xFD2FB528 || (magic & 0xFFFF_FFF0) is 0x184D2A50) return new FrameStream(whole, ZstdDecoder.Create()); // or a frame to skip, as pzstd puts in front
        if (magic is 0x184D2204) return new FrameStream(whole, Lz4Decoder.Create());
        if (magic is 0x184C2102) throw Unread("an lz4 file of the legacy format", "lz4 -dc");
        if (magic is 0x587A37FD) throw Unread("an xz file", "xz -dc");
        if ((magic & 0xFFFFFF) is 0x685A42) throw Unread("a bzip2 file", "bzip2 -dc");
        return whole;
    }

    private static CaptureFormatException Unread(string what, string tool) => new($"{what}: uncompress it first ({tool} FILE | netstack inspect -)");
}
