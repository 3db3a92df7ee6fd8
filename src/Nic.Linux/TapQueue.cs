using NetStack.Memory;
using NetStack.Nic.Linux.Interop;
using NetStack.Wire;

namespace NetStack.Nic.Linux;

/// <summary>
/// The one queue of a TAP device. The kernel copies each frame, inside the call that asks for it, straight into posted buffers and
/// straight out of the bodies to send: one call a frame, and no copy of ours but of the shortest.
/// </summary>
internal sealed class TapQueue : INicQueue
{
    private const int MostPieces = 1024; // IOV_MAX
    private const int LinkOverhead = EthernetView.Size + 2 * VlanView.Size;

    private readonly TapNic _nic;
    private readonly TapDevice _device;
    private readonly PostedBuffers _posted;
    private readonly VirtioHeader? _offload; // stands before each frame, where there is one
    private readonly int _before; // pieces before a frame's own
    private readonly int _longestPlain; // that is not cut
    private readonly int _longest;
    private readonly IoVector[] _pieces = new IoVector[MostPieces];
    private bool _wasEmptied; // the last batch took frames until there was none

    internal TapQueue(TapNic nic, TapDevice device, TapOptions options)
    {
        _nic = nic;
        _device = device;
        _posted = new PostedBuffers(options.RingSize);
        _longest = _longestPlain = nic.Info.Mtu + LinkOverhead;
        if (!options.Offload) return;
        _offload = new VirtioHeader();
        _before = 1;
        _longest = Math.Max(_longest, VirtioHeader.LongestPacket + LinkOverhead);
    }

    public int Index => 0;

    public int PostRoom => _posted.Room;

    public QueueCounters Counters { get; } = new();

    /// <summary>Whether a frame could be received if there were one.</summary>
    internal bool HasBuffers => _posted.Count > 0;

