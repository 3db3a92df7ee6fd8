using System.Runtime.InteropServices;

namespace NetStack.Nic.Pcap;

/// <summary>A compression library of the system, loaded when a file needs it.</summary>
internal sealed class NativeCodec
{
    private readonly nint _library;

    private NativeCodec(nint library) => _library = library;

    /// <summary>Loads a library; it stays loaded.</summary>
    /// <param name="tool">The format, which is its tool's name.</param>
    /// <param name="package">Debian's package with the library.</param>
    /// <param name="names">Its file names on the systems that have it, by version.</param>
    /// <exception cref="CaptureFormatException">It is not there.</exception>
    internal static NativeCodec Load(string tool, string package, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library)) return new NativeCodec(library);
        }
        throw new CaptureFormatException($"{tool} files are read with {names[0]}, which is not there: install {package}, or {tool} -dc FILE | netstack inspect -");
    }

    /// <summary>A function's address.</summary>
    /// <exception cref="CaptureFormatException">The library has none of that name.</exception>
    internal nint this[string function] =>
        NativeLibrary.TryGetExport(_library, function, out nint address) ? address : throw new CaptureFormatException($"the compression library has no {function}: it is too old");
}
