using NetStack.Wire;

namespace NetStack.Tests.Ip;

/// <summary>A transport that keeps what it is given.</summary>
internal sealed class RecordingTransport : ITransport
{
    internal List<(IpAddress Source, IpAddress Destination, byte[] Header, byte[] Bytes, bool IsGroup, byte TrafficClass)> Received { get; } = [];

    internal List<(IcmpErrorKind Kind, IpAddress Destination, byte[] Quoted, int Mtu)> Errors { get; } = [];

    internal bool Expects { get; set; } = true;

    internal bool Discards { get; set; }

    public TransportVerdict Receive(in InboundDatagram datagram, Instant now)
    {
        if (Discards) return TransportVerdict.Done;
        byte[] bytes = new byte[datagram.Bytes.Length];
        Memory.ChecksumAccumulator sum = default;
        datagram.Bytes.CopyTo(bytes, ref sum);
        Received.Add((datagram.Source, datagram.Destination, datagram.NetworkHeader.ToArray(), bytes, datagram.IsGroupAddressed, datagram.TrafficClass));
        return TransportVerdict.Done;
    }

    public bool IsExpected(in IcmpErrorReport error) => Expects;

    public void OnError(in IcmpErrorReport error, Instant now) => Errors.Add((error.Kind, error.Destination, error.Quoted.ToArray(), error.Mtu));

    public void OnAddressRemoved(IpAddress address, Instant now)
    {
    }
}
