using NetStack.Tcp;

namespace NetStack.Packetdrill;

/// <summary>What a descriptor stands for: a TCP socket in one of its lives.</summary>
internal sealed class SocketObject(int descriptor, bool isV6, bool isNonBlocking, TcpConnectionOptions options)
{
    internal int Descriptor => descriptor;
    internal bool IsV6 => isV6;
    internal bool IsNonBlocking { get; set; } = isNonBlocking;
    internal bool IsCloseOnExec { get; set; }
    internal TcpBinding? Binding { get; set; }
    internal TcpListener? Listener { get; set; }
    internal TcpConnection? Connection { get; set; }
    internal bool ReusePort { get; set; }
    internal bool ReuseAddress { get; set; }
    internal bool IsCorked { get; set; }
    internal bool IsReadShut { get; set; }
    internal bool IsErrorTold { get; set; } // a pending error is told once, as SO_ERROR has it
    internal Dictionary<(int Level, int Name), int> Plain { get; } = []; // options that only have to be read back

    /// <summary>Options; changing them changes the connection's or the listener's.</summary>
    internal TcpConnectionOptions Options
    {
        get;
        set
        {
            field = value;
            if (Connection is not null) Connection.Options = value;
            if (Listener is not null) Listener.Connection = value;
        }
    } = options;

    /// <summary>The error of a connection that was not told yet.</summary>
    internal TcpError PendingError => Connection is null || IsErrorTold ? TcpError.None : Connection.Error;

    internal bool IsReadable => Listener is not null ? Listener.Pending > 0
        : Connection is not null && (Connection.ReadableBytes > 0 || IsReadShut || Connection.IsEndOfStream || Connection.State == TcpState.Closed);

    internal bool IsWritable => Connection is not null
        && (Connection.State == TcpState.Closed || (!IsConnecting && (HasRoom || !Connection.CanWrite)));

    /// <summary>Whether a third of the send buffer is free, and fewer bytes than TCP_NOTSENT_LOWAT wait to be sent.</summary>
    private bool HasRoom => Connection!.WritableBytes > 0 && Connection.WritableBytes >= Connection.UnacknowledgedBytes / 2
        && (UnsentLowWater == 0 || Connection.Info.BytesUnsent < (uint)UnsentLowWater);

    /// <summary>TCP_NOTSENT_LOWAT; 0 for the system's setting.</summary>
    internal int UnsentLowWater { get; set; }

    /// <summary>TCP_INQ: whether recvmsg tells how much is left to read.</summary>
    internal bool TellsUnread { get; set; }

    internal bool IsConnecting => Connection?.State is TcpState.SynSent or TcpState.SynReceived;
}
