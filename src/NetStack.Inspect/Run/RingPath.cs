using NetStack.Analysis;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>A frame that the ring cannot hold however empty it is.</summary>
internal sealed class FrameTooLargeException(string message) : Exception(message);

/// <summary>
/// Through the whole receive path: the capture is played onto a virtual NIC's wire, its DMA ring feeds a multiplexer, and a
/// promiscuous port that touches no body gives the frames. Nothing may be lost on the way, and every line must be the same.
/// </summary>
internal sealed class RingPath : ICapturePath
{
    private readonly CaptureSource _capture;
    private readonly VirtualNic _nic;
    private readonly PacketMultiplexer _multiplexer;
    private readonly MultiplexerPort _port;
    private readonly CaptureReplay _replay;
    private readonly ReceivedFrame[] _frames = new ReceivedFrame[64];
    private readonly long _mapsAtStart;
    private long _number;

    internal RingPath(CaptureRequest options, CaptureSource capture)
    {
        _capture = capture;
        _nic = new VirtualNic(new VirtualNicOptions
        {
            RingSize = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, options.RingBuffers)),
            MaxFrameLength = 128 * 1024 * 1024,
            Tamper = options.RingScramble ? new RewriteAfterFetch() : null,
        });
        _multiplexer = new PacketMultiplexer(_nic, new MultiplexerOptions
        {
            RingBuffers = options.RingBuffers,
            RingBufferSize = options.RingBufferSize,
            RingReserve = 0, // every frame is let go before the next batch, so no client can starve the ring
        });
        _port = _multiplexer.Attach("inspect", o =>
        {
            o.Promiscuous = true;
            o.Copy = CopyStrategy.PassThrough;
        });
        _replay = new CaptureReplay(capture, _nic);
        _mapsAtStart = _nic.Iommu.Maps;
    }

    public void Run(PacketPump pump)
    {
        Instant now = Instant.Zero;
        while (pump.WantsMore)
        {
            int taken = _multiplexer.Poll(now); // posts again what the last round let go
            Drain(pump);
            if (taken > 0) continue;

            // Nothing is on its way and every buffer is with the device: what finds no room now never will.
            long before = _replay.Delivered;
            _replay.Poll(now);
            if (_replay.Delivered > before) continue;
            if (_replay.IsFinished) return;
            throw new FrameTooLargeException($"packet {before + 1} has {_replay.PendingLength} bytes, more than the ring holds: raise --ring-buffers or --ring-buffer-size");
        }
    }

    public void WriteStats(TextWriter errors, string given)
    {
        QueueCounters ring = _nic.Queues[0].Counters;
        PortCounters port = _port.Counters;
        errors.WriteLine($"frames posted {_replay.Delivered}, completed {ring.FramesReceived}, delivered {port.FramesDelivered}, {given}");
        errors.WriteLine($"buffers posted {ring.BuffersPosted}, completed {ring.BuffersCompleted}; frames chained {ring.FramesChained}, buffers chained {ring.BuffersChained}");
        errors.WriteLine($"header fetches {port.HeaderFetches}, header bytes fetched {port.HeaderBytesFetched}, body bytes read {port.BodyBytesRead}, bytes in frames {port.BytesDelivered}");
        errors.WriteLine($"maps after start {_nic.Iommu.Maps - _mapsAtStart}, unmaps {_nic.Iommu.Unmaps}, IOMMU faults {_nic.Iommu.FaultCount}, drops: ring {ring.ReceiveDrops}, multiplexer {_multiplexer.Counters.Drops}, port {port.Queue.ReceiveDrops}");
    }

    public void Dispose()
    {
        _multiplexer.DisposeAsync().AsTask();
        _nic.Dispose();
    }

    private void Drain(PacketPump pump)
    {
        int count;
        while ((count = _port.Queues[0].Receive(_frames)) > 0)
        {
            for (int i = 0; i < count; i++)
            {
                if (pump.WantsMore)
                {
                    PacketHeaders headers = PacketHeaders.Decode(_frames[i], ++_number);
                    pump.Add(headers, _frames[i].Body);
                }
                _frames[i].Release();
            }
        }
    }
}
