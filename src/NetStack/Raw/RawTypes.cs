using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Raw;

/// <summary>Settings of raw sockets.</summary>
public sealed record RawOptions
{
    /// <summary>Bytes that the receive queue of a new raw socket may take.</summary>
    public int ReceiveBufferSize { get; init; } = 256 * 1024;

    /// <summary>Bytes that the receive queues of all raw sockets may take together.</summary>
    public int ReceiveMemory { get; init; } = 4 * 1024 * 1024;
}

/// <summary>What is told of a datagram that a raw socket received: IP header with options or extension headers, then payload.</summary>
/// <param name="Source">Who sent it.</param>
/// <param name="Destination">Whom it was for.</param>
/// <param name="Protocol">The protocol after extension headers.</param>
/// <param name="Interface">The interface it came in on.</param>
public readonly record struct RawDatagramInfo(IpAddress Source, IpAddress Destination, IpProtocol Protocol, int Interface)
{
    /// <summary>TTL or hop limit as it arrived.</summary>
    public byte HopLimit { get; init; }

    /// <summary>TOS or traffic class.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>Bytes of the IP header with options or extension headers, at the datagram's front.</summary>
    public int HeaderLength { get; init; }

    /// <summary>Bytes of the datagram.</summary>
    public int Length { get; init; }

    /// <summary>Bytes that were copied.</summary>
    public int Copied { get; init; }

    /// <summary>Whether the destination was too short; the rest is gone.</summary>
    public bool IsTruncated => Copied < Length;
}

/// <summary>An event of a raw socket.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="What">What happened.</param>
public readonly record struct RawEvent(RawSocket Socket, SocketEvents What);
