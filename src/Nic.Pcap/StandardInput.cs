namespace NetStack.Nic.Pcap;

/// <summary>
/// Standard input, and whether there is one. A program that is started with descriptor 0 closed (<c>&lt;&amp;-</c>) finds it taken
/// by the first thing its runtime opened: reading that would wait for ever, or read what nobody meant.
/// </summary>
internal static class StandardInput
{
    private const string Descriptors = "/proc/self/fd";

    /// <exception cref="IOException">It is closed.</exception>
    internal static Stream Open()
    {
        if (IsClosed()) throw new IOException("standard input is closed");
        return Console.OpenStandardInput();
    }

    /// <summary>Whether descriptor 0 is the runtime's own: something without a name, or a pipe whose other end is
    /// here too. Where the system does not tell (/proc is Linux's), it is taken for the user's.</summary>
    private static bool IsClosed()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            if (TargetOf("0") is not { } target) return true;
            if (target.StartsWith("anon_inode:", StringComparison.Ordinal)) return true;
            return target.StartsWith("pipe:", StringComparison.Ordinal) && Others().Any(name => TargetOf(name) == target && IsWriteEnd(name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Descriptors other than the standard ones.</summary>
    private static IEnumerable<string> Others() =>
        Directory.EnumerateFileSystemEntries(Descriptors).Select(path => Path.GetFileName(path)).Where(name => name is not ("0" or "1" or "2"));

    /// <summary>The flags of open(2) are in octal, the access mode in the last two bits.</summary>
    private static bool IsWriteEnd(string descriptor) =>
        File.ReadLines($"/proc/self/fdinfo/{descriptor}").FirstOrDefault(line => line.StartsWith("flags:", StringComparison.Ordinal)) is { } flags && ((flags[^1] - '0') & 3) == 1;

    private static string? TargetOf(string descriptor) => new FileInfo($"{Descriptors}/{descriptor}").LinkTarget;
}
