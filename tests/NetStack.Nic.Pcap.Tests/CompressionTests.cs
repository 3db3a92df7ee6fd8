using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

/// <summary>zstd and lz4 input. Frames without compression are made here; compressed ones by the tools, where they are installed.</summary>
public sealed class CompressionTests
{
    private static readonly byte[] Garbage = Data(64, 99);

    public enum Kind
    {
        Zstd,
        Lz4,
    }

    public static TheoryData<Kind> Kinds => [Kind.Zstd, Kind.Lz4];

    [Theory, MemberData(nameof(Kinds))]
    public void Frames_skipped_and_empty_frames_read_as_one_file(Kind kind)
    {
        byte[] file = StreamTests.Sample(true, 300);
        int third = file.Length / 3;
        byte[] packed = [.. Stored(kind, file[..third]), .. SkippedFrame(100), .. Stored(kind, file[third..(2 * third)]), .. Stored(kind, []), .. SkippedFrame(0), .. Stored(kind, file[(2 * third)..])];
        List<PacketData> whole = ReadWhole(file);
        foreach (int piece in new[] { 1, 7, 10_000 })
        {
            (List<PacketData> packets, CaptureDamage? damage) = Open(new TrickleStream(packed, piece));
            Assert.Null(damage);
            Assert.Equal(whole, packets);
        }
    }

    [Fact]
    public void A_frame_to_skip_may_come_first() =>
        Assert.Equal(20, Open(new MemoryStream([.. SkippedFrame(8), .. Stored(Kind.Zstd, StreamTests.Sample(false, 20))])).Packets.Count);

    [Theory, MemberData(nameof(Kinds))]
    public void A_cut_anywhere_gives_packets_and_then_says_so(Kind kind)
    {
        byte[] file = StreamTests.Sample(true, 60);
        List<PacketData> whole = ReadWhole(file);
        byte[] packed = Stored(kind, file, pieceSize: 500);
        int most = 0;
        for (int cut = 4; cut < packed.Length; cut += 13)
        {
            try
            {
                (List<PacketData> packets, CaptureDamage? damage) = Open(new TrickleStream(packed[..cut], cut % 2 == 0 ? 1 : 10_000));
                Assert.Equal(whole.Take(packets.Count), packets);
                Assert.Equal("truncated_file", damage?.Code);
                Assert.Contains($"the {kind.ToString().ToLowerInvariant()} stream is cut at its byte", damage!.Detail, StringComparison.Ordinal);
                Assert.True(packets.Count == whole.Count || damage.Offset < file.Length);
                most = Math.Max(most, packets.Count);
            }
            catch (CaptureFormatException)
            {
            }
        }
        Assert.InRange(most, 50, 60);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Whatever_is_wrong_is_damage_and_what_came_before_is_read(Kind kind)
    {
        byte[] file = StreamTests.Sample(true, 60);
        List<PacketData> whole = ReadWhole(file);
        byte[] packed = Stored(kind, file, pieceSize: 500);
        (List<PacketData> packets, CaptureDamage? damage) = Open(new MemoryStream([.. packed, .. Garbage]));
        Assert.Equal(whole, packets);
        Assert.Equal("bad_compression", damage!.Code);
        Assert.Contains("is corrupt near its byte", damage.Detail, StringComparison.Ordinal);

        Random random = new(3);
        for (int round = 0; round < 300; round++)
        {
            byte[] bad = [.. packed];
            bad[random.Next(4, bad.Length)] ^= (byte)random.Next(1, 256);
            try
            {
                Open(new MemoryStream(bad));
            }
            catch (CaptureFormatException)
            {
            }
        }
    }

    [Theory]
    [InlineData(Kind.Zstd, "zstd", "-q -1 -c")]
    [InlineData(Kind.Zstd, "zstd", "-q -19 --long=24 -c")]
    [InlineData(Kind.Lz4, "lz4", "-q -1 -c")]
    [InlineData(Kind.Lz4, "lz4", "-q -9 -BD --content-size -c")]
    public void What_the_tools_compress_is_read(Kind kind, string tool, string options)
    {
        byte[] file = Write(w =>
        {
            w.AddInterface(NetStack.Wire.LinkType.Ethernet);
            for (int i = 0; i < 3000; i++) w.Write([.. Data(i % 900, i).Select(b => (byte)(b & 3))], i % 900, At(i, i)); // a quarter of the size
        });
        byte[] packed = Pack(tool, options, file);
        (List<PacketData> packets, CaptureDamage? damage) = Open(new MemoryStream([.. packed, .. packed[..^40]]));
        List<PacketData> whole = ReadWhole(file);
        Assert.Equal(whole, packets.Take(3000));
        Assert.Equal("truncated_file", damage?.Code);
        Assert.Contains(kind.ToString(), damage!.Detail, StringComparison.OrdinalIgnoreCase);

        byte[] bad = [.. packed];
        for (int i = packed.Length / 2; i < packed.Length / 2 + 100; i++) bad[i] ^= 0x5A;
        (packets, damage) = Open(new MemoryStream(bad));
        Assert.True(damage?.Code is "bad_compression" or "bad_block", damage?.ToString()); // the block that was hit may have come out wrong
        Assert.InRange(packets.Count, 800, 3000);
        Assert.Equal(whole.Take(800), packets.Take(800));
    }

    [Fact]
    public void A_library_that_is_not_there_is_named_with_its_package_and_the_pipe_to_use()
    {
        string message = Assert.Throws<CaptureFormatException>(() => NativeCodec.Load("zstd", "libzstd1", "libnowhere.so.1")).Message;
        Assert.Equal("zstd files are read with libnowhere.so.1, which is not there: install libzstd1, or zstd -dc FILE | netstack inspect -", message);
    }

    [Theory]
    [InlineData(new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0 }, "an xz file")]
    [InlineData(new byte[] { 0x42, 0x5A, 0x68, 0x39 }, "a bzip2 file")]
    [InlineData(new byte[] { 0x02, 0x21, 0x4C, 0x18 }, "an lz4 file of the legacy format")]
    public void Other_compressions_are_named(byte[] bytes, string name) =>
        Assert.StartsWith(name, Assert.Throws<CaptureFormatException>(() => Read(bytes)).Message, StringComparison.Ordinal);

