using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// One TCP connection as its headers tell it, both directions. Its size is bounded whatever is sent; nothing is allocated per packet.
/// </summary>
/// <param name="reusesPorts">Whether an earlier connection had the same addresses and ports.</param>
internal sealed class TcpFlowState(bool reusesPorts = false)
{
    /// <summary>Whether the segment opens another connection on the same addresses and ports: a SYN that is not this connection's.</summary>
    internal bool IsOfNewConnection(in PacketHeaders packet, in Layer tcp, bool isReverse) => false;

    /// <summary>Judges the flow's next segment. Flow and stream number are for the caller to add.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="tcp">Its TCP header, of which at least the fixed part must be there: else the result says nothing.</param>
    /// <param name="isReverse">Whether b sent it, the side that did not send the flow's first packet.</param>
    internal FlowPacket Add(in PacketHeaders packet, in Layer tcp, bool isReverse) =>
        new() { IsReverse = isReverse, Analysis = reusesPorts ? TcpAnalysis.PortsReused : TcpAnalysis.None };
}
