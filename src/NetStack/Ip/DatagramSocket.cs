using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>What happened to a socket since its last event was read; events that were not read are merged.</summary>
[Flags]
public enum SocketEvents
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A datagram waits to be received.</summary>
    Readable = 1,

    /// <summary>A send for which there was no room may be tried again.</summary>
    Writable = 2,

    /// <summary>An error waits: see <see cref="DatagramSocket.TryTakeError"/>.</summary>
    Error = 4,
}

/// <summary>What a datagram socket hears of what it sent.</summary>
public enum DatagramErrorKind
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Nobody listens at the port there.</summary>
    ConnectionRefused,

    /// <summary>The host there does not speak the protocol.</summary>
    ProtocolUnreachable,

    /// <summary>There is no way to the host.</summary>
    HostUnreachable,

    /// <summary>The datagram was larger than the path takes and must not be fragmented: see <see cref="DatagramError.Mtu"/>.</summary>
    MessageTooLong,

    /// <summary>A router or the host does not let it pass.</summary>
    Prohibited,

    /// <summary>It used up its hops, or its fragments did not all arrive.</summary>
    TimeExceeded,

    /// <summary>Somebody found its header faulty.</summary>
    ParameterProblem,

    /// <summary>The socket's own address went away.</summary>
    AddressRemoved,
}

/// <summary>An error about something a datagram socket sent.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Reporter">Who sent the ICMP message; none where there was none.</param>
/// <param name="Destination">Where the datagram was sent.</param>
/// <param name="DestinationPort">Its port there; 0 where there are no ports.</param>
/// <param name="Mtu">The largest packet that passes, in bytes; 0 unless the kind is <see cref="DatagramErrorKind.MessageTooLong"/>.</param>
/// <param name="IcmpType">The ICMP message's type.</param>
/// <param name="IcmpCode">The ICMP message's code.</param>
public readonly record struct DatagramError(
    DatagramErrorKind Kind, IpAddress Reporter, IpAddress Destination, ushort DestinationPort, int Mtu, byte IcmpType, byte IcmpCode)
{
    internal static DatagramError From(in IcmpErrorReport report, ushort port) => new(
        report.Kind switch
        {
            IcmpErrorKind.PortUnreachable => DatagramErrorKind.ConnectionRefused,
            IcmpErrorKind.ProtocolUnreachable => DatagramErrorKind.ProtocolUnreachable,
            IcmpErrorKind.HostUnreachable => DatagramErrorKind.HostUnreachable,
            IcmpErrorKind.PacketTooBig => DatagramErrorKind.MessageTooLong,
            IcmpErrorKind.Prohibited => DatagramErrorKind.Prohibited,
            IcmpErrorKind.TimeExceeded => DatagramErrorKind.TimeExceeded,
            _ => DatagramErrorKind.ParameterProblem,
        },
        report.Reporter, report.Destination, port, report.Mtu, report.Message.Type, report.Message.Code);
}

/// <summary>What became of a datagram that was to be sent.</summary>
public enum DatagramSendResult
{
    /// <summary>It is on its way.</summary>
    Sent = 0,

    /// <summary>A queue or the buffers are full; <see cref="SocketEvents.Writable"/> says when to try again.</summary>
    WouldBlock,

    /// <summary>No route, or the interface is down.</summary>
    Unreachable,

    /// <summary>Longer than a datagram can be, or than the path takes where it must not be fragmented.</summary>
    MessageTooLong,

    /// <summary>A broadcast address, without the permission for it.</summary>
    AccessDenied,

    /// <summary>No destination was given, and the socket is not connected.</summary>
    NotConnected,

    /// <summary>The source address is not ours, or there is none that fits.</summary>
    AddressNotAvailable,

    /// <summary>The destination is no address that this socket can send to.</summary>
    InvalidDestination,

    /// <summary>The socket was closed.</summary>
    Closed,
}

/// <summary>What the sockets for datagrams have in common. Thread rule: the stack's thread.</summary>
public abstract class DatagramSocket
{
    private readonly SocketEventQueue _events;
    private DatagramError _error;

    private protected DatagramSocket(SocketEventQueue events) => _events = events;

    /// <summary>Whether <see cref="Close"/> was called.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Datagrams for this socket that were dropped because its queue, or the memory of all, was full.</summary>
    public long Dropped { get; internal set; }

    /// <summary>What a program keeps with the socket; the stack does not look at it.</summary>
    public object? Tag { get; set; }

    /// <summary>The part of the stack that it belongs to, called instead of an event being raised; null where a program has it.</summary>
    internal Action<DatagramSocket>? Owner { get; set; }

    /// <summary>Events that were raised and not read.</summary>
    internal SocketEvents Pending { get; set; }

    /// <summary>Whether a send found no room since the last <see cref="SocketEvents.Writable"/>.</summary>
    internal bool IsBlocked { get; set; }

    /// <summary>Takes the last error that was not taken.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTakeError(out DatagramError error)
    {
        error = _error;
        _error = default;
        return error.Kind != DatagramErrorKind.None;
    }

    /// <summary>Closes the socket: what waits in it is dropped, its port is free. Closing twice does nothing.</summary>
    /// <param name="now">The present.</param>
    public void Close(Instant now)
    {
        if (IsClosed) return;
        IsClosed = true;
        Pending = SocketEvents.None;
        OnClose(now);
    }

    private protected abstract void OnClose(Instant now);

    internal void Raise(SocketEvents what)
    {
        if (Owner is null) _events.Raise(this, what);
        else if (!IsClosed) Owner(this);
    }

    internal void SetError(in DatagramError error)
    {
        _error = error;
        Raise(SocketEvents.Error);
    }

    /// <summary>Translates what IP said; remembers that the socket waits for room.</summary>
    internal DatagramSendResult ResultOf(SendOutcome outcome)
    {
        if (outcome == SendOutcome.NoRoom) _events.Block(this);
        return outcome switch
        {
            SendOutcome.Sent => DatagramSendResult.Sent,
            SendOutcome.NoRoom => DatagramSendResult.WouldBlock,
            SendOutcome.TooLong => DatagramSendResult.MessageTooLong,
            SendOutcome.BadSource => DatagramSendResult.AddressNotAvailable,
            SendOutcome.BroadcastDenied => DatagramSendResult.AccessDenied,
            _ => DatagramSendResult.Unreachable,
        };
    }
}

/// <summary>The sockets of a layer that have events, each at most once.</summary>
internal sealed class SocketEventQueue
{
    private readonly Queue<DatagramSocket> _raised = new();
    private readonly List<DatagramSocket> _blocked = [];

    internal void Raise(DatagramSocket socket, SocketEvents what)
    {
        if (socket.IsClosed) return;
        if (socket.Pending == SocketEvents.None) _raised.Enqueue(socket);
        socket.Pending |= what;
    }

    internal bool TryRead(out DatagramSocket? socket, out SocketEvents what)
    {
        while (_raised.TryDequeue(out socket))
        {
            what = socket.Pending;
            socket.Pending = SocketEvents.None;
            if (what != SocketEvents.None) return true; // else it was closed
        }
        what = SocketEvents.None;
        return false;
    }

    internal void Block(DatagramSocket socket)
    {
        if (socket.IsBlocked) return;
        socket.IsBlocked = true;
        _blocked.Add(socket);
    }

    /// <summary>Tells those who waited that there is room again.</summary>
    internal void Unblock()
    {
        if (_blocked.Count == 0) return;
        foreach (DatagramSocket socket in _blocked)
        {
            socket.IsBlocked = false;
            Raise(socket, SocketEvents.Writable);
        }
        _blocked.Clear();
    }
}
