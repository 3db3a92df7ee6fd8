using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace NetStack.Inspect;

/// <summary>
/// Buffered standard output that tells a reader who went away from a disk that is full. The framework's console stream
/// swallows the first; a file stream on a regular file would not move the shared file position. So each is used where it is right.
/// </summary>
internal sealed class StandardOutput : IBufferWriter<byte>, IDisposable
{
    private const int FlushAt = 64 * 1024;
    private const int BrokenPipe = 32; // EPIPE

    private readonly Stream _stream;
    private byte[] _buffer = new byte[FlushAt * 2];
    private int _written;

    internal StandardOutput(Stream stream) => _stream = stream;

    /// <summary>Whether whoever read the output has closed it. What is written then is dropped.</summary>
    internal bool IsClosed { get; private set; }

    internal static StandardOutput Open()
    {
        if (OperatingSystem.IsWindows()) return new StandardOutput(Console.OpenStandardOutput());
        SafeFileHandle handle = new(1, ownsHandle: false);
        FileStream file = new(handle, FileAccess.Write, bufferSize: 0);
        return new StandardOutput(file.CanSeek ? Console.OpenStandardOutput() : file);
    }

    public void Advance(int count) => _written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _buffer.AsSpan(_written);
    }

    /// <summary>Writes out what has gathered, if it is enough to be worth a system call.</summary>
    internal void FlushIfFull()
    {
        if (_written >= FlushAt) Flush();
    }

    /// <summary>Writes out everything.</summary>
    /// <exception cref="IOException">The output cannot take it: a full disk, say.</exception>
    internal void Flush()
    {
        int length = _written;
        _written = 0;
        if (IsClosed || length == 0) return;
        try
        {
            _stream.Write(_buffer, 0, length);
            _stream.Flush();
        }
        catch (IOException e) when (IsReaderGone(e))
        {
            IsClosed = true;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException("not open for writing", e);
        }
    }

    /// <summary>Whether an error is that nobody reads the output any more.</summary>
    internal static bool IsReaderGone(IOException e) => ((e.InnerException ?? e).HResult & 0xFFFF) == BrokenPipe;

    public void Dispose() => _stream.Dispose();

    private void Reserve(int sizeHint)
    {
        int needed = _written + Math.Max(sizeHint, 256);
        if (needed > _buffer.Length) Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));
    }
}
