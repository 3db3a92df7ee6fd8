using NetStack.Memory;

namespace NetStack.Wire.Tests;

/// <summary>A packet in a buffer that is not ours, and its headers decoded from a snapshot of it.</summary>
internal sealed class Decoding
{
    private readonly BufferPool _pool;
    private readonly HeaderSnapshot _snapshot = new();

    internal Decoding(int bufferSize = 2048) => _pool = BufferPool.Create(bufferSize, 1);

    /// <summary>What was fetched so far.</summary>
    internal FetchMeter Meter { get; } = new();

    /// <summary>The snapshot of the last packet that was decoded; its frame is gone.</summary>
    internal HeaderSnapshot Snapshot => _snapshot;

    /// <summary>Decodes a packet.</summary>
    /// <param name="packet">Its captured bytes.</param>
    /// <param name="linkType">How it begins.</param>
    /// <param name="wireLength">Its length on the wire; as captured unless said otherwise.</param>
    internal PacketHeaders Decode(ReadOnlySpan<byte> packet, LinkType linkType = LinkType.Ethernet, int wireLength = 0)
    {
        PacketBody frame = Begin(packet);
        PacketHeaders headers = PacketHeaders.Decode(_snapshot, linkType, wireLength);
        frame.Release();
        return headers;
    }

    /// <summary>Reads the key of a packet.</summary>
    internal FrameKey Key(ReadOnlySpan<byte> packet, LinkType linkType = LinkType.Ethernet)
    {
        PacketBody frame = Begin(packet);
        FrameKey key = FrameKey.Read(_snapshot, linkType);
        frame.Release();
        return key;
    }

    /// <summary>The kinds of the layers, in one string.</summary>
    internal static string Kinds(in PacketHeaders headers)
    {
        List<string> kinds = [];
        foreach (Layer layer in headers.Layers) kinds.Add(layer.Kind + (layer.IsWhole ? "" : "!"));
        return string.Join(' ', kinds);
    }

    /// <summary>The codes of the notes, in one string.</summary>
    internal static string Notes(in PacketHeaders headers)
    {
        List<string> notes = [];
        foreach (Note note in headers.Notes) notes.Add($"{note.Code}@{note.LayerIndex}");
        return string.Join(' ', notes);
    }

    private PacketBody Begin(ReadOnlySpan<byte> packet)
    {
        PacketBody frame = default;
        if (!packet.IsEmpty)
        {
            Assert.True(_pool.TryRent(out BufferHandle buffer));
            _pool.Write(buffer, 0, packet);
            frame = new PacketBody(new BodySlice(_pool, buffer, 0, packet.Length));
        }
        _snapshot.Begin(frame, Meter);
        return frame;
    }
}
