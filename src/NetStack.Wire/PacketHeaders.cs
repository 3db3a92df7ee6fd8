using System.Diagnostics.CodeAnalysis;
using NetStack.Memory;

namespace NetStack.Wire;

/// <summary>
/// The headers of one packet, outermost first, decoded from a private snapshot. Total over any bytes: it never throws, never
/// allocates, and says in notes what is wrong. It asks the snapshot only for the headers it meets, never for a body.
/// </summary>
/// <remarks>Lives on the stack; valid while the snapshot is.</remarks>
public ref struct PacketHeaders
{
    /// <summary>The most layers that are decoded; beyond, a note says <see cref="NoteCode.DepthLimit"/>.</summary>
    public const int MaxLayers = 32;

    /// <summary>The most notes that are kept: of more, the first ones and the last, which says why the walk ended.</summary>
    public const int MaxNotes = 8;

    private LayerBuffer _layers;
    private NoteBuffer _notes;
    private int _layerCount;
    private int _noteCount;

    /// <summary>The headers, outermost first.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<Layer> Layers => ((ReadOnlySpan<Layer>)_layers)[.._layerCount];

    /// <summary>What is wrong or left out.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<Note> Notes => ((ReadOnlySpan<Note>)_notes)[.._noteCount];

    /// <summary>The private bytes the headers were decoded from.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The snapshot they were decoded from, for who looks further than the headers; null only where nothing was decoded.</summary>
    public HeaderSnapshot? Snapshot { get; private set; }

    /// <summary>What is known of the packet besides its bytes.</summary>
    public PacketInfo Info { get; private set; }

    /// <summary>Whether <see cref="Payload"/> is known: the headers end in TCP, UDP or a later fragment, or in a header whose
    /// content is not decoded.</summary>
    public bool HasPayload { get; private set; }

    /// <summary>What lies behind the last header.</summary>
    public PayloadRange Payload { get; private set; }

    /// <summary>Decodes a packet.</summary>
    /// <param name="snapshot">The packet's snapshot; lines are fetched as the header chain asks.</param>
    /// <param name="linkType">How the packet begins.</param>
    /// <param name="wireLength">The packet's length on the wire, in bytes; less than was captured counts as that.</param>
    public static PacketHeaders Decode(HeaderSnapshot snapshot, LinkType linkType, int wireLength) =>
        Decode(snapshot, new PacketInfo(0, null, snapshot.FrameLength, wireLength, linkType, 0));

    /// <summary>Decodes a packet of which more is known.</summary>
    /// <param name="snapshot">The packet's snapshot; lines are fetched as the header chain asks.</param>
    /// <param name="info">How it begins, its length on the wire, and what else is known.</param>
    public static PacketHeaders Decode(HeaderSnapshot snapshot, scoped in PacketInfo info)
    {
        PacketHeaders headers = default;
        headers.Info = info;
        headers.Snapshot = snapshot;
        PacketDecoder decoder = new(snapshot, Math.Max(info.WireLength, snapshot.FrameLength));
        decoder.Decode(ref headers, info.LinkType);
        headers.Bytes = snapshot.Bytes;
        return headers;
    }

    /// <summary>The private bytes from a layer's start to where what it carries ends: give them to the view of its protocol.</summary>
    public readonly ReadOnlySpan<byte> BytesOf(scoped in Layer layer) => Wire.Bytes.Clip(Bytes, layer.Offset, layer.End);

    /// <summary>Finds the innermost layer of a kind.</summary>
    public readonly bool TryGet(LayerKind kind, out Layer layer)
    {
        for (int i = _layerCount - 1; i >= 0; i--)
        {
            layer = _layers[i];
            if (layer.Kind == kind) return true;
        }
        layer = default;
        return false;
    }

    internal readonly int LayerCount => _layerCount;

    internal void Add(Layer layer)
    {
        if (_layerCount < MaxLayers) _layers[_layerCount++] = layer;
    }

    internal void Add(Note note)
    {
        if (_noteCount < MaxNotes) _noteCount++;
        _notes[_noteCount - 1] = note;
    }

    internal void SetPayload(PayloadRange payload)
    {
        HasPayload = true;
        Payload = payload;
    }
}
