using System.Runtime.InteropServices;

namespace NetStack.Bench.Economics;

/// <summary>The calls of Linux that stand in for an IOMMU's, and those that register an AF_XDP area.</summary>
internal static unsafe partial class Libc
{
    internal const int ProtNone = 0, ProtRead = 1, ProtWrite = 2;
    internal const int MapShared = 1, MapPrivate = 2, MapFixed = 0x10, MapAnonymous = 0x20, MapPopulate = 0x8000;
    internal const int MremapMayMove = 1, MremapFixed = 2;
    internal const int AfXdp = 44, SockRaw = 3, SolXdp = 283, XdpUmemReg = 4;

    internal static readonly nint MapFailed = -1;

    internal static bool IsHere => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nint length);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    internal static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "mremap", SetLastError = true)]
    internal static partial nint Remap(nint address, nint length, nint newLength, int flags, nint newAddress);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int CreateMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(int file, nint length);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetUmem(int socket, int level, int option, in UmemRegistrationRequest value, uint length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint a, nint b, ulong* c);

    /// <summary>The first 64 processors a thread may run on; the result is not positive when it failed.</summary>
    internal static int GetAffinity(int thread, int length, out ulong processors)
    {
        const int SchedGetAffinity = 204;
        ulong mask = 0;
        int result = (int)Call(SchedGetAffinity, thread, length, &mask);
        processors = mask;
        return result;
    }

    internal static int SetAffinity(int thread, int length, ulong processors)
    {
        const int SchedSetAffinity = 203;
        return (int)Call(SchedSetAffinity, thread, length, &processors);
    }

    /// <summary>Fails with what the system says.</summary>
    internal static void Check(bool isGood, string call)
    {
        if (!isGood) throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Reads a byte of every page, as a device would that has to translate each.</summary>
    internal static int TouchPages(nint address, nint length)
    {
        int sum = 0;
        for (nint at = 0; at < length; at += Environment.SystemPageSize) sum += Volatile.Read(ref *(byte*)(address + at));
        return sum;
    }

    /// <summary>Memory as a span.</summary>
    internal static Span<byte> Span(nint address, int length) => new((void*)address, length);
}

/// <summary>The kernel's <c>struct xdp_umem_reg</c> (include/uapi/linux/if_xdp.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct UmemRegistrationRequest(ulong address, ulong length, uint chunkSize)
{
    internal readonly ulong Address = address;
    internal readonly ulong Length = length;
    internal readonly uint ChunkSize = chunkSize;
    internal readonly uint Headroom;
    internal readonly uint Flags;
    internal readonly uint TransmitMetadataLength;
}
