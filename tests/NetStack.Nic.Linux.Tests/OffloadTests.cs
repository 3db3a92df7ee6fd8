using NetStack.Memory;

namespace NetStack.Nic.Linux.Tests;

/// <summary>A device that leaves checksums and segmentation to the other end.</summary>
public sealed class OffloadTests
{
    [Fact]
    public void Offload_is_told_and_is_off_by_default()
    {
        using Lab plain = new();
        Assert.Equal(NicCapabilities.None, plain.Nic.Info.Capabilities);
        using Lab lab = new(options: new TapOptions { Offload = true });
        Assert.True(lab.Nic.Info.Capabilities.HasFlag(NicCapabilities.TransmitChecksum | NicCapabilities.SegmentationOffload | NicCapabilities.ReceiveCoalescing));
        Assert.Equal(1500, lab.Nic.Info.Mtu);
    }

    [Fact]
    public void A_device_that_was_left_with_offloads_is_opened_without()
    {
        using Lab lab = new(options: new TapOptions { Offload = true });
        lab.Nic.Dispose();
        lab.In($"ip link set {lab.Name} netns 1");
        using TapNic again = new(lab.Name);
        Assert.Contains("tcp-segmentation-offload: off", Lab.Run($"ethtool -k {lab.Name}"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checksum_that_is_asked_for_is_made()
    {
        using Lab lab = new(options: new TapOptions { Offload = true });
        TransmitFrame request = lab.Echo(1, [1, 2, 3]);
        request.Headers.Writable.Slice(36, 2).Clear();
        request.Offload = new TransmitOffload(34, 2, 0, 0);
        Assert.Equal(1, lab.Queue.Transmit([request]));
        lab.Fill(4);
        lab.TakeUntil(1, () => lab.Fill(8));
        Assert.Equal(1, lab.Queue.Counters.FramesReceived);
        lab.AssertAllHome();
    }

    [Fact]
    public void A_request_that_cannot_be_is_refused_and_counted()
    {
        using Lab lab = new(options: new TapOptions { Offload = true }, buffers: 256);
        (TransmitOffload Offload, int Bytes, DropReason Reason)[] cases =
        [
            (new TransmitOffload(34, 200, 0, 0), 10, DropReason.MalformedHeaders), // no checksum there
            (new TransmitOffload(0, 0, 500, 42), 1000, DropReason.MalformedHeaders), // segments without checksums
            (new TransmitOffload(34, 2, 500, 0), 1000, DropReason.MalformedHeaders), // where do the headers end?
            (new TransmitOffload(34, 2, 500, 2000), 1000, DropReason.MalformedHeaders),
            (new TransmitOffload(34, 2, 1500, 42), 3000, DropReason.TooLong), // segments longer than the MTU
            (new TransmitOffload(34, 2, 500, 42), 66_000, DropReason.TooLong),
            (new TransmitOffload(34, 2, 0, 0), 3000, DropReason.TooLong),
        ];
        foreach ((TransmitOffload offload, int bytes, DropReason reason) in cases)
        {
            TransmitFrame frame = lab.Echo(1, []);
            lab.Append(ref frame, new byte[bytes], 2048);
            frame.Offload = offload;
            long before = lab.Queue.Counters.TransmitDrops[reason];
            Assert.Equal(1, lab.Queue.Transmit([frame]));
            Assert.Equal(before + 1, lab.Queue.Counters.TransmitDrops[reason]);
        }
        Assert.Equal(cases.Length, lab.Queue.Counters.TransmitDrops.Total);
        Assert.Equal(lab.Pool.Count, lab.Pool.Available);
    }
}
