using System.Globalization;

namespace NetStack.Packetdrill;

/// <summary>
/// The kernel's TCP settings of the network namespace the script runs in. Scripts set them with <c>sysctl</c> before they begin;
/// what is read here takes their place for this stack.
/// </summary>
internal static class Sysctl
{
    /// <summary>A number, or what to take where the setting is not there.</summary>
    internal static int Number(string name, int otherwise) => Numbers(name) is [int first, ..] ? first : otherwise;

    /// <summary>All numbers of a setting; none where it is not there.</summary>
    internal static int[] Numbers(string name) =>
        [.. Text(name).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(w => int.TryParse(w, NumberStyles.Integer, CultureInfo.InvariantCulture, out int n) ? n : 0)];

    /// <summary>A setting as text, trimmed; empty where it is not there.</summary>
    internal static string Text(string name)
    {
        try
        {
            return File.ReadAllText("/proc/sys/net/ipv4/" + name).Trim();
        }
        catch (IOException)
        {
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }
}
