using NetStack.Tcp;

namespace NetStack.Packetdrill;

/// <remarks>poll and epoll, level-triggered and edge-triggered.</remarks>
internal sealed partial class World
{
    private const uint In = 0x1, Out = 0x4, Error = 0x8, HangUp = 0x10, PeerClosed = 0x2000, EdgeTriggered = 1u << 31, OneShot = 1u << 30;

    private readonly Dictionary<int, Dictionary<int, Interest>> _epolls = [];

    internal int Poll(Span<PollEntry> entries, int timeout)
    {
        lock (_lock)
        {
            PollEntry[] asked = entries.ToArray();
            if (timeout != 0 && Count(asked) == 0)
            {
                long? end = timeout < 0 ? null : _now + timeout * 1000L;
                Await(() => Count(asked) > 0 || _now >= end);
            }
            int ready = Count(asked);
            asked.CopyTo(entries);
            return ready;
        }
    }

    internal int EpollCreate()
    {
        lock (_lock)
        {
            int descriptor = Libc.EventFd(0, 0);
            _epolls.Add(descriptor, []);
            return descriptor;
        }
    }

    internal int EpollControl(int epoll, int operation, int descriptor, EpollEvent wanted)
    {
        const int Add = 1, Remove = 2, Modify = 3;
        lock (_lock)
        {
            if (!_epolls.TryGetValue(epoll, out Dictionary<int, Interest>? interests) || !_sockets.ContainsKey(descriptor)) return Fail(Errno.BadFile);
            switch (operation)
            {
                case Add or Modify:
                    interests[descriptor] = new Interest { Wanted = wanted.Events, Data = wanted.Data };
                    return 0;
                case Remove:
                    return interests.Remove(descriptor) ? 0 : Fail(Errno.Invalid);
                default:
                    return Fail(Errno.Invalid);
            }
        }
    }

    internal int EpollWait(int epoll, Span<EpollEvent> events, int timeout)
    {
        lock (_lock)
        {
            if (!_epolls.TryGetValue(epoll, out Dictionary<int, Interest>? interests)) return Fail(Errno.BadFile);
            if (timeout != 0 && !interests.Any(i => Due(i.Key, i.Value) != 0))
            {
                long? end = timeout < 0 ? null : _now + timeout * 1000L;
                Await(() => interests.Any(i => Due(i.Key, i.Value) != 0) || _now >= end);
            }
            int count = 0;
            foreach ((int descriptor, Interest interest) in interests)
            {
                if (count == events.Length) break;
                uint due = Due(descriptor, interest);
                if (due == 0) continue;
                events[count++] = new EpollEvent { Events = due, Data = interest.Data };
                interest.Told = StateOf(descriptor);
                if ((interest.Wanted & OneShot) != 0) interest.Wanted = 0;
            }
            return count;
        }
    }

    private int Count(PollEntry[] entries)
    {
        int ready = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            uint state = Ready(entries[i].Descriptor) & ((ushort)entries[i].Events | Error | HangUp);
            entries[i].Returned = (short)state;
            if (state != 0) ready++;
        }
        return ready;
    }

    private uint Due(int descriptor, Interest interest)
    {
        if (interest.Wanted == 0) return 0;
        uint ready = Ready(descriptor) & (interest.Wanted | Error | HangUp);
        if ((interest.Wanted & EdgeTriggered) == 0) return ready;
        (uint all, long received) = StateOf(descriptor);
        bool isNews = interest.Told is not { } told || (all & ~told.Ready) != 0 || received > told.Received;
        if (interest.Told is { } before) interest.Told = (before.Ready & all, before.Received); // what ends can begin anew
        return isNews ? ready : 0;
    }

    private uint Ready(int descriptor)
    {
        if (!_sockets.TryGetValue(descriptor, out SocketObject? socket)) return 0;
        uint ready = socket.IsReadable ? In : 0;
        if (socket.IsWritable) ready |= Out;
        if (socket.PendingError != TcpError.None) ready |= Error;
        if (socket.Connection is not { } connection) return ready;
        if (connection.State == TcpState.Closed) ready |= HangUp | PeerClosed;
        else if (connection.IsEndOfStream) ready |= PeerClosed;
        return ready;
    }

    /// <summary>What an edge is told by: readiness, and how much was received.</summary>
    private (uint Ready, long Received) StateOf(int descriptor) => (Ready(descriptor), _sockets.GetValueOrDefault(descriptor)?.Connection?.Info.BytesReceived ?? 0);

    private sealed class Interest
    {
        internal uint Wanted { get; set; }
        internal ulong Data { get; init; }
        internal (uint Ready, long Received)? Told { get; set; }
    }
}
