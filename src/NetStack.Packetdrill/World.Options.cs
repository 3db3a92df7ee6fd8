using System.Buffers.Binary;
using NetStack.Tcp;

namespace NetStack.Packetdrill;

/// <remarks>Socket options that the scripts use, by Linux's numbers.</remarks>
internal sealed partial class World
{
    private const int LevelSocket = 1, LevelTcp = 6, LevelIp = 0, LevelIpv6 = 41;
    private const int ReuseAddress = 2, SocketError = 4, SendBuffer = 7, ReceiveBuffer = 8, KeepAlive = 9, Linger = 13, ReusePort = 15, MemoryInfo = 55;
    private const int NoDelay = 1, MaxSegment = 2, Cork = 3, KeepIdle = 4, KeepInterval = 5, KeepCount = 6, Info = 11, QuickAck = 12, UserTimeout = 18, UnsentLowWater = 25, CongestionInfo = 26, TellUnread = 36;
    private const int TypeOfService = 1, TimeToLive = 2, TrafficClass = 67;

    private readonly bool _isLinux;

    /// <summary>Writes an option's value; returns its length.</summary>
    internal int GetOption(int descriptor, int level, int name, Span<byte> value)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            if ((level, name) == (LevelTcp, Info)) return socket.Connection is null ? Fail(Errno.Invalid) : LinuxTcpInfo.Write(value, socket.Connection.Info, Time);
            if ((level, name) == (LevelTcp, CongestionInfo)) return 0; // ours have none
            if ((level, name) == (LevelSocket, MemoryInfo)) return WriteMemoryInfo(socket, value);
            if ((level, name) == (LevelSocket, Linger)) return WriteLinger(socket, value);
            if (Number(socket, level, name) is not { } number) return Fail(Errno.NoProtocolOption);
            if (value.Length < sizeof(int)) return Fail(Errno.Invalid);
            BinaryPrimitives.WriteInt32LittleEndian(value, number);
            return sizeof(int);
        }
    }

    internal int SetOption(int descriptor, int level, int name, ReadOnlySpan<byte> value)
    {
        lock (_lock)
        {
            if (!TryFind(descriptor, out SocketObject? socket, out int failure)) return failure;
            bool isByte = value.Length == 1 && level is LevelIp or LevelIpv6; // Linux takes them
            if (value.Length < sizeof(int) && !isByte) return Fail(Errno.Invalid);
            int number = isByte ? value[0] : BinaryPrimitives.ReadInt32LittleEndian(value);
            int result = (level, name) == (LevelSocket, Linger) ? SetLinger(socket, value) : Set(socket, level, name, number);
            Settle();
            return result;
        }
    }

    private static int? Number(SocketObject socket, int level, int name) => (level, name) switch
    {
        (LevelSocket, ReuseAddress) => socket.ReuseAddress ? 1 : 0,
        (LevelSocket, ReusePort) => socket.ReusePort ? 1 : 0,
        (LevelSocket, SocketError) => -Tell(socket),
        (LevelSocket, SendBuffer) => socket.Options.SendBuffer,
        (LevelSocket, ReceiveBuffer) => socket.Options.ReceiveBuffer,
        (LevelSocket, KeepAlive) => socket.Options.KeepAlive ? 1 : 0,
        (LevelTcp, NoDelay) => socket.Options.NoDelay ? 1 : 0,
        (LevelTcp, MaxSegment) => socket.Connection is { State: not TcpState.Closed } connection ? connection.Info.SendMss : socket.Options.MaxMss > 0 ? socket.Options.MaxMss : 536,
        (LevelTcp, Cork) => socket.IsCorked ? 1 : 0,
        (LevelTcp, KeepIdle) => (int)socket.Options.KeepAliveIdle.TotalSeconds,
        (LevelTcp, KeepInterval) => (int)socket.Options.KeepAliveInterval.TotalSeconds,
        (LevelTcp, KeepCount) => socket.Options.KeepAliveProbes,
        (LevelTcp, UnsentLowWater) => socket.UnsentLowWater,
        (LevelTcp, TellUnread) => socket.TellsUnread ? 1 : 0,
        (LevelTcp, UserTimeout) => (int)socket.Options.UserTimeout.TotalMilliseconds,
        (LevelIp, TypeOfService) or (LevelIpv6, TrafficClass) => socket.Options.TrafficClass,
        (LevelIp, TimeToLive) => socket.Options.HopLimit,
        _ => socket.Plain.TryGetValue((level, name), out int number) ? number : null,
    };

    private int Set(SocketObject socket, int level, int name, int number)
    {
        TcpConnectionOptions options = socket.Options;
        switch (level, name)
        {
            case (LevelSocket, ReuseAddress):
                socket.ReuseAddress = number != 0;
                return 0;
            case (LevelSocket, ReusePort):
                socket.ReusePort = number != 0;
                return 0;
            case (LevelSocket, SendBuffer):
                int sendBuffer = _isLinux ? Math.Max(2 * number, 4608) : number; // Linux doubles what is asked for
                socket.Options = options with { SendBuffer = sendBuffer, MaxSendBuffer = sendBuffer };
                return 0;
            case (LevelSocket, ReceiveBuffer):
                int receiveBuffer = _isLinux ? Math.Max(2 * number, 2304) : number;
                socket.Options = options with { ReceiveBuffer = receiveBuffer, MaxReceiveBuffer = receiveBuffer };
                return 0;
            case (LevelSocket, KeepAlive):
                socket.Options = options with { KeepAlive = number != 0 };
                return 0;
            case (LevelTcp, NoDelay):
                socket.Options = options with { NoDelay = number != 0 };
                return 0;
            case (LevelTcp, MaxSegment):
                socket.Options = options with { MaxMss = number };
                return 0;
            case (LevelTcp, Cork):
                socket.IsCorked = number != 0;
                if (socket.Connection is not null) socket.Connection.IsCorked = socket.IsCorked;
                return 0;
            case (LevelTcp, KeepIdle):
                socket.Options = options with { KeepAliveIdle = TimeSpan.FromSeconds(number) };
                return 0;
            case (LevelTcp, KeepInterval):
                socket.Options = options with { KeepAliveInterval = TimeSpan.FromSeconds(number) };
                return 0;
            case (LevelTcp, KeepCount):
                socket.Options = options with { KeepAliveProbes = number };
                return 0;
            case (LevelTcp, UserTimeout):
                socket.Options = options with { UserTimeout = TimeSpan.FromMilliseconds(number) };
                return 0;
            case (LevelTcp, UnsentLowWater):
                socket.UnsentLowWater = number;
                return 0;
            case (LevelTcp, TellUnread):
                socket.TellsUnread = number != 0;
                return 0;
            case (LevelIp, TypeOfService) or (LevelIpv6, TrafficClass):
                socket.Options = options with { TrafficClass = (byte)number };
                return 0;
            case (LevelIp, TimeToLive):
                socket.Options = options with { HopLimit = (byte)number };
                return 0;
            case (LevelTcp, QuickAck) or (LevelIp or LevelIpv6, _):
                socket.Plain[(level, name)] = number; // no effect on what a conforming stack sends
                return 0;
            default:
                return Fail(Errno.NoProtocolOption);
        }
    }

    private static int SetLinger(SocketObject socket, ReadOnlySpan<byte> value)
    {
        if (value.Length < 8) return Fail(Errno.Invalid);
        bool isOn = BinaryPrimitives.ReadInt32LittleEndian(value) != 0;
        socket.Options = socket.Options with { Linger = isOn ? TimeSpan.FromSeconds(BinaryPrimitives.ReadInt32LittleEndian(value[4..])) : null };
        return 0;
    }

    /// <summary>SO_MEMINFO: nine numbers, of which we know the limits and what is queued.</summary>
    private static int WriteMemoryInfo(SocketObject socket, Span<byte> value)
    {
        const int Size = 9 * sizeof(int), ReceiveLimit = 4, SendLimit = 12, Queued = 20;
        if (value.Length < Size) return Fail(Errno.Invalid);
        value.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(value[ReceiveLimit..], socket.Options.ReceiveBuffer);
        BinaryPrimitives.WriteInt32LittleEndian(value[SendLimit..], socket.Options.SendBuffer);
        BinaryPrimitives.WriteInt32LittleEndian(value[Queued..], socket.Connection?.UnacknowledgedBytes ?? 0);
        return Size;
    }

    private static int WriteLinger(SocketObject socket, Span<byte> value)
    {
        if (value.Length < 8) return Fail(Errno.Invalid);
        BinaryPrimitives.WriteInt32LittleEndian(value, socket.Options.Linger is null ? 0 : 1);
        BinaryPrimitives.WriteInt32LittleEndian(value[4..], (int)(socket.Options.Linger?.TotalSeconds ?? 0));
        return 8;
    }
}
