using NetStack.Icmp;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Multicast;
using NetStack.Raw;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

/// <summary>
/// IP and what speaks through it over one fake Ethernet interface, in virtual time. Disposing it checks that no buffer, block or
/// snapshot leaked.
/// </summary>
internal sealed class TestHost : IDisposable
{
    internal static readonly IpAddress Us4 = IpAddress.Parse("192.0.2.1");
    internal static readonly IpAddress Peer4 = IpAddress.Parse("192.0.2.9");
    internal static readonly IpAddress Us6 = IpAddress.Parse("2001:db8::1");
    internal static readonly IpAddress Peer6 = IpAddress.Parse("2001:db8::9");
    internal static readonly IpAddress OurLink = IpAddress.Parse("fe80::1");
    internal static readonly IpAddress PeerLink = IpAddress.Parse("fe80::9");
    internal const int FrameOffset = 14;

    private readonly BufferPool _ring = BufferPool.Create(2048, 128);
    private readonly BufferPool _send;
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly NdpRecorder _ndp = new();

    internal TestHost(IpSuiteOptions? options = null, ulong seed = 1, int sendBuffers = 256)
    {
        _send = BufferPool.Create(4096, sendBuffers);
        Kit.TestDevice.Apply(_ring, seed);
        Tables.Interfaces.Add(Nic);
        Tables.Addresses[Us4] = 1;
        Tables.Addresses[Us6] = 1;
        Tables.Addresses[OurLink] = 1;
        Tables.Broadcasts.Add(IpAddress.Parse("192.0.2.255"));
        Suite = new IpSuite(Tables, _ndp, options ?? new IpSuiteOptions(), _send, Meter, seed);
    }

    internal FakeTables Tables { get; } = new();

    internal FakeInterface Nic { get; } = new(1);

    internal FetchMeter Meter { get; } = new();

    internal IpSuite Suite { get; }

    internal IpLayer Ip => Suite.Ip;

    internal IcmpLayer Icmp => Suite.Icmp;

    internal UdpLayer Udp => Suite.Udp;

    internal RawLayer Raw => Suite.Raw;

    internal MulticastLayer Multicast => Suite.Multicast;

    internal List<byte[]> NdpMessages => _ndp.Messages;

    internal IpDropCounters Drops => Ip.Counters.Drops;

    internal Instant Now { get; set; } = Instant.FromSeconds(1000);

    /// <summary>Frames are cut into buffers of this many bytes.</summary>
    internal int SliceSize { get; set; } = 2048;

    /// <summary>Brings a packet in, in device memory.</summary>
    internal void Inject(ReadOnlySpan<byte> packet, bool isLinkGroup = false, bool isChecksumGood = false, FakeInterface? nic = null)
    {
        PacketBody body = default;
        byte[] frame = new byte[FrameOffset + packet.Length];
        packet.CopyTo(frame.AsSpan(FrameOffset));
        for (int at = 0; at < frame.Length; at += SliceSize)
        {
            int length = Math.Min(SliceSize, frame.Length - at);
            Assert.True(_ring.TryRent(out BufferHandle buffer));
            _ring.Write(buffer, 0, frame.AsSpan(at, length));
            body.Append(new BodySlice(_ring, buffer, 0, length));
        }
        HeaderSnapshot snapshot = _snapshots.Rent(body, Meter);
        InboundFrame inbound = new(snapshot, LinkType.Ethernet) { Body = body, IsTransportChecksumGood = isChecksumGood };
        Ip.Receive(nic ?? Nic, inbound, FrameOffset, isLinkGroup, Now);
        _snapshots.Return(snapshot);
        body.Release();
    }

    /// <summary>Does what is due until a moment, at its time, and stays there.</summary>
    internal void RunUntil(Instant end)
    {
        while (Suite.Parts.Select(p => p.NextDeadline).Min() is { } next && next <= end)
        {
            if (next > Now) Now = next;
            foreach (IStackPart part in Suite.Parts) part.OnDeadline(Now);
        }
        Now = end;
    }

    internal void RunFor(TimeSpan time) => RunUntil(Now + time);

    /// <summary>Lets every part send what it has.</summary>
    internal void Transmit()
    {
        foreach (IStackPart part in Suite.Parts)
        {
            while (part.TransmitOne(Now))
            {
            }
        }
    }

    public void Dispose()
    {
        Ip.Bodies.Release();
        Assert.Equal((_ring.Count, _send.Count, 0), (_ring.Available, _send.Available, _snapshots.Outstanding));
    }

    private sealed class NdpRecorder : INdpHandler
    {
        internal List<byte[]> Messages { get; } = [];

        public void Receive(IIpInterface nic, in InboundDatagram message, Instant now) =>
            Messages.Add(message.Bytes.Require(message.Bytes.Length).ToArray());
    }
}
