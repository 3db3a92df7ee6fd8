using System.Buffers;
using System.Text;
using NetStack.Memory;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>Packets of the sample captures, whole or spoiled by a seed, and what the formatters make of them.</summary>
internal static class Packets
{
    private static readonly LinkType[] LinkTypes =
        [LinkType.Ethernet, LinkType.Ethernet, LinkType.Ethernet, LinkType.Raw, LinkType.Null, LinkType.LinuxSll, LinkType.LinuxSll2, LinkType.Ppp, LinkType.Ieee80211];

    private static readonly Lazy<byte[][]> AllFrames = new(() => [.. SampleCaptures.Names.SelectMany(n => Read(n.Data))]);

    /// <summary>Every frame of every sample capture.</summary>
    internal static byte[][] Frames => AllFrames.Value;

    /// <summary>A frame with some bytes changed, perhaps cut, perhaps with noise for a link type.</summary>
    internal static (byte[] Bytes, LinkType LinkType, int WireLength) Spoil(Random random)
    {
        byte[] bytes = [.. Frames[random.Next(Frames.Length)]];
        for (int i = random.Next(6); i > 0; i--) bytes[random.Next(Math.Min(bytes.Length, 90))] = (byte)random.Next(256);
        int wireLength = bytes.Length;
        if (random.Next(3) == 0) bytes = bytes[..random.Next(bytes.Length)];
        return (bytes, LinkTypes[random.Next(LinkTypes.Length)], wireLength);
    }

    /// <summary>A snapshot of bytes in memory of a device.</summary>
    /// <param name="bytes">The frame.</param>
    /// <param name="fetched">How many bytes somebody asked for before.</param>
    internal static HeaderSnapshot Snapshot(byte[] bytes, int fetched = 0)
    {
        HeaderSnapshot snapshot = new();
        snapshot.Begin(Body(bytes), new FetchMeter());
        snapshot.Require(fetched);
        return snapshot;
    }

    /// <summary>Bytes in memory of a device.</summary>
    internal static PacketBody Body(byte[] bytes)
    {
        BufferPool pool = BufferPool.Create(Math.Max(bytes.Length, BufferPool.MinBufferSize), 1);
        Assert.True(pool.TryRent(out BufferHandle buffer));
        bytes.CopyTo(new DeviceMemory(pool.Region).Span(0, bytes.Length));
        PacketBody body = default;
        if (bytes.Length > 0) body.Append(new BodySlice(pool, buffer, 0, bytes.Length));
        return body;
    }

    internal static string Json(HeaderSnapshot snapshot, LinkType linkType, int wireLength, long number = 1)
    {
        ArrayBufferWriter<byte> output = new();
        PacketJson.Write(output, Decode(snapshot, linkType, wireLength, number));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    internal static string Text(HeaderSnapshot snapshot, LinkType linkType, int wireLength)
    {
        ArrayBufferWriter<byte> output = new();
        new PacketLine(TimeFormat.None).Write(output, Decode(snapshot, linkType, wireLength, 1));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static PacketHeaders Decode(HeaderSnapshot snapshot, LinkType linkType, int wireLength, long number) =>
        PacketHeaders.Decode(snapshot, new PacketInfo(number, new Timestamp(1_700_000_000, 123_456_789), snapshot.FrameLength, wireLength, linkType, 0));

    private static List<byte[]> Read(string name)
    {
        List<byte[]> frames = [];
        using CaptureReader capture = CaptureReader.Open(SampleCaptures.PathOf(name));
        while (capture.TryRead(out CaptureRecord record))
        {
            byte[] bytes = new byte[record.CapturedLength];
            record.Body.CopyTo(0, bytes, capture.Meter);
            frames.Add(bytes);
        }
        Assert.Null(capture.Damage);
        return frames;
    }
}
