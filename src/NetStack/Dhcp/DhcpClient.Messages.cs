using System.Buffers.Binary;
using System.Text;
using NetStack.Wire;

namespace NetStack.Dhcp;

/// <remarks>What it sends: RFC 2131 tables 4 and 5.</remarks>
internal sealed partial class DhcpClient
{
    private static readonly byte[] Wanted =
    [
        (byte)Dhcpv4Option.SubnetMask, (byte)Dhcpv4Option.ClasslessRoutes, (byte)Dhcpv4Option.Routers, (byte)Dhcpv4Option.DnsServers,
        (byte)Dhcpv4Option.DomainName, (byte)Dhcpv4Option.DomainSearch, (byte)Dhcpv4Option.InterfaceMtu, (byte)Dhcpv4Option.BroadcastAddress,
        (byte)Dhcpv4Option.LeaseTime, (byte)Dhcpv4Option.RenewalTime, (byte)Dhcpv4Option.RebindingTime,
    ]; // the classless routes before the routers (RFC 3442)

    private readonly byte[] _identifier;
    private readonly ushort _maxMessage;
    private uint _transaction;
    private ushort _seconds;
    private Outgoing? _queued;

    /// <summary>Takes the message that is to be sent.</summary>
    /// <param name="buffer">Where it is written, 1,500 bytes.</param>
    /// <param name="message">What is to be known of it.</param>
    /// <returns>False when there is none.</returns>
    internal bool TryTakeMessage(Span<byte> buffer, out DhcpMessage message)
    {
        message = default;
        if (_queued is not { } queued) return false;
        _queued = null;
        message = new DhcpMessage(Write(queued, buffer), queued.Source, queued.Destination);
        return true;
    }

    private static byte[] IdentifierOf(MacAddress mac, int interfaceNumber, DhcpOptions options)
    {
        if (!options.ClientIdentifier.IsEmpty) return options.ClientIdentifier.ToArray();
        // RFC 4361 section 6.1: 255, IAID, then DUID-LL (RFC 8415 section 11.4): 3, hardware type 1, address
        byte[] identifier = options.UsesDuid ? [255, 0, 0, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0] : [1, 0, 0, 0, 0, 0, 0];
        mac.Write(identifier.AsSpan(identifier.Length - MacAddress.Size));
        if (options.UsesDuid) BinaryPrimitives.WriteInt32BigEndian(identifier.AsSpan(1), interfaceNumber);
        return identifier;
    }

    private void NewTransaction(Instant now)
    {
        _transaction = (uint)(_random.Next() >> 32);
        _asked = now;
    }

    /// <summary>Queues what the present state asks. A request for an offered address has the time of its discover (section 4.1).</summary>
    private void QueueRequest(Instant now)
    {
        if (State != DhcpState.Requesting) _seconds = (ushort)Math.Clamp((now - _began).TotalSeconds, 0, ushort.MaxValue);
        IpAddress all = IpAddress.V4(uint.MaxValue);
        switch (State)
        {
            case DhcpState.Selecting:
                Queue(Dhcpv4MessageType.Discover, IpAddress.V4(0), all);
                break;
            case DhcpState.Requesting:
                Queue(Dhcpv4MessageType.Request, IpAddress.V4(0), all);
                _queued = _queued!.Value with { Requested = _offer!.Address, Server = _offer.Server };
                break;
            case DhcpState.Rebooting:
                Queue(Dhcpv4MessageType.Request, IpAddress.V4(0), all);
                _queued = _queued!.Value with { Requested = Lease?.Address ?? _options.PreviousAddress };
                break;
            default:
                Queue(Dhcpv4MessageType.Request, Lease!.Address, State == DhcpState.Renewing ? Lease.Server : all);
                break;
        }
    }

    private void Queue(Dhcpv4MessageType type, IpAddress source, IpAddress destination) =>
        _queued = new Outgoing(type, source, destination) { Server = type == Dhcpv4MessageType.Release ? destination : default };

    private int Write(in Outgoing message, Span<byte> buffer)
    {
        bool isQuestion = message.Type is Dhcpv4MessageType.Discover or Dhcpv4MessageType.Request;
        int size = new Dhcpv4Header(Dhcpv4View.Request, _transaction, _mac)
        {
            Seconds = isQuestion ? _seconds : (ushort)0,
            IsBroadcast = isQuestion && message.Source.IsUnspecified, // IP takes nothing for an address it does not have
            ClientAddress = message.Source,
        }.Write(buffer);
        Dhcpv4OptionsBuilder options = new(buffer[size..]);
        options.AddMessageType(message.Type);
        options.Add(Dhcpv4Option.ClientIdentifier, _identifier);
        if (!message.Requested.IsNone) options.AddAddress(Dhcpv4Option.RequestedAddress, message.Requested);
        if (!message.Server.IsNone) options.AddAddress(Dhcpv4Option.ServerIdentifier, message.Server);
        if (isQuestion)
        {
            options.AddShort(Dhcpv4Option.MaximumMessageSize, _maxMessage);
            options.Add(Dhcpv4Option.ParameterRequestList, Wanted);
            if (_options.HostName is { } host) options.Add(Dhcpv4Option.HostName, Encoding.ASCII.GetBytes(host));
            if (_options.VendorClass is { } vendor) options.Add(Dhcpv4Option.VendorClass, Encoding.ASCII.GetBytes(vendor));
        }
        options.End();
        return size + options.Length;
    }

    private readonly record struct Outgoing(Dhcpv4MessageType Type, IpAddress Source, IpAddress Destination)
    {
        internal IpAddress Requested { get; init; }

        internal IpAddress Server { get; init; }
    }
}
