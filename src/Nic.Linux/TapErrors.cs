using System.Runtime.InteropServices;
using System.Text;
using NetStack.Nic.Linux.Interop;

namespace NetStack.Nic.Linux;

/// <summary>What went wrong while a TAP device was opened, and what to do about it. HResult is the system's error number.</summary>
internal static class TapErrors
{
    private const int LongestName = 15; // IFNAMSIZ less the terminator

    /// <summary>Throws unless the kernel could know an interface by that name.</summary>
    internal static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        int bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes > LongestName) throw new ArgumentException($"The interface name '{name}' has {bytes} bytes; it may have {LongestName}.", nameof(name));
        if (name is "." or ".." || name.Any(c => c is '/' or ':' or '\0' || char.IsWhiteSpace(c)))
            throw new ArgumentException($"'{name}' is no interface name: no slash, colon or space may be in it.", nameof(name));
    }

    internal static Exception OfOpening(string path, int error) => error switch
    {
        Error.NoEntry or Error.NoSuchAddress or Error.NoDevice =>
            With(new IOException($"{path} is not there: load the module with 'modprobe tun'; give a container '--device {path}'."), error),
        Error.NoAccess or Error.NotPermitted =>
            With(new UnauthorizedAccessException($"{path} may not be opened by this user: it needs read and write permission on it."), error),
        _ => With(new IOException($"{path} cannot be opened: {Text(error)}."), error),
    };

    internal static Exception OfAttaching(string name, int error) => error switch
    {
        Error.NotPermitted or Error.NoAccess => With(new UnauthorizedAccessException(
            $"Opening the TAP device {name} needs CAP_NET_ADMIN, or a device made for this user beforehand: 'ip tuntap add dev {name} mode tap user $USER'."), error),
        Error.Busy => With(new IOException($"The TAP device {name} is in use by another process: end that, or take another name."), error),
        Error.Invalid => With(new IOException(
            $"The interface {name} is there but is no TAP device (a TUN device, or of another kind): take another name, or delete it with 'ip link delete {name}'."), error),
        _ => With(new IOException($"The TAP device {name} cannot be opened: {Text(error)}."), error),
    };

    private static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);

    private static Exception With(Exception exception, int error)
    {
        exception.HResult = error;
        return exception;
    }
}
