using System.Runtime.InteropServices;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>The system calls of both counters; Linux on x86-64.</summary>
internal static unsafe partial class Native
{
    internal const int SignalTrap = 5;
    internal const int SignalMark = 23; // SIGURG: ignored by who is not traced

    internal static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    internal static string LastError => $"{ErrorName(Marshal.GetLastPInvokeError())}: {Marshal.GetLastPInvokeErrorMessage()}";

    internal static int ThreadId => (int)Syscall(186, 0, 0, 0, 0, 0);

    /// <summary>Sends the calling thread the mark that a tracer waits for.</summary>
    internal static void Mark(int process, int thread) => SyscallInline(234, process, thread, SignalMark);

    /// <summary>Lets any process trace this one, where the Yama module would refuse.</summary>
    internal static void AllowTracing() => Syscall(157, 0x59616D61, -1, 0, 0, 0);

    /// <summary>Keeps the calling thread on the processor it is on: the tracer and the traced take turns, so one is enough.</summary>
    internal static void StayOn(int processor)
    {
        ulong* mask = stackalloc ulong[16];
        mask[processor / 64] = 1UL << (processor % 64);
        Syscall(203, 0, 16 * sizeof(ulong), (nint)mask, 0, 0);
    }

    internal static nint PerfEventOpen(in PerfEventAttributes attributes)
    {
        fixed (PerfEventAttributes* a = &attributes) return Syscall(298, (nint)a, 0, -1, -1, 0);
    }

    private static string ErrorName(int error) => error switch
    {
        1 => "EPERM",
        2 => "ENOENT",
        3 => "ESRCH",
        13 => "EACCES",
        22 => "EINVAL",
        28 => "ENOSPC",
        38 => "ENOSYS",
        95 => "EOPNOTSUPP",
        _ => $"errno {error}",
    };

    [LibraryImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    internal static partial nint Ptrace(nint request, int thread, nint address, nint data);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int thread, out int status, int options);

    [LibraryImport("libc", EntryPoint = "process_vm_readv", SetLastError = true)]
    internal static partial nint ReadMemory(int process, IoVector* local, nint locals, IoVector* remote, nint remotes, nint flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(int descriptor, nint request, nint argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int descriptor, void* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint MapMemory(nint address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    internal static partial int UnmapMemory(nint address, nint length);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Syscall(nint number, nint a, nint b, nint c, nint d, nint e);

    // Without the runtime's bookkeeping around a call, so that little of it is stepped.
    [LibraryImport("libc", EntryPoint = "syscall")]
    [SuppressGCTransition]
    private static partial nint SyscallInline(nint number, nint a, nint b, nint c);

    internal struct IoVector
    {
        internal void* Base;
        internal nint Length;
    }

    /// <summary><c>struct perf_event_attr</c>, 128 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    internal struct PerfEventAttributes
    {
        [FieldOffset(0)] internal uint Type;
        [FieldOffset(4)] internal uint Size;
        [FieldOffset(16)] internal ulong SamplePeriod;
        [FieldOffset(24)] internal ulong SampleType;
        [FieldOffset(40)] internal ulong Flags;
        [FieldOffset(52)] internal uint BreakpointType;
        [FieldOffset(56)] internal ulong BreakpointAddress;
        [FieldOffset(64)] internal ulong BreakpointLength;
    }

    /// <summary><c>struct user_regs_struct</c>.</summary>
    internal struct Registers
    {
        internal ulong R15, R14, R13, R12, Rbp, Rbx, R11, R10, R9, R8, Rax, Rcx, Rdx, Rsi, Rdi;
        internal ulong OrigRax, Rip, Cs, Flags, Rsp, Ss, FsBase, GsBase, Ds, Es, Fs, Gs;
    }
}
