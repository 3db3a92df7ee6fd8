using System.Runtime.InteropServices;

namespace NetStack.Nic.Pcap;

/// <summary>zstd frames (RFC 8878), by libzstd's streaming interface. Frames to skip are skipped there.</summary>
internal sealed unsafe class ZstdDecoder : FrameDecoder
{
    private static NativeCodec? _codec;

    private readonly delegate* unmanaged<nint, Output*, Input*, nuint> _decompress;
    private readonly delegate* unmanaged<nuint, uint> _isError;
    private readonly delegate* unmanaged<nuint, nint> _errorName;
    private readonly delegate* unmanaged<nint, nuint> _free;
    private nint _context;

    private ZstdDecoder(NativeCodec codec)
    {
        _decompress = (delegate* unmanaged<nint, Output*, Input*, nuint>)codec["ZSTD_decompressStream"];
        _isError = (delegate* unmanaged<nuint, uint>)codec["ZSTD_isError"];
        _errorName = (delegate* unmanaged<nuint, nint>)codec["ZSTD_getErrorName"];
        _free = (delegate* unmanaged<nint, nuint>)codec["ZSTD_freeDStream"];
        _context = ((delegate* unmanaged<nint>)codec["ZSTD_createDStream"])();
        if (_context == 0) throw new InsufficientMemoryException("libzstd has no memory.");
    }

    /// <summary>struct ZSTD_inBuffer.</summary>
    private struct Input
    {
        internal byte* Bytes;
        internal nuint Size;
        internal nuint Position;
    }

    /// <summary>struct ZSTD_outBuffer.</summary>
    private struct Output
    {
        internal byte* Bytes;
        internal nuint Size;
        internal nuint Position;
    }

    internal override string Name => "zstd";

    internal override int StartLength => 5;

    /// <exception cref="CaptureFormatException">The library is not there.</exception>
    internal static ZstdDecoder Create() => new(_codec ??= NativeCodec.Load("zstd", "libzstd1", "libzstd.so.1", "libzstd.1.dylib", "libzstd.dll"));

    internal override int Step(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            Input given = new() { Bytes = from, Size = (nuint)input.Length };
            Output taken = new() { Bytes = to, Size = (nuint)output.Length };
            nuint wanted = _decompress(_context, &taken, &given);
            if (_isError(wanted) != 0) throw new InvalidDataException(Marshal.PtrToStringUTF8(_errorName(wanted)));
            consumed = (int)given.Position;
            produced = (int)taken.Position;
            return (int)Math.Min(wanted, int.MaxValue);
        }
    }

    public override void Dispose()
    {
        if (_context != 0) _free(_context);
        _context = 0;
    }
}