    public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers)
    {
        if (registration is not TapRegistration { MayReceive: true } own || !_nic.Owns(own))
            throw new InvalidOperationException($"The registration is not for receiving on {_nic.Info.Name}, or was withdrawn.");
        int count = Math.Min(buffers.Length, _posted.Room);
        for (int i = 0; i < count; i++)
        {
            if (own.TryMark(buffers[i])) continue;
            foreach (BufferHandle marked in buffers[..i]) own.Unmark(marked);
            throw new InvalidOperationException($"Buffer {buffers[i]} is stale, of another pool, or posted already.");
        }
        foreach (BufferHandle buffer in buffers[..count]) _posted.Add(new PostedBuffer(own, buffer, own.AddressOf(buffer)));
        Counters.BuffersPosted += count;
        return count;
    }

    public int Receive(Span<ReceivedFrame> frames)
    {
        if (_wasEmptied)
        {
            _wasEmptied = false; // spares the question whose answer was no a moment ago
            return 0;
        }
        if (!_device.Descriptor.Hold()) return 0;
        int count = 0;
        try
        {
            // A frame that is dropped uses up its turn too, so that a flood of them cannot keep us here.
            for (int turns = frames.Length; turns > 0 && _posted.Count > 0; turns--)
            {
                int room = RoomOfFirst(out int buffers);
                if (room <= _longest && count > 0) break; // frames are given back first, with their buffers
                int length = Read(buffers);
                if (length == -Error.Interrupted) continue;
                if (length < 0)
                {
                    _wasEmptied = length == -Error.TryAgain && count > 0;
                    if (length != -Error.TryAgain) Fail(-length);
                    break;
                }
                if (length == room) Counters.ReceiveDrops.Add(room > _longest ? DropReason.TooLong : DropReason.NoBuffer);
                else if (length < EthernetView.Size) Counters.ReceiveDrops.Add(DropReason.TooShort);
                else if (TryDeliver(length, ref frames[count])) count++;
            }
        }
        finally
        {
            _device.Descriptor.Release();
        }
        return count;
    }

    public int Transmit(ReadOnlySpan<TransmitFrame> frames)
    {
        bool isOpen = _device.Descriptor.Hold();
        int accepted = 0;
        try
        {
            for (; accepted < frames.Length; accepted++)
            {
                ref readonly TransmitFrame frame = ref frames[accepted];
                int length = frame.Length;
                DropReason? refusal = isOpen ? RefusalOf(frame, length) : DropReason.LinkDown;
                if (refusal is null && !TrySend(frame, length, out refusal)) break;
                if (refusal is { } reason) Counters.TransmitDrops.Add(reason);
                PacketBody body = frame.Body;
                body.Release();
            }
        }
        finally
        {
            if (isOpen) _device.Descriptor.Release();
        }
        return accepted;
    }

    internal void Poll() => _wasEmptied = false;

    /// <summary>Gives back what a registration has posted.</summary>
    internal void Withdraw(TapRegistration registration) => Counters.BuffersCompleted += _posted.Withdraw(registration);

    /// <summary>
    /// Bytes in the first posted buffers, as many as the longest frame needs and a byte more: one that fills them all was cut, for
    /// all that can be known. Fewer where no more are posted.
    /// </summary>
    private int RoomOfFirst(out int buffers)
    {
        int room = 0;
        int most = Math.Min(_posted.Count, MostPieces - _before);
        for (buffers = 0; buffers < most && room <= _longest; buffers++) room += _posted[buffers].Size;
        return room;
    }

    /// <summary>Reads a frame into the first posted buffers.</summary>
    /// <returns>Bytes read, or an error number below zero.</returns>
    private int Read(int buffers)
    {
        if (_offload is null && buffers == 1) return _device.Read(_posted[0].Address, _posted[0].Size);
        for (int i = 0; i < buffers; i++) _pieces[_before + i] = new IoVector { Address = _posted[i].Address, Length = (nuint)_posted[i].Size };
        if (_offload is not null) _pieces[0] = _offload.ToRead;
        int length = _device.Read(_pieces.AsSpan(0, _before + buffers));
        return _offload is null || length < 0 ? length : Math.Max(0, length - VirtioHeader.Size);
    }

    /// <summary>Makes a frame of the first bytes of the posted buffers.</summary>
    /// <returns>False when it was dropped.</returns>
    private bool TryDeliver(int length, ref ReceivedFrame frame)
    {
        PacketBody body = default;
        int buffers = 0;
        for (int rest = length; rest > 0; buffers++)
        {
            PostedBuffer filled = _posted.Take();
            int part = Math.Min(rest, filled.Size);
            body.Append(new BodySlice(filled.Registration.Pool, filled.Buffer, 0, part));
            rest -= part;
        }
        Counters.BuffersCompleted += buffers;
        frame = default;
        frame.SegmentCount = 1;
        if (_offload is not null && !_offload.TryFinish(body, ref frame))
        {
            body.Release();
            Counters.ReceiveDrops.Add(DropReason.BadSegments);
            return false;
        }
        Counters.FramesReceived++;
        Counters.BytesReceived += length;
        if (buffers > 1)
        {
            Counters.FramesChained++;
            Counters.BuffersChained += buffers - 1;
        }
        frame.Body = body;
        frame.Headers = _nic.Snapshots.Rent(body, _nic.Meter);
        frame.Snapshots = _nic.Snapshots;
        frame.LinkType = LinkType.Ethernet;
        frame.WireLength = length;
        frame.StrippedVlan = -1;
        return true;
    }

    /// <summary>Why a frame can never be sent, if it cannot. Fills in where the pieces of its body lie.</summary>
    private DropReason? RefusalOf(in TransmitFrame frame, int length)
    {
        if (!_nic.IsLinkUp) return DropReason.LinkDown;
        if (length < EthernetView.Size) return DropReason.TooShort;
        if (FaultOf(frame.Offload, length) is { } fault) return fault;
        int slices = frame.Body.SliceCount;
        if (_before + 1 + slices > MostPieces) return DropReason.Unsupported;
        for (int i = 0; i < slices; i++)
        {
            BodySlice slice = frame.Body.Slice(i);
            if (_nic.TransmitRegistrationOf(slice.Pool) is not { } registration) return DropReason.IommuFault;
            _pieces[_before + 1 + i] = new IoVector { Address = registration.AddressOf(slice.Buffer) + slice.Offset, Length = (nuint)slice.Length };
        }
        return null;
    }

    /// <summary>What is wrong with the lengths of a frame and of what the device is asked for.</summary>
    private DropReason? FaultOf(TransmitOffload offload, int length)
    {
        if (!offload.WantsChecksum && !offload.WantsSegmentation) return length > _longestPlain ? DropReason.TooLong : null;
        if (_offload is null) return DropReason.Unsupported;
        if (!offload.WantsChecksum || offload.ChecksumStart + offload.ChecksumOffset + 2 > length) return DropReason.MalformedHeaders;
        if (!offload.WantsSegmentation) return length > _longestPlain ? DropReason.TooLong : null;
        if (offload.HeaderLength == 0 || offload.HeaderLength > length) return DropReason.MalformedHeaders;
        return length > _longest || offload.HeaderLength + offload.SegmentSize > _longestPlain ? DropReason.TooLong : null;
    }

    /// <summary>Sends a frame whose pieces are filled in.</summary>
    /// <returns>False when there is no room now.</returns>
    private bool TrySend(in TransmitFrame frame, int length, out DropReason? refusal)
    {
        int sent;
        do sent = _offload is null && length <= HeaderBlock.Capacity ? WriteWhole(frame) : WritePieces(frame, length);
        while (sent == -Error.Interrupted);
        _nic.IsShort = sent == -Error.TryAgain;
        refusal = null;
        if (sent >= 0)
        {
            Counters.FramesSent++;
            Counters.BytesSent += length;
            return true;
        }
        if (_nic.IsShort) return false;
        refusal = Fail(-sent);
        return true;
    }

    private int WritePieces(in TransmitFrame frame, int length)
    {
        if (_offload is not null) _pieces[0] = _offload.ToWrite(frame, length);
        return _device.Write(frame.Headers.Bytes, _pieces.AsSpan(0, _before + 1 + frame.Body.SliceCount), _before);
    }

    /// <summary>Writes a frame that a header block has room for: copying so few bytes costs less than telling the kernel of two pieces.</summary>
    private int WriteWhole(in TransmitFrame frame)
    {
        if (frame.Body.SliceCount == 0) return _device.Write(frame.Headers.Bytes);
        HeaderBlock whole = frame.Headers;
        frame.Body.CopyTo(0, whole.Append(frame.Body.Length), _nic.Meter);
        return _device.Write(whole.Bytes);
    }

    /// <summary>Draws the conclusion of a call that failed: a fault of the frame, of the moment, or the end of the device.</summary>
    private DropReason Fail(int error)
    {
        switch (error)
        {
            case Error.TooLong: return DropReason.TooLong;
            case Error.Invalid: return DropReason.Unsupported;
            case Error.NoMemory or Error.NoBuffers: return DropReason.DeviceError;
            case Error.InputOutput: _nic.IsLinkUp = false; return DropReason.LinkDown;
            default: _nic.Lose(); return DropReason.LinkDown;
        }
    }
}
