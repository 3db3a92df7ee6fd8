using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>
/// Says which ports a frame is for, from the one snapshot of its headers. The rules are those <see cref="PacketMultiplexer"/> states.
/// </summary>
internal sealed class Classifier(MultiplexerCounters counters, int fragmentEntries, TimeSpan fragmentLifetime)
{
    private readonly FragmentTable _fragments = new(fragmentEntries, fragmentLifetime);
    private MultiplexerPort[] _ports = [];
    private MultiplexerPort[] _owners = [];

    /// <summary>Whether some port is promiscuous.</summary>
    internal bool HasObservers { get; private set; }

    internal void Use(MultiplexerPort[] ports)
    {
        _ports = ports;
        _owners = new MultiplexerPort[ports.Length];
        HasObservers = ports.Any(p => p.Promiscuous);
    }

    /// <summary>The ports a frame is for; valid until the next call.</summary>
    internal ReadOnlySpan<MultiplexerPort> Classify(in ReceivedFrame frame, Instant now)
    {
        Subject subject = Read(frame, now);
        int count = Select(subject);
        if (count < 0) count = Fall(subject, ~count);
        return _owners.AsSpan(0, count);
    }

    /// <summary>Whether a frame that came on a port's own queue is that port's, as far as the port wants to know.</summary>
    internal bool AcceptSteered(MultiplexerPort port, in ReceivedFrame frame, Instant now)
    {
        if (port.Verification == SteeringVerification.Trust)
        {
            // Later fragments come by the default queue, so the first one has to be remembered even where the tag is believed.
            if (MayBeFragment(frame)) Read(frame, now);
            return true;
        }
        Subject subject = Read(frame, now);
        return port.Promiscuous ? Passes(port, subject.Key) : Wants(port, subject);
    }

    /// <summary>The promiscuous ports that want to see a frame which is another port's; valid until the next call.</summary>
    internal ReadOnlySpan<MultiplexerPort> Observers(in ReceivedFrame frame, MultiplexerPort owner)
    {
        FrameKey key = FrameKey.Read(frame.Headers, frame.LinkType);
        if (frame.StrippedVlan >= 0) key.Vlan = frame.StrippedVlan & 0xFFF;
        int count = 0;
        foreach (MultiplexerPort port in _ports)
        {
            if (port != owner && port.Promiscuous && Passes(port, key)) _owners[count++] = port;
        }
        return _owners.AsSpan(0, count);
    }

    private Subject Read(in ReceivedFrame frame, Instant now)
    {
        Subject subject = new() { Key = FrameKey.Read(frame.Headers, frame.LinkType) };
        ref FrameKey key = ref subject.Key;
        if (frame.StrippedVlan >= 0) key.Vlan = frame.StrippedVlan & 0xFFF;
        if (key.IsFragment) Follow(ref key, now);
        if (key.IsIcmpError) ReadQuote(frame.Headers, ref subject);
        else if (key is { IsIp: true, Protocol: IpProtocol.Icmpv6, TransportOffset: > 0 }) ReadNeighbor(frame.Headers, ref subject);
        return subject;
    }

    private void Follow(ref FrameKey key, Instant now)
    {
        if (!key.IsLaterFragment)
        {
            if (_fragments.Remember(key, now)) counters.FragmentsEvicted++;
        }
        else if (_fragments.TryFollow(ref key, now))
        {
            counters.FragmentsFollowed++;
        }
        else
        {
            counters.FragmentsUnknown++;
        }
    }

    /// <summary>The packet an error quotes, turned round: as its answer would have come back to the port that sent it.</summary>
    private static void ReadQuote(HeaderSnapshot headers, ref Subject subject)
    {
        FrameKey outer = subject.Key;
        if (!outer.TryReadQuoted(headers, out FrameKey quoted) || quoted.Source != outer.Destination) return;
        subject.HasAnswer = true;
        subject.Answer = quoted;
        subject.Answer.Source = quoted.Destination;
        subject.Answer.Destination = quoted.Source;
        subject.Answer.SourcePort = quoted.DestinationPort;
        subject.Answer.DestinationPort = quoted.SourcePort;
        subject.Answer.HasMac = outer.HasMac;
        subject.Answer.SourceMac = outer.SourceMac;
        subject.Answer.DestinationMac = outer.DestinationMac;
        subject.Answer.Vlan = outer.Vlan;
        subject.Answer.EtherType = outer.EtherType;
    }

    private static void ReadNeighbor(HeaderSnapshot headers, ref Subject subject)
    {
        int at = subject.Key.TransportOffset;
        byte type = headers.Require(at + 1)[at];
        if (type is < NdpView.RouterSolicitation or > NdpView.Redirect) return;
        if (!NdpView.TryRead(headers.Require(at + 24)[at..], out NdpView message)) return;
        subject.NeighborType = type;
        subject.NeighborTarget = message.Target;
    }

