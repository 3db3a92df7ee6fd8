using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What a packet brings to a stream.</summary>
/// <param name="Sequence">TCP sequence number; 0 for UDP.</param>
/// <param name="Flags">TCP flags.</param>
/// <param name="Offset">Where its payload begins, in bytes from the packet's start.</param>
/// <param name="Captured">Bytes of payload that were captured.</param>
/// <param name="Length">Bytes of payload in the packet.</param>
internal readonly record struct StreamSegment(uint Sequence, TcpFlags Flags, int Offset, int Captured, int Length)
{
    /// <summary>Reads the innermost transport header of a packet, where nothing else follows it.</summary>
    internal static bool TryRead(in PacketHeaders packet, out StreamSegment segment)
    {
        segment = default;
        ReadOnlySpan<Layer> layers = packet.Layers;
        if (layers.IsEmpty || layers[^1] is not { IsWhole: true, Kind: LayerKind.Tcp or LayerKind.Udp } layer || !packet.HasPayload) return false;
        PayloadRange payload = packet.Payload;
        segment = new StreamSegment(0, 0, payload.Offset, payload.Captured, payload.Length);
        if (layer.Kind == LayerKind.Udp) return true;
        TcpView.TryRead(packet.BytesOf(layer), out TcpView tcp);
        segment = segment with { Sequence = tcp.Sequence, Flags = tcp.Flags };
        return true;
    }
}
