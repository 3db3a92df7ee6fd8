using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NetStack.Nic.Linux.Interop;

/// <summary>
/// An open descriptor. <see cref="Hold"/> keeps its number from being closed, and given to another file, while calls use it:
/// once for a batch of calls, since it costs about as much as a cheap one.
/// </summary>
internal sealed class Descriptor(int number) : IDisposable
{
    private readonly SafeFileHandle _handle = new(number, ownsHandle: true);

    /// <summary>The number; valid between <see cref="Hold"/> and <see cref="Release"/>.</summary>
    internal int Number { get; } = number;

    /// <summary>Takes a descriptor that a call returned.</summary>
    /// <exception cref="IOException">It returned none.</exception>
    internal static Descriptor Of(int result, string call) => result >= 0 ? new Descriptor(result) : throw Failure(call, Marshal.GetLastPInvokeError());

    /// <summary>What to throw for a call that failed; its HResult is the error number.</summary>
    internal static IOException Failure(string call, int error) => new($"{call}: {Marshal.GetPInvokeErrorMessage(error)}.", error);

    /// <summary>Keeps the descriptor open until <see cref="Release"/>.</summary>
    /// <returns>False when it was closed.</returns>
    internal bool Hold()
    {
        bool isHeld = false;
        try
        {
            _handle.DangerousAddRef(ref isHeld);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        return isHeld;
    }

    internal void Release() => _handle.DangerousRelease();

    public void Dispose() => _handle.Dispose();
}
