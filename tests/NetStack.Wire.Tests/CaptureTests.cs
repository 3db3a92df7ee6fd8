using System.Diagnostics;

namespace NetStack.Wire.Tests;

/// <summary>Every packet of a collection of real and damaged captures, where one lies beside the repository.</summary>
public sealed class CaptureTests
{
    [Fact]
    public void Every_packet_of_every_capture_is_decoded_keyed_and_told_without_throwing()
    {
        string files = RepositoryRoot.PathOf("../shared/captures/files");
        Assert.SkipUnless(Directory.Exists(files), "there are no captures in ../shared/captures beside the repository");
        Stopwatch watch = Stopwatch.StartNew();
        byte[] text = new byte[65536];
        long packets = 0, layers = 0;
        foreach (string file in Directory.EnumerateFiles(files).Order(StringComparer.Ordinal))
        {
            CaptureReader? reader = TryOpen(file);
            if (reader is null) continue;
            using (reader)
            {
                while (reader.TryRead(out CaptureRecord record))
                {
                    PacketHeaders headers = PacketHeaders.Decode(record.Headers, record.LinkType, record.WireLength);
                    FrameKey.Read(record.Headers, record.LinkType);
                    LineWriter line = new(text);
                    foreach (Layer layer in headers.Layers) ViewSweep.All(headers.BytesOf(layer), ref line);
                    packets++;
                    layers += headers.Layers.Length;
                }
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{packets} packets, {layers} headers in {watch.ElapsedMilliseconds} ms");
        Assert.True(packets > 10_000 && layers > 3 * packets, $"{packets} packets, {layers} headers");
    }

    private static CaptureReader? TryOpen(string file)
    {
        try
        {
            return CaptureReader.Open(file);
        }
        catch (CaptureFormatException)
        {
            return null; // damaged before the first packet
        }
    }
}
