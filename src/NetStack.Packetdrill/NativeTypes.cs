using System.Runtime.InteropServices;

namespace NetStack.Packetdrill;

/// <summary>The table of functions as packetdrill declares it: 33 pointers in this order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FunctionTable
{
    public void* UserData;
    public delegate* unmanaged<void*, void> Free;
    public delegate* unmanaged<void*, int, int, int, int> Socket;
    public delegate* unmanaged<void*, int, byte*, uint, int> Bind;
    public delegate* unmanaged<void*, int, int, int> Listen;
    public delegate* unmanaged<void*, int, byte*, uint*, int> Accept;
    public delegate* unmanaged<void*, int, byte*, uint, int> Connect;
    public delegate* unmanaged<void*, int, byte*, nuint, nint> Read;
    public delegate* unmanaged<void*, int, IoVector*, int, nint> ReadVector;
    public delegate* unmanaged<void*, int, byte*, nuint, int, nint> Receive;
    public delegate* unmanaged<void*, int, byte*, nuint, int, byte*, uint*, nint> ReceiveFrom;
    public delegate* unmanaged<void*, int, MessageHeader*, int, nint> ReceiveMessage;
    public delegate* unmanaged<void*, int, byte*, nuint, nint> Write;
    public delegate* unmanaged<void*, int, IoVector*, int, nint> WriteVector;
    public delegate* unmanaged<void*, int, byte*, nuint, int, nint> Send;
    public delegate* unmanaged<void*, int, byte*, nuint, int, byte*, uint, nint> SendTo;
    public delegate* unmanaged<void*, int, MessageHeader*, int, nint> SendMessage;
    public delegate* unmanaged<void*, int, int, nint, int> FileControl; // variadic in C: the third argument lies in the same register
    public delegate* unmanaged<void*, int, nuint, nint, int> IoControl; // likewise
    public delegate* unmanaged<void*, int, int> Close;
    public delegate* unmanaged<void*, int, int, int> Shutdown;
    public delegate* unmanaged<void*, int, int, int, byte*, uint*, int> GetOption;
    public delegate* unmanaged<void*, int, int, int, byte*, uint, int> SetOption;
    public delegate* unmanaged<void*, PollEntry*, nuint, int, int> Poll;
    public delegate* unmanaged<void*, byte*, nuint, int> DeviceSend;
    public delegate* unmanaged<void*, byte*, nuint*, long*, int> DeviceReceive;
    public delegate* unmanaged<void*, uint, int> Sleep;
    public delegate* unmanaged<void*, TimeValue*, void*, int> GetTimeOfDay;
    public delegate* unmanaged<void*, int, int> EpollCreate;
    public delegate* unmanaged<void*, int, int, int, EpollEvent*, int> EpollControl;
    public delegate* unmanaged<void*, int, EpollEvent*, int, int, int> EpollWait;
    public delegate* unmanaged<void*, int*, int> Pipe;
    public delegate* unmanaged<void*, int, long*, int, long*, nuint, uint, nint> Splice;
}

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public byte* Base;
    public nuint Length;

    public readonly Span<byte> Bytes => new(Base, checked((int)Length));
}

/// <summary>struct msghdr on 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    public byte* Name;
    public uint NameLength;
    public IoVector* Vectors;
    public nuint VectorCount;
    public byte* Control;
    public nuint ControlLength;
    public int Flags;
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry
{
    public int Descriptor;
    public short Events;
    public short Returned;
}

/// <summary>struct epoll_event, which is packed on x86-64.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct EpollEvent
{
    public uint Events;
    public ulong Data;
}

/// <summary>struct timeval.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeValue
{
    public long Seconds;
    public long Microseconds;
}

/// <summary>The few calls of the C library the adapter needs: descriptors that the caller may close itself.</summary>
internal static partial class Libc
{
    [LibraryImport("libc", EntryPoint = "eventfd")]
    internal static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    internal static partial int Close(int descriptor);
}
