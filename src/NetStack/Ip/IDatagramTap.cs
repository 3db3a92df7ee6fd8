using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>Takes copies of datagrams for this host, whatever their protocol: raw sockets.</summary>
internal interface IDatagramTap
{
    /// <summary>Whether anybody wants a datagram; its bytes are made private before it is given then.</summary>
    bool Wants(IpAddress source, IpAddress destination, IpProtocol protocol);

    /// <summary>Gives a datagram, whose bytes are private.</summary>
    void Take(in InboundDatagram datagram, Instant now);

    /// <summary>Hears of an ICMP error about something that no transport sent.</summary>
    /// <returns>Whether anybody here speaks that protocol.</returns>
    bool OnError(in IcmpErrorReport error);
}

/// <summary>Knows the groups this host is a member of.</summary>
internal interface IGroupMembers
{
    /// <summary>Whether anybody here is a member of a group on an interface.</summary>
    bool IsMember(int nic, IpAddress group);
}
