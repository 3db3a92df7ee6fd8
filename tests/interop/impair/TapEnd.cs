using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Interop;

/// <summary>Carries frames between a TAP device and one end of a link.</summary>
internal sealed class TapEnd : IWireEnd
{
    private const int Longest = 2048;

    private readonly TapNic _nic;
    private readonly IWireEnd _link;
    private readonly INicQueue _queue;
    private readonly BufferPool _buffers = BufferPool.Create(Longest, 512);
    private readonly BufferPool _toSend = BufferPool.Create(Longest, 1);
    private readonly BufferRegistration _forReceiving;
    private readonly ReceivedFrame[] _received = new ReceivedFrame[32];
    private readonly TransmitFrame[] _frame = new TransmitFrame[1];
    private readonly byte[] _bytes = new byte[Longest];

    internal TapEnd(TapNic nic, IWireEnd link)
    {
        _nic = nic;
        _link = link;
        _queue = nic.Queues[0];
        _forReceiving = nic.Register(_buffers, 0, BufferUse.Receive);
        nic.Register(_toSend, 0, BufferUse.Transmit);
    }

    /// <summary>Puts what the device gives out onto the link.</summary>
    internal bool Pump(Instant now)
    {
        _nic.Poll(now);
        while (_queue.PostRoom > 0 && _buffers.TryRent(out BufferHandle buffer)) _queue.Post(_forReceiving, [buffer]);
        int count = _queue.Receive(_received);
        for (int i = 0; i < count; i++)
        {
            Span<byte> bytes = _bytes.AsSpan(0, _received[i].Length);
            _received[i].Headers.CopyFrameTo(bytes);
            _received[i].Release();
            _link.TryDeliver(bytes, new WireFrame(bytes.Length));
        }
        return count > 0;
    }

    /// <summary>Puts what comes out of the link into the device; lost where that takes no more.</summary>
    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        if (!_toSend.TryRent(out BufferHandle buffer)) return true;
        int headers = Math.Min(frame.Length, HeaderBlock.Capacity);
        _frame[0].Headers.Set(frame[..headers]);
        _toSend.Write(buffer, 0, frame[headers..]);
        _frame[0].Body = new PacketBody(new BodySlice(_toSend, buffer, 0, frame.Length - headers));
        if (_queue.Transmit(_frame) == 0) _frame[0].Body.Release();
        _frame[0].Body = default;
        return true;
    }
}
