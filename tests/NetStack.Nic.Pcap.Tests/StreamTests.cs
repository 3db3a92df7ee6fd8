using System.IO.Compression;
using NetStack.Memory;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class StreamTests
{
    public static TheoryData<bool> Formats => [false, true];

    [Theory, MemberData(nameof(Formats))]
    public void A_pipe_that_gives_a_byte_at_a_time_reads_as_the_file(bool isPcapNg)
    {
        byte[] file = Sample(isPcapNg, 40);
        List<PacketData> expected = ReadWhole(file);
        foreach (int most in new[] { 1, 2, 7, 1000 })
        {
            (List<PacketData> packets, CaptureDamage? damage) = Read(new TrickleStream(file, most));
            Assert.Null(damage);
            Assert.Equal(expected, packets);
            (packets, damage) = Read(new TrickleStream(Compress(file), most));
            Assert.Null(damage);
            Assert.Equal(expected, packets);
        }
    }

    [Theory, MemberData(nameof(Formats))]
    public void Packets_across_read_blocks_read_as_written(bool isPcapNg)
    {
        byte[] file = Sample(isPcapNg, 3000, longest: 3000);
        Assert.True(file.Length > 4 * 1024 * 1024, "a read block is 512 KiB");
        Assert.Equal(3000, ReadWhole(file).Count);
        for (int i = 0; i < 3000; i += 97) Assert.Equal(Convert.ToHexString(Data(i % 3000, i)), ReadAt(file, i));
    }

    [Theory, MemberData(nameof(Formats))]
    public void Gzip_of_several_members_reads_as_one_file(bool isPcapNg)
    {
        byte[] file = Sample(isPcapNg, 300);
        int third = file.Length / 3;
        byte[] members = [.. Compress(file[..third]), .. Compress(file[third..(2 * third)]), .. Compress([]), .. Compress(file[(2 * third)..])];
        Assert.Equal(ReadWhole(file), ReadWhole(members));
    }

    [Theory, MemberData(nameof(Formats))]
    public void Gzip_cut_anywhere_gives_packets_and_then_says_so(bool isPcapNg)
    {
        byte[] file = Sample(isPcapNg, 60);
        List<PacketData> whole = ReadWhole(file);
        byte[] zipped = Compress(file);
        int most = 0;
        for (int cut = 2; cut < zipped.Length; cut += cut + 37 < zipped.Length - 20 ? 37 : 1)
        {
            foreach (int piece in new[] { 1, 10_000 })
            {
                try
                {
                    (List<PacketData> packets, CaptureDamage? damage) = Read(new TrickleStream(zipped[..cut], piece));
                    Assert.Equal(whole.Take(packets.Count), packets);
                    Assert.True(damage?.Code == "truncated_file", $"a cut at {cut} of {zipped.Length}: {damage}");
                    most = Math.Max(most, packets.Count);
                }
                catch (CaptureFormatException)
                {
                }
            }
        }
        Assert.Equal(60, most); // the last cuts are inside the check sum behind the data
    }

    [Theory, InlineData(new byte[] { 1 }), InlineData(new byte[] { 0, 0, 0, 0, 0, 0 }), InlineData(new byte[] { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 })]
    public void Garbage_behind_gzip_is_ignored_as_gzip_does(byte[] garbage)
    {
        byte[] file = Sample(true, 60);
        foreach (int piece in new[] { 1, 10_000 })
        {
            (List<PacketData> packets, CaptureDamage? damage) = Read(new TrickleStream([.. Compress(file), .. garbage], piece));
            Assert.Null(damage);
            Assert.Equal(60, packets.Count);
        }
    }

    [Fact]
    public void Gzip_with_wrong_bytes_never_throws_out_of_reading()
    {
        byte[] zipped = Compress(Sample(true, 300));
        List<string> codes = [];
        for (int at = 2; at < zipped.Length; at += 401)
        {
            byte[] bad = [.. zipped];
            bad[at] ^= 0x55;
            try
            {
                if (Read(bad).Damage is { } damage) codes.Add(damage.Code);
            }
            catch (CaptureFormatException)
            {
            }
        }
        Assert.Contains("bad_compression", codes);
    }

    [Fact]
    public void A_stream_that_fails_in_the_middle_gives_what_came_and_then_says_why()
    {
        byte[] file = Sample(true, 10);
        TrickleStream stream = new(file[..^5], 100) { AtEnd = new IOException("the disk\nis gone") };
        (List<PacketData> packets, CaptureDamage? damage) = Read(stream);
        Assert.Equal(9, packets.Count);
        Assert.Equal(("read_error", "the disk is gone"), (damage!.Code, damage.Detail));
    }

    [Fact]
    public void A_stream_that_fails_at_once_fails_to_open_and_is_closed()
    {
        TrickleStream stream = new([], 1) { AtEnd = new IOException("no") };
        Assert.Throws<IOException>(() => CaptureReader.Open(stream));
        Assert.True(stream.IsClosed);
        TrickleStream later = new(Sample(false, 1)[..10], 100) { AtEnd = new IOException("torn") };
        Assert.Contains("torn", Assert.Throws<CaptureFormatException>(() => CaptureReader.Open(later)).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_stream_is_closed_unless_it_is_to_stay_open(bool leaveOpen)
    {
        foreach (byte[] bytes in new[] { Sample(true, 1), Compress(Sample(false, 1)), [0x28, 0xB5, 0x2F, 0xFD], [] })
        {
            TrickleStream stream = new(bytes, 1000);
            try
            {
                CaptureReader.Open(stream, leaveOpen).Dispose();
            }
            catch (CaptureFormatException)
            {
            }
            Assert.Equal(!leaveOpen, stream.IsClosed);
        }
    }

    [Fact]
    public void A_body_that_was_shared_outlives_the_reader()
    {
        byte[] file = Sample(true, 50);
        PacketBody kept = default;
        using (CaptureReader reader = CaptureReader.Open(new MemoryStream(file)))
        {
            for (int i = 0; i <= 30; i++) reader.TryRead(out _);
            reader.TryRead(out CaptureRecord record);
            kept = record.Body.Share();
        }
        byte[] bytes = new byte[kept.Length];
        kept.CopyTo(0, bytes, new FetchMeter());
        kept.Release();
        Assert.Equal(Data(31, 31), bytes);
    }

    internal static byte[] Sample(bool isPcapNg, int packets, int longest = int.MaxValue) => Write(
        writer =>
        {
            writer.AddInterface(NetStack.Wire.LinkType.Ethernet);
            for (int i = 0; i < packets; i++) writer.Write(Data(i % longest, i), i % longest, At(i, i), comment: i % 3 == 0 ? $"packet {i}" : null);
        },
        new CaptureWriterOptions { Format = isPcapNg ? CaptureFileFormat.PcapNg : CaptureFileFormat.Pcap });

    private static byte[] Compress(byte[] bytes)
    {
        MemoryStream zipped = new();
        using (GZipStream stream = new(zipped, CompressionLevel.Fastest, leaveOpen: true)) stream.Write(bytes);
        return bytes.Length == 0 ? [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0] : zipped.ToArray();
    }

    private static string ReadAt(byte[] file, int index)
    {
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(file));
        for (int i = 0; i < index; i++) Assert.True(reader.TryRead(out _));
        Assert.True(reader.TryRead(out CaptureRecord record));
        return PacketData.From(record).Bytes;
    }
}
