using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>How far the values of a field were given.</summary>
internal record struct FieldCursor(int Layer, int Index);

/// <summary>What an evaluation keeps between packets, so that none allocates.</summary>
internal sealed class FieldState(CaptureTimes times)
{
    private readonly byte[] _text = new byte[2048];
    private readonly Layer[] _quoted = new Layer[QuotedHeaders.MaxLayers];
    private int _quotedCount;

    internal CaptureTimes Times { get; } = times;

    /// <summary>Room for the text of a computed field.</summary>
    internal Span<byte> Text => _text;

    internal ReadOnlySpan<Layer> Quoted => _quoted.AsSpan(0, _quotedCount);

    /// <summary>Turns to a packet.</summary>
    internal FieldScope Begin(in PacketHeaders headers, in FlowPacket flow)
    {
        Times.Advance(headers.Info);
        _quotedCount = QuotedHeaders.Find(headers, _quoted);
        return new FieldScope(headers, flow, this);
    }
}

/// <summary>One packet as fields see it.</summary>
internal readonly ref struct FieldScope
{
    private readonly ReadOnlySpan<Layer> _layers;
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly ref readonly FlowPacket _flow;

    internal FieldScope([System.Diagnostics.CodeAnalysis.UnscopedRef] in PacketHeaders headers, in FlowPacket flow, FieldState state)
    {
        _layers = headers.Layers;
        _bytes = headers.Bytes;
        _flow = ref flow;
        State = state;
        Info = headers.Info;
    }

    internal FieldState State { get; }

    internal PacketInfo Info { get; }

    internal ref readonly FlowPacket Flow => ref _flow;

    /// <summary>The packet's own headers.</summary>
    internal ReadOnlySpan<Layer> Layers => _layers;

    /// <summary>The next value of a field.</summary>
    internal bool TryNext(DisplayField field, scoped ref FieldCursor cursor, out FieldValue value)
    {
        if (field.Layers.IsEmpty) return field.Read!(this, default, default, cursor.Index++, out value);
        int count = _layers.Length + State.Quoted.Length;
        for (; cursor.Layer < count; cursor = new FieldCursor(cursor.Layer + 1, 0))
        {
            Layer layer = LayerAt(cursor.Layer);
            if (!field.Layers.HasAny(SetOf(layer))) continue;
            ReadOnlySpan<byte> header = BytesOf(layer);
            if (cursor.Index == 0 && field.When is { } when && !when(header)) continue;
            if (TryNextIn(field, layer, header, ref cursor, out value)) return true;
        }
        value = default;
        return false;
    }

    /// <summary>Whether a layer's flow is the one this packet was counted in: that of the innermost transport header.</summary>
    internal bool IsOfFlow(scoped in Layer layer) => _flow.Flow is not null && _layers.Length > 0 && layer.Offset == _layers[^1].Offset;

    /// <summary>Whether a tag is an 802.1ad one: the EtherType in front of it says so.</summary>
    internal bool IsServiceTag(scoped in Layer layer) => TypeBefore(layer) == (int)EtherType.ServiceVlan;

    /// <summary>Whether a PPPoE header is one of discovery.</summary>
    internal bool IsDiscovery(scoped in Layer layer) => TypeBefore(layer) == (int)EtherType.PppoeDiscovery;

    private int TypeBefore(scoped in Layer layer) =>
        layer.Offset >= 2 && layer.Offset <= _bytes.Length ? _bytes[layer.Offset - 2] << 8 | _bytes[layer.Offset - 1] : 0;

    /// <summary>The sets a header is in; Wireshark tells more protocols apart than the decoder has kinds.</summary>
    private LayerSet SetOf(scoped in Layer layer) => layer.Kind switch
    {
        LayerKind.Vlan => IsServiceTag(layer) ? LayerSet.ServiceTag : LayerSet.Of(LayerKind.Vlan),
        LayerKind.Pppoe => new LayerSet(LayerSet.Of(LayerKind.Pppoe).Bits | (IsDiscovery(layer) ? LayerSet.PppoeDiscovery : LayerSet.PppoeSession).Bits),
        _ => new LayerSet(1UL << (int)layer.Kind),
    };

    private Layer LayerAt(int index) => index < _layers.Length ? _layers[index] : State.Quoted[index - _layers.Length];

    /// <summary>The private bytes of a header, not beyond the enclosing length: what else was fetched must not show.</summary>
    internal ReadOnlySpan<byte> BytesOf(scoped in Layer layer)
    {
        int end = Math.Min(_bytes.Length, layer.End);
        return layer.Offset >= end ? default : _bytes[layer.Offset..end];
    }

    private bool TryNextIn(DisplayField field, scoped in Layer layer, ReadOnlySpan<byte> header, scoped ref FieldCursor cursor, out FieldValue value)
    {
        if (field.Read is { } read) return read(this, layer, header, cursor.Index++, out value);
        ReadOnlySpan<FieldSource> sources = field.Sources;
        while (cursor.Index < sources.Length)
        {
            if (sources[cursor.Index++].TryRead(header, out value)) return true;
        }
        value = default;
        return false;
    }
}
