using System.Runtime.InteropServices;

namespace NetStack.Nic.Linux.Interop;

/// <summary>The calls into the system, as the manual pages have them. Each sets the last error.</summary>
/// <remarks>None suppresses the GC transition: writing to a TAP device runs the kernel's whole receive path, which takes microseconds.</remarks>
internal static unsafe partial class Libc
{
    internal const int ReadWrite = 0x2; // O_RDWR, open(2)
    internal const int NonBlocking = 0x800; // O_NONBLOCK, EFD_NONBLOCK
    internal const int CloseOnExec = 0x80000; // O_CLOEXEC, SOCK_CLOEXEC, EPOLL_CLOEXEC, EFD_CLOEXEC

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "readv", SetLastError = true)]
    internal static partial nint ReadVector(int descriptor, IoVector* vectors, int count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    internal static partial nint WriteVector(int descriptor, IoVector* vectors, int count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(int epoll, int operation, int descriptor, void* change);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(int epoll, void* events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    internal static partial int EpollWait(int epoll, void* events, int most, TimeSpec* timeout, void* signals);
}

/// <summary>One piece of memory of a gathering write or a scattering read (struct iovec).</summary>
internal struct IoVector
{
    internal nint Address;
    internal nuint Length;
}

/// <summary>One descriptor of poll(2) (struct pollfd).</summary>
internal struct PollEntry
{
    internal int Descriptor;
    internal short Events;
    internal short Returned;
}

/// <summary>Seconds and nanoseconds (struct timespec).</summary>
internal struct TimeSpec
{
    internal nint Seconds;
    internal nint Nanoseconds;
}

/// <summary>Error numbers (errno(3)) that mean something here.</summary>
internal static class Error
{
    internal const int NotPermitted = 1; // EPERM
    internal const int NoEntry = 2; // ENOENT
    internal const int Interrupted = 4; // EINTR
    internal const int InputOutput = 5; // EIO: the interface is down
    internal const int NoSuchAddress = 6; // ENXIO
    internal const int TryAgain = 11; // EAGAIN
    internal const int NoMemory = 12; // ENOMEM
    internal const int NoAccess = 13; // EACCES
    internal const int Busy = 16; // EBUSY
    internal const int NoDevice = 19; // ENODEV
    internal const int Invalid = 22; // EINVAL
    internal const int NoSystemCall = 38; // ENOSYS
    internal const int BadState = 77; // EBADFD: the interface was deleted
    internal const int TooLong = 90; // EMSGSIZE
    internal const int NoBuffers = 105; // ENOBUFS
}
