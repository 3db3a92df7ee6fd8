using System.Diagnostics.CodeAnalysis;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Packetdrill;

/// <remarks>The socket calls. A negative result is a negated errno.</remarks>
internal sealed partial class World
{
    private const int FamilyV4 = 2;
    private const int FamilyV6 = 10;
    private const int TypeStream = 1;
    private const int FlagNonBlocking = 0x800;
    private const int ReadWrite = 2;
    private const int MessagePeek = 0x02;
    private const int MessageTruncate = 0x20;
    private const int MessageDontWait = 0x40;
    private const int MessageUrgent = 0x01;
    private const int MessageMore = 0x8000;

    private readonly Dictionary<int, SocketObject> _sockets = [];

    internal int Socket(int domain, int type, int protocol)
    {
        lock (_lock)
        {
            if (domain is not (FamilyV4 or FamilyV6)) return Fail(Errno.Invalid);
            if ((type & 0xF) != TypeStream || protocol is not (0 or (int)IpProtocol.Tcp)) return Fail(Errno.NotSupported);
            return Add(domain == FamilyV6, (type & FlagNonBlocking) != 0, Tcp.Settings.Defaults).Descriptor;
        }
    }

    internal int Bind(int descriptor, SocketAddress address)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Binding is not null || socket.Connection is not null) return Fail(Errno.Invalid);
            TcpBindOptions wanted = new(new TcpEndpoint(address.Unmapped, address.Port)) { DualMode = socket.IsV6, ReusePort = socket.ReusePort };
            TcpError error = Tcp.Bind(wanted, out TcpBinding? binding);
            socket.Binding = binding;
            return Of(error);
        }
    }

    internal int Listen(int descriptor, int backlog)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Connection is not null) return Fail(Errno.Invalid);
            if (socket.Listener is not null) return 0;
            TcpListenOptions wanted = new(default) { Binding = socket.Binding, Backlog = Math.Max(1, backlog), Connection = socket.Options };
            TcpError error = Tcp.Listen(wanted, out TcpListener? listener);
            socket.Listener = listener;
            return Of(error);
        }
    }

    internal int Accept(int descriptor, out SocketAddress remote)
    {
        remote = default;
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Listener is not { } listener) return Fail(Errno.Invalid);
            if (listener.Pending == 0 && socket.IsNonBlocking) return Fail(Errno.Again);
            TcpConnection? connection;
            while (!listener.TryAccept(out connection)) Await(() => listener.Pending > 0);
            SocketObject accepted = Add(socket.IsV6, false, connection!.Options);
            accepted.Connection = connection;
            remote = SocketAddress.For(socket.IsV6, connection.Remote.Address, connection.Remote.Port);
            return accepted.Descriptor;
        }
    }

    internal int Connect(int descriptor, SocketAddress address)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Connection is { } present) return ConnectAgain(socket, present);
            TcpConnectOptions wanted = new(new TcpEndpoint(address.Unmapped, address.Port)) { Binding = socket.Binding, Connection = socket.Options };
            TcpError error = Tcp.Connect(wanted, Time, out TcpConnection? connection);
            if (error != TcpError.None) return Of(error);
            socket.Connection = connection;
            socket.Binding = null;
            Settle();
            if (socket.IsNonBlocking) return Fail(Errno.InProgress);
            Await(() => !socket.IsConnecting);
            return Tell(socket);
        }
    }

    internal int Receive(int descriptor, Span<byte> buffer, int flags)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Connection is not { } connection) return Fail(Errno.NotConnected);
            if (!socket.IsReadable)
            {
                if (socket.IsNonBlocking || (flags & MessageDontWait) != 0) return Fail(Errno.Again);
                Await(() => socket.IsReadable);
            }
            if (connection.ReadableBytes == 0) return Tell(socket);
            int count = Take(connection, buffer, flags);
            Settle(); // a window update may be due
            return count;
        }
    }

    /// <summary>For TCP_INQ: how much can be read, and 1 where only the end of the stream is left; null where it was not asked for.</summary>
    internal int? UnreadToTell(int descriptor)
    {
        lock (_lock)
        {
            if (!_sockets.TryGetValue(descriptor, out SocketObject? socket) || !socket.TellsUnread || socket.Connection is not { } connection) return null;
            return connection.ReadableBytes == 0 && connection.IsEndOfStream ? 1 : connection.ReadableBytes;
        }
    }

    internal int Send(int descriptor, ReadOnlySpan<byte> bytes, int flags)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Connection is not { } connection) return Fail(Errno.BrokenPipe);
            if (Tell(socket) is < 0 and var told) return told;
            bool waits = !socket.IsNonBlocking && (flags & MessageDontWait) == 0;
            if (socket.IsConnecting && waits) Await(() => !socket.IsConnecting);
            int sent = 0;
            while (true)
            {
                if (!connection.CanWrite) return sent > 0 ? sent : Tell(socket) is < 0 and var error ? error : Fail(Errno.BrokenPipe);
                ReadOnlySpan<byte> rest = bytes[sent..];
                sent += (flags & MessageUrgent) != 0 ? connection.WriteUrgent(rest) : connection.Write(rest, (flags & MessageMore) != 0);
                Settle();
                if (sent == bytes.Length) return sent;
                if (!waits) return sent > 0 ? sent : Fail(Errno.Again);
                Await(() => connection.WritableBytes > 0 || !connection.CanWrite);
            }
        }
    }

    internal int Shutdown(int descriptor, int how)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Connection is not { State: not TcpState.Closed } connection) return Fail(Errno.NotConnected);
            if (how is < 0 or > 2) return Fail(Errno.Invalid);
            if (how != 1 && !_isLinux) connection.ShutdownRead();
            if (how != 1) socket.IsReadShut = true; // Linux goes on to receive, and to read what came
            if (how != 0) connection.ShutdownWrite();
            Settle();
            return 0;
        }
    }

    internal int Close(int descriptor)
    {
        lock (_lock)
        {
            if (_epolls.Remove(descriptor)) return Libc.Close(descriptor);
            if (!_sockets.Remove(descriptor, out SocketObject? socket)) return Fail(Errno.BadFile);
            socket.Listener?.Close();
            socket.Connection?.Close();
            socket.Binding?.Release();
            Settle();
            return Libc.Close(descriptor);
        }
    }

    internal int FileControl(int descriptor, int command, int argument)
    {
        const int GetDescriptorFlags = 1, SetDescriptorFlags = 2, GetFlags = 3, SetFlags = 4;
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            switch (command)
            {
                case GetDescriptorFlags:
                    return socket.IsCloseOnExec ? 1 : 0;
                case SetDescriptorFlags:
                    socket.IsCloseOnExec = (argument & 1) != 0;
                    return 0;
                case GetFlags:
                    return ReadWrite | (socket.IsNonBlocking ? FlagNonBlocking : 0);
                case SetFlags:
                    socket.IsNonBlocking = (argument & FlagNonBlocking) != 0;
                    return 0;
                default:
                    return Fail(Errno.Invalid);
            }
        }
    }

    internal int IoControl(int descriptor, uint request, out int value)
    {
        const uint BytesReadable = 0x541B, BytesUnacknowledged = 0x5411, AtUrgentMark = 0x8905;
        value = 0;
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if (socket.Connection is not { } connection) return Fail(Errno.Invalid);
            switch (request)
            {
                case BytesReadable:
                    value = connection.ReadableBytes;
                    return 0;
                case BytesUnacknowledged:
                    value = connection.UnacknowledgedBytes;
                    return 0;
                case AtUrgentMark:
                    value = connection.UrgentBytesAhead == 0 ? 1 : 0;
                    return 0;
                default:
                    return Fail(Errno.Invalid);
            }
        }
    }

    /// <summary>A connect on a socket that has a connection: what became of it, told once.</summary>
    private static int ConnectAgain(SocketObject socket, TcpConnection connection)
    {
        if (socket.IsConnecting) return Fail(Errno.Already);
        if (Tell(socket) is < 0 and var error) return error;
        return connection.State == TcpState.Closed ? Fail(Errno.ConnectionAborted) : Fail(Errno.AlreadyConnected);
    }

    private static int Take(TcpConnection connection, Span<byte> buffer, int flags)
    {
        if ((flags & MessagePeek) != 0)
        {
            int seen = Math.Min(buffer.Length, connection.ReadableBytes);
            System.Buffers.BuffersExtensions.CopyTo(connection.Peek().Slice(0, seen), buffer);
            return seen;
        }
        if ((flags & MessageTruncate) == 0) return connection.Read(buffer);
        int dropped = Math.Min(buffer.Length, connection.ReadableBytes);
        connection.Consume(dropped);
        return dropped;
    }

    /// <summary>The pending error, negated and told once; 0 when there is none.</summary>
    private static int Tell(SocketObject socket)
    {
        TcpError error = socket.PendingError;
        if (error != TcpError.None) socket.IsErrorTold = true;
        return Of(error);
    }

    private SocketObject Add(bool isV6, bool isNonBlocking, TcpConnectionOptions options)
    {
        SocketObject socket = new(Libc.EventFd(0, 0), isV6, isNonBlocking, options);
        _sockets.Add(socket.Descriptor, socket);
        return socket;
    }

    private bool TryFind(int descriptor, [NotNullWhen(true)] out SocketObject? socket, out int failure)
    {
        failure = Fail(Errno.BadFile);
        return _sockets.TryGetValue(descriptor, out socket);
    }

    private static int Fail(Errno error) => -(int)error;

    private static int Of(TcpError error) => error switch
    {
        TcpError.None => 0,
        TcpError.AddressInUse => Fail(Errno.AddressInUse),
        TcpError.AddressNotAvailable => Fail(Errno.AddressNotAvailable),
        TcpError.NetworkUnreachable => Fail(Errno.NetworkUnreachable),
        TcpError.HostUnreachable => Fail(Errno.HostUnreachable),
        TcpError.ConnectionRefused => Fail(Errno.ConnectionRefused),
        TcpError.ConnectionReset => Fail(Errno.ConnectionReset),
        TcpError.ConnectionAborted => Fail(Errno.ConnectionAborted),
        TcpError.TimedOut => Fail(Errno.TimedOut),
        TcpError.InvalidArgument => Fail(Errno.Invalid),
        TcpError.NoBufferSpace => Fail(Errno.NoBuffers),
        _ => Fail(Errno.Invalid),
    };
}
