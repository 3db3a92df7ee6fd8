using System.Net.Sockets;
using NetStack.Ip;
using NetStack.Tcp;
using NetStack.Udp;

namespace NetStack.Runtime;

/// <summary>What the stack's results are called in .NET.</summary>
internal static class SocketErrors
{
    internal static SocketException Exception(TcpError error) => new((int)CodeOf(error));

    internal static SocketException Exception(SocketError error) => new((int)error);

    /// <summary>As a stream's user knows it from <see cref="NetworkStream"/>.</summary>
    internal static IOException StreamException(TcpError error)
    {
        SocketException inner = Exception(error);
        return new IOException($"The connection failed: {inner.Message}.", inner);
    }

    internal static SocketError CodeOf(TcpError error) => error switch
    {
        TcpError.None => SocketError.Success,
        TcpError.AddressInUse => SocketError.AddressAlreadyInUse,
        TcpError.AddressNotAvailable => SocketError.AddressNotAvailable,
        TcpError.NetworkUnreachable => SocketError.NetworkUnreachable,
        TcpError.HostUnreachable => SocketError.HostUnreachable,
        TcpError.ConnectionRefused => SocketError.ConnectionRefused,
        TcpError.ConnectionReset => SocketError.ConnectionReset,
        TcpError.ConnectionAborted or TcpError.BodyChanged => SocketError.ConnectionAborted,
        TcpError.TimedOut => SocketError.TimedOut,
        TcpError.NoBufferSpace => SocketError.NoBufferSpaceAvailable,
        _ => SocketError.InvalidArgument,
    };

    internal static SocketError CodeOf(UdpBindResult result) => result switch
    {
        UdpBindResult.Success => SocketError.Success,
        UdpBindResult.AddressInUse => SocketError.AddressAlreadyInUse,
        UdpBindResult.AddressNotAvailable or UdpBindResult.NoPortFree => SocketError.AddressNotAvailable,
        UdpBindResult.Unreachable => SocketError.NetworkUnreachable,
        UdpBindResult.Closed => SocketError.NotSocket,
        _ => SocketError.InvalidArgument,
    };

    internal static SocketError CodeOf(DatagramSendResult result) => result switch
    {
        DatagramSendResult.Sent => SocketError.Success,
        DatagramSendResult.WouldBlock => SocketError.WouldBlock,
        DatagramSendResult.Unreachable => SocketError.NetworkUnreachable,
        DatagramSendResult.MessageTooLong => SocketError.MessageSize,
        DatagramSendResult.AccessDenied => SocketError.AccessDenied,
        DatagramSendResult.NotConnected => SocketError.NotConnected,
        DatagramSendResult.AddressNotAvailable => SocketError.AddressNotAvailable,
        DatagramSendResult.Closed => SocketError.NotSocket,
        _ => SocketError.InvalidArgument,
    };

    internal static SocketError CodeOf(DatagramErrorKind kind) => kind switch
    {
        DatagramErrorKind.None => SocketError.Success,
        DatagramErrorKind.ConnectionRefused => SocketError.ConnectionRefused,
        DatagramErrorKind.ProtocolUnreachable => SocketError.ProtocolNotSupported,
        DatagramErrorKind.MessageTooLong => SocketError.MessageSize,
        DatagramErrorKind.Prohibited => SocketError.AccessDenied,
        DatagramErrorKind.AddressRemoved => SocketError.AddressNotAvailable,
        _ => SocketError.HostUnreachable,
    };
}
