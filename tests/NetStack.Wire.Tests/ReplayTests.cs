using NetStack.Memory;

namespace NetStack.Wire.Tests;

/// <summary>
/// A device may write another packet over one at any moment. What is decoded then need not be the one or the other, but it is what was
/// fetched: the fetched bytes, put together and decoded with nobody writing, give the same key, headers, notes and payload.
/// </summary>
public sealed class ReplayTests
{
    private readonly Decoding _frozen = new(256 * 1024);
    private readonly BufferPool _pool = BufferPool.Create(256 * 1024, 1);
    private readonly HeaderSnapshot _snapshot = new();
    private readonly FetchMeter _meter = new();
    private byte[] _seen = [];
    private byte[] _other = [];
    private long _rewrites;

    public ReplayTests()
    {
        DeviceMemory memory = new(_pool.Region);
        memory.OnFetched((offset, length) =>
        {
            memory.Span(offset, length).CopyTo(_seen.AsSpan(offset - _pool.Offset));
            _other.AsSpan(0, Math.Min(_other.Length, _seen.Length)).CopyTo(memory.Span(_pool.Offset, _seen.Length));
            _rewrites++;
        });
    }

    [Fact]
    public void Packets_that_are_overwritten_by_others_after_each_fetch()
    {
        for (int seed = 0; seed < 10_000; seed++)
        {
            RandomPackets packets = new(seed);
            byte[] packet = seed % 3 == 0 ? packets.WellFormed(out LinkType linkType) : packets.Mutated(out linkType);
            byte[] other = seed % 2 == 0 ? new RandomPackets(seed + 1).Mutated(out _) : packets.Bytes(packet.Length);
            Check(packet, other, linkType, packet.Length, $"seed {seed}");
        }
        Assert.True(_rewrites > 10_000, $"{_rewrites} fetches were followed by a rewrite");
    }

    [Fact]
    public void Packets_of_the_sample_captures_that_are_overwritten_by_their_neighbours_after_each_fetch()
    {
        foreach (string file in Directory.EnumerateFiles(RepositoryRoot.PathOf("samples", "captures"), "*.pcapng").Order(StringComparer.Ordinal)) CheckCapture(file);
        Assert.True(_rewrites > 500, $"{_rewrites} fetches were followed by a rewrite");
    }

    [Fact]
    public void Packets_of_real_and_damaged_captures_that_are_overwritten_by_their_neighbours_after_each_fetch()
    {
        string files = RepositoryRoot.PathOf("../shared/captures/files");
        Assert.SkipUnless(Directory.Exists(files), "there are no captures in ../shared/captures beside the repository");
        foreach (string file in Directory.EnumerateFiles(files).Order(StringComparer.Ordinal)) CheckCapture(file);
        Assert.True(_rewrites > 10_000, $"{_rewrites} fetches were followed by a rewrite");
    }

    [Fact]
    public void A_parser_that_fetched_twice_would_be_found()
    {
        byte[] packet = new RandomPackets(3).WellFormed(out LinkType linkType);
        (_seen, _other) = ([.. packet], new byte[packet.Length]);
        PacketBody frame = Begin(packet);
        PacketHeaders.Decode(_snapshot, linkType, packet.Length);
        byte[] first = _snapshot.Bytes.ToArray();
        _snapshot.Begin(frame, _meter); // from the start: a second fetch
        PacketHeaders.Decode(_snapshot, linkType, packet.Length);
        Assert.NotEqual(first, _snapshot.Bytes.ToArray());
        frame.Release();
    }

    private void CheckCapture(string file)
    {
        byte[] last = [];
        CaptureReader reader;
        try
        {
            reader = CaptureReader.Open(file);
        }
        catch (CaptureFormatException)
        {
            return; // damaged before the first packet
        }
        using (reader)
        {
            for (int number = 1; reader.TryRead(out CaptureRecord record) && number <= 2_000; number++)
            {
                byte[] packet = new byte[record.Headers.FrameLength];
                record.Headers.CopyFrameTo(packet);
                if (packet.Length is > 0 and <= 256 * 1024) Check(packet, last, record.LinkType, record.WireLength, $"packet {number} of {Path.GetFileName(file)}");
                last = packet;
            }
        }
    }

    private void Check(byte[] packet, byte[] other, LinkType linkType, int wireLength, string what)
    {
        (_seen, _other) = ([.. packet], other);
        PacketBody frame = Begin(packet);
        FrameKey key = FrameKey.Read(_snapshot, linkType); // as a multiplexer does, and behind it a stack
        PacketHeaders live = PacketHeaders.Decode(_snapshot, linkType, wireLength);
        frame.Release();
        byte[] bytes = _snapshot.Bytes.ToArray();
        FrameKey frozenKey = _frozen.Key(_seen, linkType);
        PacketHeaders frozen = _frozen.Decode(_seen, linkType, wireLength);
        Assert.True(bytes.AsSpan().StartsWith(frozen.Bytes), $"{what}: other bytes were fetched");
        Assert.True(live.Layers.SequenceEqual(frozen.Layers), $"{what}: {Decoding.Kinds(live)} instead of {Decoding.Kinds(frozen)}");
        Assert.True(live.Notes.SequenceEqual(frozen.Notes), $"{what}: {Decoding.Notes(live)} instead of {Decoding.Notes(frozen)}");
        Assert.True(live.HasPayload == frozen.HasPayload && live.Payload == frozen.Payload, $"{what}: {live.Payload} instead of {frozen.Payload}");
        Assert.True(key.Equals(frozenKey), $"{what}: another key");
    }

    private PacketBody Begin(byte[] packet)
    {
        PacketBody frame = default;
        if (packet.Length > 0)
        {
            Assert.True(_pool.TryRent(out BufferHandle buffer));
            _pool.Write(buffer, 0, packet);
            frame = new PacketBody(new BodySlice(_pool, buffer, 0, packet.Length));
        }
        _snapshot.Begin(frame, _meter);
        return frame;
    }
}
