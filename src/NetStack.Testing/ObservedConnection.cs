using System.Net;
using NetStack.Testing;

namespace NetStack;

/// <summary>A TCP connection as it was seen on the wire, where each side's frames leave it.</summary>
public sealed class ObservedConnection
{
    private readonly Direction _request = new();
    private readonly Direction _response = new();

    internal ObservedConnection(in ConnectionKey key, TimeSpan openedAt)
    {
        (ClientAddress, ClientPort, ServerAddress, ServerPort) = (key.Client, key.ClientPort, key.Server, key.ServerPort);
        OpenedAt = openedAt;
    }

    /// <summary>The client's address and port.</summary>
    public IPEndPoint Client => new(ClientAddress.ToIPAddress(), ClientPort);

    /// <summary>The server's address and port.</summary>
    public IPEndPoint Server => new(ServerAddress.ToIPAddress(), ServerPort);

    /// <summary>When the first SYN was sent.</summary>
    public TimeSpan OpenedAt { get; }

    /// <summary>Whether the server answered it with a SYN.</summary>
    public bool IsAnswered => _response.HasSyn;

    /// <summary>When the first FIN or reset was sent; null while there was none.</summary>
    public TimeSpan? ClosedAt { get; private set; }

    /// <summary>Who sent it.</summary>
    public Side? ClosedBy { get; private set; }

    /// <summary>What it was.</summary>
    public Close? Close { get; private set; }

    /// <summary>Bytes of payload the client sent, none counted twice.</summary>
    public long RequestBytes => _request.PayloadBytes;

    /// <summary>Bytes of payload the server sent, none counted twice.</summary>
    public long ResponseBytes => _response.PayloadBytes;

    /// <summary>Segments that were sent again, by both sides; probes of a byte that was sent before are none.</summary>
    public int Retransmissions => _request.Retransmissions + _response.Retransmissions;

    internal IpAddress ClientAddress { get; }

    internal ushort ClientPort { get; }

    internal IpAddress ServerAddress { get; }

    internal ushort ServerPort { get; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{OpenedAt} {Client} → {Server}: {RequestBytes} bytes there, {ResponseBytes} back, {Retransmissions} retransmissions, {(Close is null ? "open" : $"closed at {ClosedAt} by the {ClosedBy}'s {Close}")}";

    internal Direction Of(Side sender) => sender == Side.Client ? _request : _response;

    internal void OnClosed(Side by, Close how, TimeSpan at)
    {
        if (Close is not null) return;
        (ClosedBy, Close, ClosedAt) = (by, how, at);
    }

    /// <summary>What one side sent.</summary>
    internal sealed class Direction
    {
        private uint _first; // the number of the SYN
        private long _end; // place behind everything sent; that of the SYN is -1
        private bool _hasFin;

        internal bool HasSyn { get; private set; }

        internal int Retransmissions { get; private set; }

        internal long PayloadBytes => HasSyn ? Math.Max(0, _end - (_hasFin ? 1 : 0)) : 0;

        /// <summary>The sequence number behind everything sent.</summary>
        internal uint End => unchecked(_first + 1 + (uint)_end);

        /// <summary>The place of a sequence number in the stream, from 0.</summary>
        internal long PlaceOf(uint sequence) => _end + unchecked((int)(sequence - End));

        internal bool IsOtherSyn(uint sequence) => HasSyn && sequence != _first;

        internal void OnSegment(in SeenFrame seen)
        {
            if ((seen.Flags & TcpFlags.Syn) != 0)
            {
                if (HasSyn) Retransmissions++;
                else (HasSyn, _first) = (true, seen.Sequence);
                return;
            }
            if (!HasSyn || seen.IsReset) return;
            long start = PlaceOf(seen.Sequence);
            long end = PlaceOf(seen.SequenceEnd);
            bool isProbe = seen.PayloadLength <= 1 && !seen.IsFin && start == _end - 1;
            if (end > start && start < _end && !isProbe) Retransmissions++;
            _hasFin |= seen.IsFin;
            _end = Math.Max(_end, end);
        }
    }
}
