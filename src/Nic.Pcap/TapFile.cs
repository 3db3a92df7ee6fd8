using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>Where a tap writes, until that fails.</summary>
internal sealed class TapFile
{
    private const int HeaderBytes = 128; // what the stack reads of a frame with ordinary options

    private readonly CaptureWriter _writer;
    private readonly CaptureTapOptions _options;
    private readonly bool _leaveOpen;
    private readonly string _name;
    private readonly List<(LinkType LinkType, int Interface)> _interfaces = [];
    private readonly Int128 _startTime; // nanoseconds since 1970
    private readonly long _startStamp;
    private bool _isClosed;

    internal TapFile(CaptureWriter writer, NicInfo nic, CaptureTapOptions options, bool leaveOpen)
    {
        _writer = writer;
        _options = options;
        _leaveOpen = leaveOpen;
        _name = nic.Name;
        _startStamp = options.TimeProvider.GetTimestamp();
        _startTime = (Int128)(options.TimeProvider.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        InterfaceOf(nic.LinkType);
    }

    internal long FramesWritten { get; private set; }

    internal long FramesMissed { get; private set; }

    internal Exception? Failure { get; private set; }

    internal bool IsOpen => Failure is null && !_isClosed;

    /// <summary>Whether frames wait in memory.</summary>
    internal bool IsFlushDue { get; private set; }

    /// <summary>A meter of nothing, where the NIC has none.</summary>
    internal FetchMeter NoMeter { get; } = new();

    /// <summary>Writes a frame that came in. Its first bytes are those of the snapshot: the file shows what was decided by.</summary>
    internal void Received(in ReceivedFrame frame)
    {
        if (!IsOpen)
        {
            FramesMissed++;
            return;
        }
        ReadOnlySpan<byte> head = frame.Headers.Require(Math.Min(HeaderBytes, frame.Length));
        PacketBody rest = frame.Body.Share(head.Length, frame.Length - head.Length);
        Write(head, ref rest, Math.Max(frame.WireLength, frame.Length), frame.LinkType, PacketDirection.Inbound);
    }

    /// <summary>Writes a frame that went out.</summary>
    internal void Sent(ReadOnlySpan<byte> headers, in PacketBody body)
    {
        if (!IsOpen)
        {
            FramesMissed++;
            return;
        }
        PacketBody rest = body.Share();
        Write(headers, ref rest, headers.Length + body.Length, _interfaces[0].LinkType, PacketDirection.Outbound);
    }

    internal void Missed(int frames) => FramesMissed += frames;

    internal void Flush()
    {
        IsFlushDue = false;
        if (!IsOpen) return;
        try
        {
            _writer.Flush();
        }
        catch (Exception failure) when (IsOfTheFile(failure))
        {
            Stop(failure);
        }
    }

    internal void Close()
    {
        Flush();
        _isClosed = true;
        if (_leaveOpen) return;
        try
        {
            _writer.Dispose();
        }
        catch (Exception failure) when (IsOfTheFile(failure))
        {
            if (Failure is null) Stop(failure);
        }
    }

    /// <summary>Writes a frame, cut to the snap length, and releases <paramref name="rest"/>.</summary>
    private void Write(ReadOnlySpan<byte> head, ref PacketBody rest, int wireLength, LinkType linkType, PacketDirection direction)
    {
        try
        {
            int most = (int)CaptureFormat.MaxCapturedOf(linkType);
            if (_options.SnapLength > 0) most = Math.Min(most, _options.SnapLength);
            if (head.Length > most) head = head[..most];
            if (rest.Length > most - head.Length) rest.TrimTo(most - head.Length);
            int on = InterfaceOf(linkType);
            _writer.Write(head, rest, wireLength, Now(on), on, direction: direction);
            FramesWritten++;
            IsFlushDue = true;
        }
        catch (Exception failure) when (IsOfTheFile(failure))
        {
            FramesMissed++;
            Stop(failure);
        }
        finally
        {
            rest.Release();
        }
    }

    /// <summary>The interface for frames of a link type: a capture that is replayed as a NIC may have several.</summary>
    private int InterfaceOf(LinkType linkType)
    {
        foreach ((LinkType known, int number) in _interfaces)
        {
            if (known == linkType) return number;
        }
        int added = _writer.AddInterface(linkType, (uint)_options.SnapLength, name: _name);
        _interfaces.Add((linkType, added));
        return added;
    }

    /// <summary>The present; null where the interface's unit cannot hold it.</summary>
    private Timestamp? Now(int on)
    {
        long stamps = _options.TimeProvider.GetTimestamp() - _startStamp;
        Timestamp now = Timestamp.FromNanoseconds(_startTime + (Int128)stamps * 1_000_000_000 / _options.TimeProvider.TimestampFrequency);
        return _writer.Interfaces[on].Resolution.TryToUnits(now, 0, out _) ? now : null;
    }

    private void Stop(Exception failure)
    {
        Failure = failure;
        IsFlushDue = false;
        _options.OnFailure?.Invoke(failure);
    }

    /// <summary>A disk that is full, a writer that its owner closed, a pcap file that takes no second link type.</summary>
    private static bool IsOfTheFile(Exception failure) =>
        failure is IOException or ObjectDisposedException or NotSupportedException or UnauthorizedAccessException or ArgumentException;
}
