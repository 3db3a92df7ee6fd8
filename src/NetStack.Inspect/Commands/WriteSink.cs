using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>Writes packets to captures, with what the source says of them.</summary>
/// <remarks>Times here are those of the capture: a file that is read writes the same files whenever it is read.</remarks>
internal sealed class WriteSink(CaptureContext context, OutputFiles files, int snapLength, bool flushEach) : IPacketSink
{
    private const int BrokenPipe = 32; // EPIPE

    private CaptureWriter? _writer;
    private string _name = files.Name;
    private long _number;
    private long _filesBegun;
    private Timestamp? _begun;
    private bool _isClosed;

    /// <summary>Whether there is a reader, and a file to write to.</summary>
    public bool WantsMore => !_isClosed;

    /// <summary>Body bytes that were copied into the file.</summary>
    internal long BytesCopied { get; private set; }

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow)
    {
        if (!TryBegin(packet)) return;
        try
        {
            CaptureWriter writer = _writer!;
            PacketInfo info = packet.Info;
            while (writer.Interfaces.Count <= info.Interface)
            {
                CaptureInterface theirs = context.Interfaces[writer.Interfaces.Count];
                writer.AddInterface(theirs.LinkType, theirs.SnapLength, theirs.Resolution, theirs.Name, theirs.Description, theirs.TimeOffset);
            }
            int length = Kept(packet);
            PacketBody kept = length < body.Length ? body.Share(0, length) : default;
            writer.Write(length < body.Length ? kept : body, Math.Max(info.WireLength, body.Length), info.Timestamp, info.Interface);
            kept.Release();
            AfterPacket();
        }
        catch (Exception e) when (IsRefusal(e))
        {
            Refuse(e);
        }
    }

    public void Add(in CaptureRecord record, in PacketHeaders packet, in FlowPacket flow)
    {
        if (!TryBegin(packet)) return;
        try
        {
            _writer!.Write(record, Kept(packet));
            AfterPacket();
        }
        catch (Exception e) when (IsRefusal(e))
        {
            Refuse(e);
        }
    }

    public void Finish(TextWriter errors)
    {
        if (_writer is null && !_isClosed) Begin(null); // a capture without packets is a capture
        Close();
    }

    public void Dispose()
    {
        try
        {
            _writer?.Dispose();
        }
        catch (IOException)
        {
            // It was told when it happened.
        }
    }

    /// <summary>Headers are kept whole, whatever the snap length.</summary>
    private int Kept(in PacketHeaders packet)
    {
        int captured = packet.Info.CapturedLength;
        if (snapLength == 0 || snapLength >= captured) return captured;
        int headers = packet.Layers.IsEmpty ? 0 : packet.Layers[^1].PayloadOffset;
        return Math.Min(captured, Math.Max(snapLength, headers));
    }

    private bool TryBegin(in PacketHeaders packet)
    {
        Timestamp? at = packet.Info.Timestamp;
        if (_writer is null) Begin(at);
        else if (files.Seconds > 0 && at is { } now && _begun is { } begun && now.Seconds - begun.Seconds >= files.Seconds)
        {
            _number = 0;
            Next(at);
        }
        else if (_writer.Position > files.MaxBytes)
        {
            _number++;
            Next(at);
        }
        return !_isClosed;
    }

    private void Next(Timestamp? at)
    {
        Close();
        if (files.Seconds > 0 && files.Count > 0 && _filesBegun >= files.Count) _isClosed = true;
        if (!_isClosed) Begin(at);
    }

    private void Begin(Timestamp? at)
    {
        _filesBegun++;
        if (_begun is null || at is null) _begun = at;
        else if (files.Seconds > 0) _begun = new Timestamp(_begun.Value.Seconds + (at.Value.Seconds - _begun.Value.Seconds) / files.Seconds * files.Seconds, 0);
        _name = files.NameOf(_number, at);
        try
        {
            SameFile.Refuse(context.Files.Select(f => f.Name), _name);
            _writer = CaptureWriter.Create(_name, new CaptureWriterOptions { Format = files.Name.EndsWith(".pcap", StringComparison.OrdinalIgnoreCase) ? CaptureFileFormat.Pcap : CaptureFileFormat.PcapNg });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Failed(e);
        }
    }

    private void AfterPacket()
    {
        if (flushEach) _writer!.Flush();
    }

    private void Close()
    {
        if (_writer is not { } writer) return;
        _writer = null;
        BytesCopied += writer.Meter.BodyBytesCopied;
        try
        {
            writer.Dispose();
        }
        catch (Exception e) when (IsRefusal(e))
        {
            Refuse(e);
        }
    }

    private void Refuse(Exception e)
    {
        if (files.Name != "-" || ((e.InnerException ?? e).HResult & 0xFFFF) != BrokenPipe) throw Failed(e);
        _isClosed = true; // whoever read it has gone away
    }

    private OutputException Failed(Exception e) => new(_name == "-" ? "standard output" : _name, e);

    private static bool IsRefusal(Exception e) => e is IOException or ArgumentException or NotSupportedException;
}

/// <summary>Gives every packet to two sinks.</summary>
internal sealed class BothSinks(IPacketSink first, IPacketSink second) : IPacketSink
{
    public bool WantsMore => first.WantsMore && second.WantsMore;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow)
    {
        first.Add(packet, body, flow);
        second.Add(packet, body, flow);
    }

    public void Add(in CaptureRecord record, in PacketHeaders packet, in FlowPacket flow)
    {
        first.Add(record, packet, flow);
        second.Add(record, packet, flow);
    }

    public void Finish(TextWriter errors)
    {
        first.Finish(errors);
        second.Finish(errors);
    }

    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
    }
}
