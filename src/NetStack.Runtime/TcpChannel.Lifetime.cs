using NetStack.Tcp;

namespace NetStack.Runtime;

/// <remarks>Tokens that tell of the end. They are made when somebody asks.</remarks>
internal sealed partial class TcpChannel
{
    private EndToken? _peerClosed;
    private EndToken? _closed;

    /// <summary>Cancelled once the peer will send nothing more.</summary>
    internal CancellationToken PeerClosed => TokenOf(ref _peerClosed);

    /// <summary>Cancelled once the connection is over for the program.</summary>
    internal CancellationToken Closed => TokenOf(ref _closed);

    private bool IsOver => _isLetGo || Tcp.State is TcpState.TimeWait or TcpState.Closed;

    private CancellationToken TokenOf(ref EndToken? token)
    {
        using (Loop.Enter())
        {
            token ??= new EndToken();
            TellEnds();
            return token.Token;
        }
    }

    /// <summary>Cancels what is due. The gate is held; readers that wait were told before.</summary>
    private void TellEnds()
    {
        bool isOver = IsOver;
        if (isOver || Tcp.State is TcpState.CloseWait or TcpState.Closing or TcpState.LastAck) Tell(_peerClosed);
        if (isOver) Tell(_closed);
    }

    private void Tell(EndToken? token)
    {
        if (token is null || token.IsTold) return;
        token.IsTold = true;
        Loop.Complete(token);
    }

    private sealed class EndToken : CancellationTokenSource, ICompletion, IThreadPoolWorkItem
    {
        internal bool IsTold { get; set; }

        bool ICompletion.IsInline => false;

        void ICompletion.Run() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

        void IThreadPoolWorkItem.Execute() => Cancel();
    }
}
