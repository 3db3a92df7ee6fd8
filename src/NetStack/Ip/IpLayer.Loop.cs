using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Ip;

/// <remarks>Our own multicast datagrams, for members on this host (RFC 1112 section 6.1), and broadcasts, which are for this host too.</remarks>
internal sealed partial class IpLayer
{
    private const int LoopMemory = 512 * 1024;

    private readonly BlockPool _loopBlocks = new(2048, LoopMemory);
    private readonly DatagramQueue<LoopedDatagram> _looped;
    private byte[]? _loopCopy;

    private bool IsLooped(IIpInterface nic, in IpSend send, bool isBroadcast)
    {
        if (nic.IsLoopback) return false;
        return isBroadcast || (send.Destination.IsMulticast && !send.NoMulticastLoop && Groups is not null && Groups.IsMember(nic.Index, send.Destination));
    }

    /// <summary>Keeps a private copy of a packet for <see cref="TakeLooped"/>: output does not call back into input.</summary>
    private void Loop(IIpInterface nic, in TransmitFrame frame)
    {
        ReadOnlySpan<byte> headers = frame.Headers.Bytes[nic.LinkHeaderLength..];
        int length = headers.Length + frame.Body.Length;
        if (!_looped.HasRoom(length) || !_loopBlocks.TryRent(length, out BlockChain chain))
        {
            Counters.Drops.Add(IpDropReason.LoopQueueFull);
            return;
        }
        _loopCopy ??= new byte[ushort.MaxValue + 1 + HeaderBlock.Capacity];
        headers.CopyTo(_loopCopy);
        frame.Body.CopyTo(0, _loopCopy.AsSpan(headers.Length), _meter);
        _loopBlocks.Fill(chain, 0, _loopCopy.AsSpan(0, length));
        _looped.Add(new LoopedDatagram(nic, !frame.Offload.WantsChecksum), chain);
    }

    private bool TakeLooped(Instant now)
    {
        if (_looped.Count == 0) return false;
        LoopedDatagram looped = _looped.Head;
        int length = _looped.CopyHead(_whole);
        _looped.RemoveHead();
        InboundBytes packet = new(_whole.AsSpan(0, length));
        Arrival arrival = new(looped.Nic, looped.HasChecksum, now);
        if (_whole[0] >> 4 == 4) ReceiveV4(arrival, packet);
        else ReceiveV6(arrival, packet);
        return true;
    }

    /// <summary>What is kept of a looped packet beside its bytes.</summary>
    /// <param name="Nic">The interface it left by.</param>
    /// <param name="HasChecksum">Whether its transport checksum is filled in: it may be of bytes that came from elsewhere.</param>
    private readonly record struct LoopedDatagram(IIpInterface Nic, bool HasChecksum);
}