    /// <summary>A frame that says it has no content, of either format: to be passed over.</summary>
    private static byte[] SkippedFrame(int length) => [0x53, 0x2A, 0x4D, 0x18, (byte)length, 0, 0, 0, .. new byte[length]];

    /// <summary>A frame whose blocks are stored as they are.</summary>
    private static byte[] Stored(Kind kind, byte[] content, int pieceSize = 60_000)
    {
        List<byte> frame = kind == Kind.Zstd ? [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38] : [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82];
        byte[] header = new byte[4];
        for (int at = 0; at < content.Length || at == 0; at += pieceSize)
        {
            int length = Math.Min(pieceSize, content.Length - at);
            bool isLast = at + pieceSize >= content.Length;
            if (kind == Kind.Lz4 && length == 0) break;
            BinaryPrimitives.WriteUInt32LittleEndian(header, kind == Kind.Zstd ? ((uint)length << 3) | (isLast ? 1u : 0u) : 0x8000_0000 | (uint)length);
            frame.AddRange(kind == Kind.Zstd ? header[..3] : header);
            frame.AddRange(content.AsSpan(at, length));
        }
        if (kind == Kind.Lz4) frame.AddRange(new byte[4]);
        return [.. frame];
    }

    private static (List<PacketData> Packets, CaptureDamage? Damage) Open(Stream stream)
    {
        try
        {
            return Read(stream);
        }
        catch (CaptureFormatException e) when (e.Message.Contains("which is not there", StringComparison.Ordinal))
        {
            Assert.Skip(e.Message);
            throw;
        }
    }

    private static byte[] Pack(string tool, string options, byte[] content)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(tool, options) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{tool} is not installed");
            throw;
        }
        using (process)
        {
            MemoryStream packed = new();
            Task copy = Task.Run(() => process.StandardOutput.BaseStream.CopyTo(packed));
            process.StandardInput.BaseStream.Write(content);
            process.StandardInput.Close();
            copy.Wait();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            return packed.ToArray();
        }
    }
}
