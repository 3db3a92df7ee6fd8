using System.Buffers.Binary;
using NetStack.Tcp;

namespace NetStack.Dns;

/// <summary>One question and its answer over TCP, each behind its length in two bytes (RFC 1035 section 4.2.2, RFC 7766).</summary>
internal sealed class DnsExchange(DnsQuery query, TcpConnection connection)
{
    private readonly byte[] _answer = new byte[2 + ushort.MaxValue];
    private int _read;

    internal DnsQuery Query { get; } = query;

    /// <summary>Whether there is something to look at.</summary>
    internal bool IsReady => connection.ReadableBytes > 0 || IsBroken;

    /// <summary>Whether no answer can follow any more.</summary>
    internal bool IsBroken => connection.Error != TcpError.None || connection.IsEndOfStream;

    /// <summary>Whether its answer was received.</summary>
    internal bool IsSpent => _read >= 2 && _read >= Length;

    private int Length => 2 + BinaryPrimitives.ReadUInt16BigEndian(_answer);

    /// <summary>Queues the question; it leaves when the connection stands.</summary>
    /// <returns>False when there is no room for it.</returns>
    internal bool TrySend(ReadOnlySpan<byte> message)
    {
        Span<byte> framed = stackalloc byte[514];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed[2..]);
        return connection.Write(framed[..(2 + message.Length)]) == 2 + message.Length;
    }

    /// <summary>Reads what came; true when the answer is whole.</summary>
    internal bool TryReceive(out ReadOnlySpan<byte> message)
    {
        if (_read < 2) _read += connection.Read(_answer.AsSpan(_read, 2 - _read));
        if (_read >= 2 && !IsSpent) _read += connection.Read(_answer.AsSpan(_read, Length - _read));
        message = IsSpent ? _answer.AsSpan(2, Length - 2) : default;
        return IsSpent;
    }

    internal void Close()
    {
        if (IsSpent) connection.Close();
        else connection.Abort();
    }
}
