using System.Runtime.InteropServices;

namespace NetStack.Memory;

/// <summary>Asks the kernel for huge pages. The one system call of this assembly; it never fails the caller.</summary>
internal static partial class HugePages
{
    private const int AdviseHugePage = 14; // MADV_HUGEPAGE, madvise(2)

    /// <summary>Whether the kernel took the advice; false on any platform or kernel without it.</summary>
    internal static bool TryAdvise(nint address, int length)
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return Advise(address, (nuint)length, AdviseHugePage) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
