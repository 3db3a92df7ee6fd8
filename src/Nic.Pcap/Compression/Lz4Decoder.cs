using System.Runtime.InteropServices;

namespace NetStack.Nic.Pcap;

/// <summary>lz4 frames, by liblz4's frame interface. Frames to skip are skipped there.</summary>
internal sealed unsafe class Lz4Decoder : FrameDecoder
{
    private const uint Version = 100; // LZ4F_VERSION

    private static NativeCodec? _codec;

    private readonly delegate* unmanaged<nint, byte*, nuint*, byte*, nuint*, void*, nuint> _decompress;
    private readonly delegate* unmanaged<nuint, uint> _isError;
    private readonly delegate* unmanaged<nuint, nint> _errorName;
    private readonly delegate* unmanaged<nint, nuint> _free;
    private nint _context;

    private Lz4Decoder(NativeCodec codec)
    {
        _decompress = (delegate* unmanaged<nint, byte*, nuint*, byte*, nuint*, void*, nuint>)codec["LZ4F_decompress"];
        _isError = (delegate* unmanaged<nuint, uint>)codec["LZ4F_isError"];
        _errorName = (delegate* unmanaged<nuint, nint>)codec["LZ4F_getErrorName"];
        _free = (delegate* unmanaged<nint, nuint>)codec["LZ4F_freeDecompressionContext"];
        nint context;
        nuint status = ((delegate* unmanaged<nint*, uint, nuint>)codec["LZ4F_createDecompressionContext"])(&context, Version);
        if (_isError(status) != 0) throw new InsufficientMemoryException($"liblz4 makes no context: {Marshal.PtrToStringUTF8(_errorName(status))}.");
        _context = context;
    }

    internal override string Name => "lz4";

    internal override int StartLength => 7;

    /// <exception cref="CaptureFormatException">The library is not there.</exception>
    internal static Lz4Decoder Create() => new(_codec ??= NativeCodec.Load("lz4", "liblz4-1", "liblz4.so.1", "liblz4.1.dylib", "liblz4.dll"));

    internal override int Step(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        nuint given = (nuint)input.Length, taken = (nuint)output.Length;
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            nuint wanted = _decompress(_context, to, &taken, from, &given, null);
            if (_isError(wanted) != 0) throw new InvalidDataException(Marshal.PtrToStringUTF8(_errorName(wanted)));
            consumed = (int)given;
            produced = (int)taken;
            return (int)Math.Min(wanted, int.MaxValue);
        }
    }

    public override void Dispose()
    {
        if (_context != 0) _free(_context);
        _context = 0;
    }
}
