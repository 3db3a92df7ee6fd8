namespace NetStack;

/// <summary>One conversation between two endpoints.</summary>
public sealed class Flow
{
    internal Analysis.TcpFlowState? Tcp { get; init; }
}
