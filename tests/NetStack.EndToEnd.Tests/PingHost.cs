using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.EndToEnd.Tests;

/// <summary>
/// A host that knows ARP and ICMP echo only: it answers both, and asks again until it is answered. It sleeps as a real one does:
/// it arms its port and is polled when it was woken or a retry is due.
/// </summary>
internal sealed class PingHost : IPollable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    private readonly MultiplexerPort _port;
    private readonly BufferRegistration _registration;
    private readonly Dictionary<IpAddress, MacAddress> _neighbours = [];
    private readonly SortedDictionary<ushort, (IpAddress To, byte[] Data)> _asked = [];
    private readonly ReceivedFrame[] _frames = new ReceivedFrame[16];
    private Instant _now;
    private Instant _nextRetry;
    private bool _isWoken = true;

    public PingHost(MultiplexerPort port)
    {
        _port = port;
        Address = port.Addresses[0];
        Pool = BufferPool.Create(2048, 32, RegionWriter.Owner);
        _registration = port.Register(Pool, 0, BufferUse.Transmit);
        port.OnWake(() => _isWoken = true);
    }

    public IpAddress Address { get; }
    public BufferPool Pool { get; }
    public int Answered { get; private set; }
    public int Requests { get; private set; }
    public int Retries { get; private set; }
    public int Unanswered => _asked.Count;
    public List<IpAddress> Senders { get; } = [];

    public Instant? NextDeadline => _isWoken ? _now : _asked.Count > 0 ? _nextRetry : null;

    /// <summary>Asks until answered.</summary>
    public void Ping(IpAddress to, ushort sequence, byte[] data)
    {
        _asked.Add(sequence, (to, data));
        _isWoken = true;
        _nextRetry = _now;
    }

    public void Poll(Instant now)
    {
        _now = now;
        _port.Poll(now);
        _isWoken = false;
        do
        {
            int count;
            while ((count = _port.Queues[0].Receive(_frames)) > 0)
            {
                for (int i = 0; i < count; i++) Take(_frames[i]);
            }
            if (_asked.Count == 0 || now < _nextRetry) continue;
            _nextRetry = now + RetryAfter;
            Retries++;
            foreach ((ushort sequence, (IpAddress to, byte[] data)) in _asked) Ask(to, sequence, data);
        }
        while (!_port.TryArm() && Moved());
    }

    /// <summary>What came between the last look and arming.</summary>
    private bool Moved()
    {
        _port.Poll(_now);
        return true;
    }

    /// <summary>Withdraws the host's memory.</summary>
    public ValueTask CloseAsync() => _registration.UnregisterAsync();

    /// <summary>Sends an echo request from any address, as an honest host does not.</summary>
    public void Spoof(IpAddress from, IpAddress to) => Send(_neighbours[to], from, to, IcmpHeader.Echo(8, 1, 9999), []);

    private void Take(ReceivedFrame frame)
    {
        byte[] bytes = new byte[frame.Length];
        frame.Headers.CopyFrameTo(bytes);
        frame.Release();
        FrameKey key = FrameKey.Read(bytes, LinkType.Ethernet);
        if (key.EtherType == EtherType.Arp && ArpView.TryRead(bytes.AsSpan(key.NetworkOffset), out ArpView arp)) TakeArp(arp);
        else if (key is { Protocol: IpProtocol.Icmp, TransportOffset: > 0 } && key.Destination == Address) TakeEcho(bytes, key);
    }

    private void TakeArp(ArpView arp)
    {
        if (arp.TargetIp != Address) return;
        _neighbours[arp.SenderIp] = arp.SenderMac;
        if (arp.Operation == 1) SendArp(2, arp.SenderMac, arp.SenderMac, arp.SenderIp);
    }

    private void TakeEcho(byte[] bytes, in FrameKey key)
    {
        int end = key.NetworkOffset + (bytes[key.NetworkOffset + 2] << 8 | bytes[key.NetworkOffset + 3]);
        ReadOnlySpan<byte> message = bytes.AsSpan(key.TransportOffset, end - key.TransportOffset);
        if (InternetChecksum.Compute(message) != 0 || !IcmpView.TryRead(message, out IcmpView icmp)) return;
        ReadOnlySpan<byte> data = message[IcmpHeader.Size..];
        if (icmp.Type == 8)
        {
            Requests++;
            Senders.Add(key.Source);
            Send(key.SourceMac, Address, key.Source, IcmpHeader.Echo(0, icmp.Identifier, icmp.Sequence), data);
        }
        else if (icmp.Type == 0 && _asked.TryGetValue(icmp.Sequence, out (IpAddress To, byte[] Data) asked) && asked.To == key.Source)
        {
            Assert.True(data.SequenceEqual(asked.Data), $"echo {icmp.Sequence} came back changed");
            _asked.Remove(icmp.Sequence);
            Answered++;
        }
    }

    private void Ask(IpAddress to, ushort sequence, byte[] data)
    {
        if (_neighbours.TryGetValue(to, out MacAddress mac)) Send(mac, Address, to, IcmpHeader.Echo(8, 1, sequence), data);
        else SendArp(1, MacAddress.Broadcast, default, to);
    }

    private void SendArp(ushort operation, MacAddress to, MacAddress target, IpAddress targetIp)
    {
        TransmitFrame frame = default;
        new EthernetHeader(to, _port.Mac, EtherType.Arp).Write(frame.Headers.Append(EthernetView.Size));
        new ArpHeader(operation, _port.Mac, Address, target, targetIp).Write(frame.Headers.Append(ArpHeader.Size));
        Hand(frame);
    }

    private void Send(MacAddress mac, IpAddress from, IpAddress to, IcmpHeader header, ReadOnlySpan<byte> data)
    {
        Span<byte> start = stackalloc byte[IcmpHeader.Size];
        header.Write(start);
        ChecksumAccumulator sum = default;
        sum.Add(start);
        sum.Add(data);
        TransmitFrame frame = default;
        new EthernetHeader(mac, _port.Mac, EtherType.Ipv4).Write(frame.Headers.Append(EthernetView.Size));
        new Ipv4Header(from, to, IpProtocol.Icmp, (ushort)(Ipv4Header.Size + IcmpHeader.Size + data.Length)).Write(frame.Headers.Append(Ipv4Header.Size));
        (header with { Checksum = sum.Finish() }).Write(frame.Headers.Append(IcmpHeader.Size));
        if (data.Length > 0)
        {
            if (!Pool.TryRent(out BufferHandle buffer)) return; // asked again later
            Pool.Write(buffer, 0, data);
            frame.Body.Append(new BodySlice(Pool, buffer, 0, data.Length));
        }
        Hand(frame);
    }

    private void Hand(TransmitFrame frame)
    {
        if (_port.Queues[0].Transmit([frame]) == 0) frame.Body.Release();
    }
}