    /// <summary>Collects the ports that want a frame.</summary>
    /// <returns>How many; the complement of how many promiscuous ones if nobody else does.</returns>
    private int Select(in Subject subject)
    {
        int count = 0;
        bool owned = false;
        foreach (MultiplexerPort port in _ports)
        {
            bool wants = port.Promiscuous ? Passes(port, subject.Key) : Wants(port, subject);
            if (!wants) continue;
            owned |= !port.Promiscuous;
            _owners[count++] = port;
        }
        return owned ? count : ~count;
    }

    /// <summary>What nobody owns: an error whose quote is nobody's goes by its own headers, and all else to the default ports.</summary>
    private int Fall(in Subject subject, int count)
    {
        int before = count;
        if (subject.HasAnswer)
        {
            foreach (MultiplexerPort port in _ports)
            {
                if (!port.Promiscuous && IsAddressed(port, subject.Key) && Passes(port, subject.Key)) _owners[count++] = port;
            }
        }
        if (count > before) return count;
        foreach (MultiplexerPort port in _ports)
        {
            if (port.IsDefault && !port.Promiscuous && IsLinkAddressed(port, subject.Key)) _owners[count++] = port;
        }
        if (count > before) counters.FramesToDefault++;
        return count;
    }

    private static bool Wants(MultiplexerPort port, in Subject subject)
    {
        if (!IsLinkAddressed(port, subject.Key)) return false;
        if (subject.Key.EtherType is EtherType.Arp or EtherType.Rarp) return WantsArp(port, subject.Key);
        if (subject.NeighborType != 0) return WantsNeighbor(port, subject);
        if (subject.HasAnswer) return IsAddressed(port, subject.Answer) && Passes(port, subject.Answer);
        return IsAddressed(port, subject.Key) && Passes(port, subject.Key);
    }

    private static bool WantsArp(MultiplexerPort port, in FrameKey key)
    {
        if (!port.HasAddresses || port.IsRouter)
        {
            if (Passes(port, key)) return true;
        }
        if (!port.HasAddresses) return false;
        if (port.Owns(key.Destination) || (!key.Source.IsNone && key.Source == key.Destination)) return true;
        // The answer to a probe (RFC 5227) names no target; it comes to the prober's own MAC address.
        return key.Destination.IsUnspecified && key.HasMac && !key.DestinationMac.IsMulticast;
    }

    private static bool WantsNeighbor(MultiplexerPort port, in Subject subject)
    {
        if (!port.HasAddresses || port.IsRouter)
        {
            if (Passes(port, subject.Key)) return true;
        }
        if (!port.HasAddresses) return false;
        return subject.NeighborType switch
        {
            NdpView.NeighborSolicitation => port.Owns(subject.NeighborTarget),
            NdpView.RouterSolicitation => false,
            _ => subject.Key.Destination.IsMulticast || port.Owns(subject.Key.Destination),
        };
    }

    private static bool Passes(MultiplexerPort port, in FrameKey key) => port.Filter is null || port.Filter.Matches(key);

    private static bool IsLinkAddressed(MultiplexerPort port, in FrameKey key) =>
        !key.HasMac || key.DestinationMac == port.Mac || key.DestinationMac.IsMulticast;

    /// <summary>Whether the network address is the port's, of a frame whose link address is.</summary>
    private static bool IsAddressed(MultiplexerPort port, in FrameKey key) =>
        !key.IsIp || !port.HasAddresses || port.IsRouter || port.Owns(key.Destination)
        || (key.HasMac ? key.DestinationMac.IsMulticast : key.Destination.IsMulticast || key.Destination.IsLimitedBroadcast);

    /// <summary>A look at the first line: false only where the frame is surely no fragment.</summary>
    private static bool MayBeFragment(in ReceivedFrame frame)
    {
        if (frame.LinkType != LinkType.Ethernet) return true;
        ReadOnlySpan<byte> line = frame.Headers.Require(HeaderLine.Size);
        if (line.Length < 22) return false;
        return (EtherType)(line[12] << 8 | line[13]) switch
        {
            EtherType.Ipv4 => ((line[20] << 8 | line[21]) & 0x3FFF) != 0,
            EtherType.Ipv6 => (IpProtocol)line[20] is not (IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Icmpv6),
            EtherType.Vlan or EtherType.ServiceVlan or EtherType.VlanDoubleOld => true,
            _ => false,
        };
    }

    /// <summary>What is decided upon, all of it read from private bytes.</summary>
    private struct Subject
    {
        /// <summary>The frame's own key.</summary>
        internal FrameKey Key;

        /// <summary>For an ICMP error: the key of the answer the quoted packet asked for.</summary>
        internal FrameKey Answer;

        /// <summary>Whether there is such a key.</summary>
        internal bool HasAnswer;

        /// <summary>Type of a neighbour discovery message, or 0.</summary>
        internal byte NeighborType;

        /// <summary>The address it is about, or none.</summary>
        internal IpAddress NeighborTarget;
    }
}
